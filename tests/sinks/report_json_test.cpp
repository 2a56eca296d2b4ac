#include "sinks/report_json.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include <nlohmann/json.hpp>

#include "tests/sinks/recordings.hpp"

namespace ior {
namespace {

using Json = nlohmann::json;

Json report_of(const Recording& recording) {
  std::ostringstream out;
  write_report_json(recording, out);
  return Json::parse(out.str());
}

TEST(ReportJson, balances_the_books) {
  const Json report = report_of(test::small_recording());
  EXPECT_EQ(report["duration_ns"], 2'000'000'000);
  EXPECT_EQ(report["calls"], (Json{{"total", 14}, {"recorded", 9}, {"missing", 5}}));
  const Json& losses = report["losses"];
  EXPECT_EQ(losses["calls_lost"], (Json{{"ring_full", 5}}));
  EXPECT_EQ(losses["unexplained"], 0);
  EXPECT_EQ(losses["names_lost"], (Json{{"name_expired", 1}}));
  EXPECT_EQ(losses["not_lost"], (Json{{"in_flight_at_start", 0}}));
  EXPECT_EQ(losses["by_cpu"], Json::array({{{"cpu", 1}, {"cause", "ring_full"}, {"count", 5}}}));
}

TEST(ReportJson, has_what_the_kernel_side_and_the_records_say_of_each_syscall) {
  const Json report = report_of(test::small_recording());
  ASSERT_EQ(report["syscalls"].size(), 5);
  EXPECT_EQ(report["syscalls"][0], (Json{{"name", "openat"},
                                         {"tracepoint", "enter_openat"},
                                         {"calls", 7},
                                         {"errors", 2},
                                         {"bytes_read", 0},
                                         {"bytes_written", 0},
                                         {"seen", 3},
                                         {"missing", 4},
                                         {"recorded", 3},
                                         {"recorded_errors", 1},
                                         {"recorded_bytes_read", 0},
                                         {"recorded_bytes_written", 0}}));
  EXPECT_EQ(report["syscalls"][1]["bytes_read"], 8192);
  EXPECT_EQ(report["syscalls"][1]["recorded_bytes_read"], 4096);
  EXPECT_EQ(report["syscalls"][3]["bytes_written"], 69'999);
  EXPECT_EQ(report["syscalls"][3]["recorded_bytes_read"], 70'000);
}

TEST(ReportJson, calls_without_a_cause_are_unexplained) {
  Recording recording = test::small_recording();
  recording.totals[1].calls += 10;
  EXPECT_EQ(report_of(recording)["losses"]["unexplained"], 10);
}

}  // namespace
}  // namespace ior
