#include "sinks/row_time.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <limits>

namespace ior {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
// 2026-03-29 00:59:58 UTC, two seconds before Central Europe puts its clocks forward.
constexpr Moment kStart = {.boot_ns = 100 * kSecond, .wall_ns = 1'774'745'998 * kSecond};

class RowTimes : public testing::Test {
 protected:
  void SetUp() override { set_zone("UTC"); }
  void TearDown() override { set_zone(nullptr); }

  static void set_zone(const char* zone) {
    if (zone)
      ::setenv("TZ", zone, 1);
    else
      ::unsetenv("TZ");
    ::tzset();
  }
  static std::string text(TimeColumn column, std::uint64_t boot_ns) {
    std::string text;
    RowTime(column, kStart).append(text, boot_ns);
    return text;
  }
};

TEST_F(RowTimes, of_the_wall_clock_are_local_and_say_how_far_that_is_from_UTC) {
  EXPECT_EQ(text(TimeColumn::wall, kStart.boot_ns), "2026-03-29T00:59:58.000000000+00:00,");
  EXPECT_EQ(text(TimeColumn::wall, kStart.boot_ns + 1'000'000'007),
            "2026-03-29T00:59:59.000000007+00:00,");
  set_zone("<-0330>3:30");
  EXPECT_EQ(text(TimeColumn::wall, kStart.boot_ns + 123'456'789),
            "2026-03-28T21:29:58.123456789-03:30,");
}

TEST_F(RowTimes, follow_the_change_to_summer_time) {
  set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
  RowTime time(TimeColumn::wall, kStart);
  std::string text;
  time.append(text, kStart.boot_ns + 2 * kSecond - 1);
  time.append(text, kStart.boot_ns + 2 * kSecond);
  time.append(text, kStart.boot_ns + 2 * kSecond - 1);  // another second than the last
  EXPECT_EQ(text,
            "2026-03-29T01:59:59.999999999+01:00,2026-03-29T03:00:00.000000000+02:00,"
            "2026-03-29T01:59:59.999999999+01:00,");
}

TEST_F(RowTimes, of_the_boot_clock_and_since_the_start_are_seconds) {
  EXPECT_EQ(text(TimeColumn::boot, 0), "0.000000000,");
  EXPECT_EQ(text(TimeColumn::boot, 101'000'000'020), "101.000000020,");
  EXPECT_EQ(text(TimeColumn::relative, 101'000'000'020), "1.000000020,");
  EXPECT_EQ(text(TimeColumn::relative, 1), "0.000000000,") << "before the start";
  EXPECT_EQ(text(TimeColumn::none, 101'000'000'020), "");
}

TEST_F(RowTimes, that_cannot_be_are_shown_all_the_same) {
  constexpr auto kLast = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(text(TimeColumn::boot, kLast), "18446744073.709551615,");
  EXPECT_EQ(text(TimeColumn::wall, kLast - kStart.wall_ns + kStart.boot_ns),
            "2554-07-21T23:34:33.709551615+00:00,");
}

}  // namespace
}  // namespace ior
