#include "trace/ledger.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <map>
#include <string>
#include <utility>

#include "model/ledger.hpp"
#include "tests/support/fake_rings.hpp"
#include "tests/support/records.hpp"

namespace ior::test {
namespace {

constexpr std::uint32_t kCalls = 1000;

ior_total made_total(std::uint64_t calls, std::uint64_t bytes) {
  ior_total total{};
  total.calls = calls;
  total.bytes = bytes;
  return total;
}

KernelCounts kernel_counts(std::uint64_t reads, std::uint64_t ring_full = 0) {
  KernelCounts counts;
  counts.totals[SYS_read] = made_total(reads, 4096);
  counts.totals[SYS_read].errors = 2;
  counts.by_cpu.resize(2);
  counts.by_cpu[1][IOR_COUNTER_ring_full] = ring_full;
  return counts;
}

std::uint64_t counted(const Recording& recording, std::string_view name) {
  for (const Loss& loss : recording.losses) {
    if (loss.name == name) return loss.count;
  }
  ADD_FAILURE() << "no counter " << name;
  return 0;
}

RecordBuilder read_call(std::uint32_t seq) {
  return whole_record(SYS_read, 1000ull * seq, seq).seq(seq).at(1000ull * seq + 100);
}

// The ledger of a thread's reads, of which those with these numbers never reach the pipeline.
Recording ledger_without(std::uint32_t first, std::uint32_t last) {
  FakeRings rings(1);
  for (std::uint32_t seq = 1; seq <= kCalls; ++seq) {
    if (seq < first || seq > last) rings.append(0, read_call(seq).bytes());
  }
  Pipeline pipeline(rings, {});
  pipeline.start();
  pipeline.stop();
  Recording recording;
  pipeline.collect(recording);
  draw_up_ledger(kernel_counts(kCalls), pipeline.counts(), 0, recording);
  return recording;
}

TEST(TraceLedger, balances_when_all_calls_arrive) {
  const Recording recording = ledger_without(0, 0);
  EXPECT_EQ(unexplained(recording), 0);
  EXPECT_EQ(recording.calls_seen, kCalls);
  EXPECT_EQ(recording.calls_recorded, kCalls);
}

TEST(TraceLedger, a_batch_that_is_dropped_is_unexplained) {
  EXPECT_EQ(unexplained(ledger_without(400, 499)), 100);
  EXPECT_EQ(counted(ledger_without(400, 499), "given_up"), 100);
  EXPECT_EQ(unexplained(ledger_without(901, 1000)), 100) << "nothing comes after them";
}

TEST(TraceLedger, what_did_not_fit_is_lost_by_that_cause_on_its_cpu) {
  PipelineCounts pipeline;
  pipeline.calls.seen = pipeline.calls.recorded = 90;
  pipeline.calls.seen_by_row[SYS_read] = 90;
  Recording recording;
  draw_up_ledger(kernel_counts(100, 10), pipeline, 3, recording);
  EXPECT_EQ(unexplained(recording), 0);
  EXPECT_EQ(counted(recording, "ring_full"), 10);
  EXPECT_EQ(counted(recording, "in_flight_at_stop"), 3);
  ASSERT_EQ(recording.cpu_losses.size(), 1);
  EXPECT_EQ(recording.cpu_losses[0].cpu, 1);
  EXPECT_EQ(recording.losses[recording.cpu_losses[0].loss].name, "ring_full");
  ASSERT_EQ(recording.totals.size(), 1);
  EXPECT_EQ(recording.totals[0].tracepoint, "enter_read");
  EXPECT_EQ(recording.totals[0].bytes_read, 4096);
}

TEST(TraceLedger, what_the_kernel_side_moved_is_read_or_written_as_the_row_says) {
  KernelCounts kernel = kernel_counts(0);
  kernel.totals[SYS_write] = made_total(1, 10);
  kernel.totals[SYS_copy_file_range] = made_total(1, 20);
  kernel.totals[SYS_vmsplice] = made_total(2, 34);
  kernel.totals[SYS_vmsplice].either_read = 4;
  kernel.totals[IOR_NO_ROW] = made_total(1, 0);
  Recording recording;
  draw_up_ledger(kernel, {}, 0, recording);
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> moved;
  for (const SyscallTotal& total : recording.totals) {
    moved[total.tracepoint] = {total.bytes_read, total.bytes_written};
  }
  EXPECT_EQ(moved, (decltype(moved){{"enter_write", {0, 10}},
                                    {"enter_copy_file_range", {20, 20}},
                                    {"enter_vmsplice", {4, 30}},
                                    {"[unknown syscalls]", {0, 0}}}));
}

TEST(TraceLedger, a_damaged_record_is_the_cause_of_one_call_at_most) {
  PipelineCounts pipeline;
  pipeline.malformed = 5;
  pipeline.calls.seen_by_row[SYS_read] = 98;
  Recording recording;
  draw_up_ledger(kernel_counts(100), pipeline, 0, recording);
  EXPECT_EQ(counted(recording, "malformed"), 2);
  EXPECT_EQ(unexplained(recording), 0);
}

TEST(TraceLedger, what_a_filter_left_out_is_not_missing) {
  PipelineCounts pipeline;
  pipeline.calls.seen = 100;
  pipeline.calls.recorded = 7;
  pipeline.calls.seen_by_row[SYS_read] = 100;
  Recording recording;
  draw_up_ledger(kernel_counts(100), pipeline, 0, recording);
  EXPECT_EQ(unexplained(recording), 0);
  EXPECT_EQ(missing(recording), 0);
  EXPECT_EQ(counted(recording, "filtered"), 93);
}

TEST(TraceLedger, numbers_without_a_row_have_a_total_too) {
  KernelCounts kernel;
  kernel.totals[IOR_NO_ROW].calls = 4;
  PipelineCounts pipeline;
  pipeline.calls.seen_by_row[IOR_NO_ROW] = 4;
  Recording recording;
  draw_up_ledger(kernel, pipeline, 0, recording);
  ASSERT_EQ(recording.totals.size(), 1);
  EXPECT_EQ(recording.totals[0].tracepoint, "[unknown syscalls]");
  EXPECT_EQ(unexplained(recording), 0);
}

}  // namespace
}  // namespace ior::test
