// The rows of -plain: their columns, times and order, and what becomes of those that cannot be
// written.
// written.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <regex>
#include <thread>
#include <utility>

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

void must(bool holds) {
  if (!holds) ::_exit(6);
}

// Two processes on two CPUs open files in turn, each after the other's open has returned.
void open_in_turn(int turns, int pause_us) {
  std::array<int, 2> to{}, back{};
  must(::pipe(to.data()) == 0 && ::pipe(back.data()) == 0);
  const bool is_second = ::fork() == 0;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(is_second && std::thread::hardware_concurrency() > 1, &cpus);
  must(::sched_setaffinity(0, sizeof(cpus), &cpus) == 0);
  for (int turn = 0; turn < turns; ++turn) {
    char token = 0;
    if (is_second || turn > 0) must(::read(is_second ? to[0] : back[0], &token, 1) == 1);
    const std::string path = "/turn-" + std::to_string(1'000'000 + 2 * turn + is_second);
    must(::open(path.c_str(), O_RDONLY) == -1);
    if (pause_us > 0) ::usleep(static_cast<useconds_t>(pause_us));
    must(::write(is_second ? back[1] : to[1], &token, 1) == 1);
  }
  if (is_second) ::_exit(0);
  must(::wait(nullptr) > 0);
}

// How many rows are shown behind one of a later call.
std::size_t out_of_order(const test::Rows& read, const std::string& column) {
  std::size_t count = 0;
  std::string last;
  for (const test::Row& row : read.rows) {
    const std::string& text = row.at(column);
    count += text < last;
    last = text;
  }
  return count;
}

class Order : public testing::TestWithParam<int> {};

TEST_P(Order, of_rows_is_that_of_the_calls_of_different_processes) {
  for (const auto& [turns, pause_us] : {std::pair{200, 3'000}, std::pair{3'000, 0}}) {
    const Traced traced =
        trace_child([turns = turns, pause_us = pause_us] { open_in_turn(turns, pause_us); },
                    {"-f", "-plain", "-threads", std::to_string(GetParam()), "-trace-syscalls",
                     "openat", "-path", "/turn-"});
    const test::Rows read = test::read_rows(traced.ior.out);
    EXPECT_EQ(read.rows.size(), 2u * static_cast<std::size_t>(turns));
    EXPECT_EQ(out_of_order(read, "file"), 0u);
    EXPECT_EQ(out_of_order(read, "time"), 0u);
  }
}

// Calls and requests of io_uring, of threads and processes that come and go; beside a recording.
TEST_P(Order, of_rows_is_that_of_their_times) {
  const TempDir directory;
  const Finished traced =
      run({IOR_BIN, "-f", "-plain", "-flamegraph", "-threads", std::to_string(GetParam()), "-time",
           "boot", "-trace-families", "all", "--", FD_STEPS_BIN, "5", "300", directory.path()},
          directory.path());
  ASSERT_EQ(traced.exit_code, 0) << traced.err;
  ASSERT_EQ(lost_calls(traced.err), 0u) << traced.err;
  test::Rows read = test::read_rows(traced.out);
  std::uint64_t recorded = 0;
  for (const auto& record : export_records(recording_in(directory.path()))) {
    recorded += record["count"].get<std::uint64_t>();
  }
  EXPECT_EQ(read.rows.size(), recorded);
  // That no end will be seen of a request is known some time after it was submitted.
  const auto is_told_late = [](const test::Row& row) {
    return row.at("ret").starts_with("unknown: ");
  };
  std::erase_if(read.rows, is_told_late);
  EXPECT_GT(
      std::ranges::count_if(
          read.rows, [](const test::Row& row) { return row.at("name").starts_with("io_uring_"); }),
      10);
  for (test::Row& row : read.rows) row["time"].insert(0, 20 - row["time"].find('.'), '0');
  EXPECT_EQ(out_of_order(read, "time"), 0u);
}

INSTANTIATE_TEST_SUITE_P(Threads, Order, testing::Values(1, 2, 3, 4, 8),
                         testing::PrintToStringParamName());

std::uint64_t number_after(const std::string& text, const std::string& before) {
  std::smatch match;
  EXPECT_TRUE(std::regex_search(text, match, std::regex(before + "(\\d+)"))) << text;
  return match.empty() ? 0 : std::stoull(match[1]);
}

// Rows that are whole; `text` may end within one.
std::uint64_t whole_rows(const std::string& text) {
  const test::Rows read = test::read_rows(text);
  EXPECT_EQ(read.others, 0u);
  return read.rows.size();
}

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// That could not be written to the end, as `errno_text` says, while `whole` rows were.
void expect_cut(const Finished& ior, int status, const std::string& errno_text,
                std::uint64_t whole) {
  EXPECT_FALSE(ior.hung);
  EXPECT_EQ(status, 1) << ior.err;
  EXPECT_THAT(ior.err, testing::HasSubstr("ior: cannot write rows: " + errno_text + "\n"));
  const std::uint64_t missing = number_after(ior.err, "rows_not_written +");
  EXPECT_EQ(missing + whole, number_after(ior.err, ", recorded ")) << ior.err;
  EXPECT_THAT(ior.err, testing::HasSubstr(", " + std::to_string(missing) + " row"));
}

// Makes calls for ever; in a shell beside ior.
const std::string kBusy = "while :; do cat /etc/hostname; done >/dev/null & trap 'kill $!' EXIT; ";

class Output : public testing::Test {
 protected:
  Finished run_shell(const std::string& script) {
    return run({"sh", "-c", script, IOR_BIN}, directory_.path(), 30);
  }
  const TempDir directory_;
};

TEST_F(Output, that_is_full_ends_the_trace) {
  const Finished ior = run_shell("exec \"$0\" -plain > /dev/full");
  expect_cut(ior, ior.exit_code, "No space left on device", 0);
}

TEST_F(Output, that_grows_full_ends_the_trace_and_leaves_the_recording_whole) {
  const std::string disk = directory_.file("disk");
  ASSERT_TRUE(std::filesystem::create_directory(disk));
  const Finished ior =
      run({"unshare", "-m", "sh", "-c",
           "mount -t tmpfs -o size=64k none disk; " + kBusy +
               "\"$0\" -plain -flamegraph > disk/rows; status=$?; cp disk/rows rows; exit $status",
           IOR_BIN},
          directory_.path(), 30);
  expect_cut(ior, ior.exit_code, "No space left on device",
             whole_rows(content_of(directory_.file("rows"))));
  std::uint64_t recorded = 0;
  for (const auto& record : export_records(recording_in(directory_.path()))) {
    recorded += record["count"].get<std::uint64_t>();
  }
  EXPECT_EQ(recorded, number_after(ior.err, ", recorded "));
}

TEST_F(Output, that_reaches_the_limit_of_a_files_size_ends_the_trace) {
  const Finished ior =
      run_shell(kBusy + "ulimit -f 20; \"$0\" -plain > rows; status=$?; exit $status");
  expect_cut(ior, ior.exit_code, "File too large", whole_rows(content_of(directory_.file("rows"))));
}

TEST_F(Output, whose_reader_goes_ends_the_trace_and_what_was_not_written_is_counted) {
  const Finished ior =
      run_shell(kBusy + "{ \"$0\" -plain; echo $? > status; } | dd bs=1 count=200 of=/dev/null");
  EXPECT_FALSE(ior.hung);
  EXPECT_GT(number_after(ior.err, "rows_not_written +"), 0u);
  EXPECT_EQ(content_of(directory_.file("status")), "1\n") << ior.err;
}

// A command that writes there, too.
TEST_F(Output, that_is_full_ends_the_trace_of_a_command) {
  const Finished ior = run_shell(
      "exec \"$0\" -plain -f -- sh -c 'until ! cat /etc/hostname; do :; done' > /dev/full");
  expect_cut(ior, ior.exit_code, "No space left on device", 0);
}

}  // namespace
}  // namespace ior::e2e
