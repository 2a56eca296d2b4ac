// The rows of -plain: their columns and times.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <ctime>

#include "tests/e2e/trace.hpp"
#include "tests/support/rows.hpp"

namespace ior::e2e {
namespace {

using testing::ElementsAre;
using testing::MatchesRegex;

double seconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// The two rows of an open and a read, and the header.
test::Rows rows_of_two_calls(std::vector<std::string> options) {
  options.insert(options.begin(), {"-plain", "-trace-syscalls", "openat,read"});
  const Traced traced = trace_child(
      [] {
        const int fd = ::open("/etc/hostname", O_RDONLY);
        std::array<char, 3> buffer{};
        (void)!::read(fd, buffer.data(), 3);
      },
      std::move(options));
  test::Rows read = test::read_rows(traced.ior.out);
  EXPECT_EQ(read.others, 0u);
  EXPECT_EQ(read.rows.size(), 2u) << traced.ior.out;
  read.rows.resize(2);
  for (test::Row& row : read.rows) {
    const std::string pid = std::to_string(traced.pid);
    EXPECT_EQ(row.contains("pid") ? row["pid"] + "." + row["tid"] : row["pid.tid"],
              pid + "." + pid);
  }
  return read;
}

TEST(Columns, are_those_documented) {
  test::Rows read = rows_of_two_calls({});
  EXPECT_THAT(read.columns, ElementsAre("time", "durationToPrevNs", "durationNs", "comm", "pid",
                                        "tid", "name", "ret", "file"));
  const std::array<const char*, 2> names = {"openat", "read"};
  for (std::size_t i = 0; i < 2; ++i) {
    test::Row& row = read.rows[i];
    EXPECT_THAT(row["time"], MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
                                          "\\.[0-9]{9}[+-][0-9]{2}:[0-9]{2}"));
    EXPECT_THAT(row["durationToPrevNs"], MatchesRegex("[0-9]+"));
    EXPECT_THAT(row["durationNs"], MatchesRegex("[0-9]+"));
    EXPECT_EQ(row["tid"], row["pid"]);
    EXPECT_EQ(row["name"], names[i]);
    EXPECT_THAT(row["ret"], MatchesRegex("[0-9]+"));
    EXPECT_EQ(row["file"], "/etc/hostname");
  }
}

TEST(Columns, of_the_classic_set_are_those_of_old_and_have_no_time_unless_asked_for) {
  EXPECT_THAT(
      rows_of_two_calls({"-columns", "classic"}).columns,
      ElementsAre("durationToPrevNs", "durationNs", "comm", "pid.tid", "name", "ret", "file"));
  EXPECT_THAT(rows_of_two_calls({"-columns", "classic", "-time", "boot", "-args"}).columns,
              ElementsAre("time", "durationToPrevNs", "durationNs", "comm", "pid.tid", "name",
                          "ret", "file", "args"));
  EXPECT_THAT(
      rows_of_two_calls({"-time", "none"}).columns,
      ElementsAre("durationToPrevNs", "durationNs", "comm", "pid", "tid", "name", "ret", "file"));
}

TEST(Columns, tell_the_time_of_a_calls_end_by_the_clock_that_was_asked_for) {
  const double boot_before = seconds_of(CLOCK_BOOTTIME);
  const double boot = std::stod(rows_of_two_calls({"-time", "boot"}).rows[0]["time"]);
  const double boot_after = seconds_of(CLOCK_BOOTTIME);
  EXPECT_GE(boot, boot_before);
  EXPECT_LE(boot, boot_after);
  const double relative = std::stod(rows_of_two_calls({"-time", "relative"}).rows[0]["time"]);
  EXPECT_GT(relative, 0);
  EXPECT_LE(relative, seconds_of(CLOCK_BOOTTIME) - boot_after);

  const double wall_before = seconds_of(CLOCK_REALTIME);
  const std::string wall = rows_of_two_calls({}).rows[0]["time"];
  const double wall_after = seconds_of(CLOCK_REALTIME);
  std::tm local{};
  const char* fraction = ::strptime(wall.c_str(), "%Y-%m-%dT%H:%M:%S", &local);
  ASSERT_NE(fraction, nullptr) << wall;
  local.tm_isdst = -1;
  const double shown = static_cast<double>(::mktime(&local)) + std::stod(fraction);
  EXPECT_GE(shown, wall_before - 1e-3) << wall;
  EXPECT_LE(shown, wall_after + 1e-3) << wall;
}

}  // namespace
}  // namespace ior::e2e
