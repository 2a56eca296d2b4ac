#include "sinks/in_flight_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace ior {
namespace {

using testing::HasSubstr;

CallInFlight call(const std::string& tracepoint, const std::string& path) {
  CallInFlight made;
  made.tgid = 4711;
  made.tid = 4712;
  made.comm = "cat";
  made.tracepoint = tracepoint;
  made.path = path;
  made.age_ns = 12'300'000'000;
  return made;
}

TEST(InFlightText, is_a_line_for_each_call_with_its_age_and_file) {
  Recording recording;
  recording.in_flight = {call("enter_openat", "/tmp/fifo"), call("enter_pause", ""),
                         call("io_uring_splice", "/to")};
  recording.in_flight[0].since_before_start = true;
  recording.in_flight[2].old_path = "/from";
  EXPECT_EQ(
      format_in_flight(recording),
      "ior: in flight for over a second, or since before the trace:\n"
      "ior:   openat           cat 4711.4712  since before the trace, over 12.3 s  /tmp/fifo\n"
      "ior:   pause            cat 4711.4712  for 12.3 s                           -\n"
      "ior:   io_uring_splice  cat 4711.4712  for 12.3 s                           "
      "/from -> /to\n");
}

TEST(InFlightText, is_nothing_without_calls) {
  EXPECT_EQ(format_in_flight({}), "");
}

TEST(InFlightText, escapes_names) {
  Recording recording;
  recording.in_flight = {call("enter_read\n", "/a\nior: lost: 0 calls")};
  recording.in_flight[0].comm = "\x1b[2J";
  const std::string text = format_in_flight(recording);
  EXPECT_EQ(std::ranges::count(text, '\n'), 2);
  EXPECT_THAT(text, HasSubstr("\\x1b[2J 4711.4712"));
  EXPECT_THAT(text, HasSubstr("/a\\x0aior: lost"));
}

TEST(InFlightText, says_how_many_more_there_are) {
  Recording recording;
  recording.in_flight.assign(103, call("enter_read", "/a"));
  EXPECT_THAT(format_in_flight(recording), HasSubstr("\nior:   ... and 3 more\n"));
}

}  // namespace
}  // namespace ior
