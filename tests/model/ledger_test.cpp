#include "model/ledger.hpp"

#include <gtest/gtest.h>

namespace ior {
namespace {

Recording recording_with(std::uint64_t calls, std::uint64_t seen, std::uint64_t lost) {
  Recording recording;
  recording.totals = {{.tracepoint = "enter_read", .calls = calls, .seen = seen},
                      {.tracepoint = "enter_write", .calls = 5, .seen = 5}};
  recording.losses = {{"ring_full", Severity::lost, "", lost},
                      {"name_expired", Severity::name, "", 100},
                      {"fork_child", Severity::info, "", 100}};
  return recording;
}

TEST(Ledger, balances_when_every_call_is_seen_or_lost_by_a_cause) {
  EXPECT_EQ(unexplained(recording_with(100, 100, 0)), 0);
  EXPECT_EQ(unexplained(recording_with(100, 60, 40)), 0);
}

TEST(Ledger, says_what_is_missing_without_a_cause_and_what_is_there_twice) {
  EXPECT_EQ(unexplained(recording_with(100, 60, 30)), 10);
  EXPECT_EQ(unexplained(recording_with(100, 110, 0)), -10);
  EXPECT_EQ(unexplained(recording_with(100, 100, 7)), -7);
}

TEST(Ledger, knows_nothing_of_a_recording_without_totals) {
  Recording recording;
  recording.losses = {{"ring_full", Severity::lost, "", 5}};
  EXPECT_EQ(unexplained(recording), 0);
  EXPECT_EQ(missing(recording), 0);
}

TEST(Ledger, says_how_many_calls_each_tracepoint_misses) {
  const Recording recording = recording_with(100, 60, 40);
  EXPECT_EQ(MissingCalls(recording).of("enter_read"), 40);
  EXPECT_EQ(MissingCalls(recording).of("enter_write"), 0);
  EXPECT_EQ(MissingCalls(recording).of("enter_open"), 0);
  EXPECT_EQ(missing(recording), 40);
}

}  // namespace
}  // namespace ior
