#include "limits/identity.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ior::overhead {
namespace {

const LoadResult kMade = {.calls = {{"read", 10}, {"write", 5}}, .total_calls = 15};

std::string report_json(const char* lost, const char* unexplained, const char* reads) {
  return std::string(R"({"calls": {"total": 15, "recorded": 12},
                         "losses": {"calls_lost": {"ring_full": )") +
         lost + R"(, "malformed": 0}, "unexplained": )" + unexplained + R"(},
                         "syscalls": [{"name": "read", "calls": )" +
         reads + R"(,
                                       "recorded": 8, "missing": 2},
                                      {"name": "write", "calls": 5,
                                       "recorded": 4, "missing": 1}]})";
}

bool holds(const std::string& json) {
  return std::ranges::all_of(judge_identity("test", parse_ior_report(json), kMade),
                             &Verdict::holds);
}

TEST(Identity, holds_where_each_call_is_recorded_or_lost_under_a_cause) {
  EXPECT_TRUE(holds(report_json("3", "0", "10")));
}

TEST(Identity, does_not_hold_where_a_call_is_missing_somewhere) {
  EXPECT_FALSE(holds(report_json("2", "0", "10"))) << "under no cause";
  EXPECT_FALSE(holds(report_json("3", "1", "10"))) << "unexplained";
  EXPECT_FALSE(holds(report_json("3", "-1", "10"))) << "counted twice";
  EXPECT_FALSE(holds(report_json("3", "0", "9"))) << "in the kernel's totals";
}

TEST(Identity, does_not_hold_where_a_syscall_has_no_row) {
  LoadResult more = kMade;
  more.calls["openat"] = 0;
  more.calls["close"] = 1;
  const auto verdicts = judge_identity("test", parse_ior_report(report_json("3", "0", "10")), more);
  EXPECT_EQ(std::ranges::count(verdicts, false, &Verdict::holds), 1);
}

}  // namespace
}  // namespace ior::overhead
