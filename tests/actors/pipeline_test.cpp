#include "actors/pipeline.hpp"
#include "actors/threads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <random>
#include <thread>

#include "base/clock.hpp"
#include "bpf/recorded_rings.hpp"
#include "tests/support/expected_calls.hpp"
#include "tests/support/fake_rings.hpp"
#include "tests/support/kernel_history.hpp"
#include "tests/support/records.hpp"
#include "tests/support/seen_calls.hpp"
#include "tests/support/summaries.hpp"

namespace ior::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPatience{10'000};
constexpr milliseconds kLongNap{600};  // longer than the readers ever wait

PipelineOptions options_for(int threads, CallSink* rows = nullptr, const CallFilter& filter = {}) {
  PipelineOptions options;
  options.threads = threads;
  options.filter = filter;
  options.rows = rows;
  return options;
}

struct Outcome {
  PipelineCounts counts;
  std::vector<SeenCall> rows;
  std::vector<RecordSummary> records;
};

std::vector<RecordSummary> records_of(Pipeline& pipeline) {
  Recording recording;
  pipeline.collect(recording);
  return summaries_of(recording);
}

// What comes out of rings into which nothing is written any more.
Outcome run(RingSource& rings, int threads, const CallFilter& filter = {}) {
  CollectedRows rows;
  Pipeline pipeline(rings, options_for(threads, &rows, filter));
  pipeline.start();
  pipeline.stop();
  return {pipeline.counts(), rows.calls(), records_of(pipeline)};
}

History history_with(std::uint64_t seed, std::size_t steps) {
  return make_history({.name = "",
                       .seed = seed,
                       .rings = 4,
                       .steps = steps,
                       .threads = 30,
                       .loss_percent = 5,
                       .damage_percent = 1,
                       .deaths_in_calls = true});
}

std::unique_ptr<FakeRings> rings_with(const History& history) {
  auto rings = std::make_unique<FakeRings>(4);
  for (const WrittenRecord& record : history.written) rings->append(record.ring, record.bytes);
  return rings;
}

RecordBuilder read_call(std::uint32_t seq, const Ids& ids = {}) {
  return whole_record(SYS_read, 1000ull * seq, seq).of(ids).seq(seq).at(1000ull * seq + 100);
}

std::size_t thread_count() {
  namespace fs = std::filesystem;
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator()));
}

bool comes_true(const std::function<bool()>& condition) {
  const auto deadline = steady_clock::now() + kPatience;
  while (!condition()) {
    if (steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

class PipelineThreads : public testing::TestWithParam<int> {
 protected:
  int threads() const { return GetParam(); }
};

// First, because the flow graph's threads outlive a pipeline.
TEST_P(PipelineThreads, AreNoMoreThanWereAllowed) {
  const std::size_t before = thread_count();
  const History history = history_with(1, 20'000);
  FakeRings rings(4);
  Pipeline pipeline(rings, options_for(threads()));
  pipeline.start();
  std::size_t most = 0;
  for (std::size_t i = 0; i < history.written.size(); ++i) {
    rings.append(history.written[i].ring, history.written[i].bytes);
    if (i % 100 == 0) most = std::max(most, thread_count());
  }
  EXPECT_TRUE(comes_true([&] {
    most = std::max(most, thread_count());
    return rings.consumed(0) == rings.produced(0);
  }));
  pipeline.stop();
  EXPECT_GT(most, before);
  EXPECT_LE(most, before + static_cast<std::size_t>(threads()));
}

void expect_calls(const History& history, const std::vector<SeenCall>& rows) {
  const CallsByTask actual = by_task(history, rows);
  const CallsByTask expected = expected_calls(history);
  EXPECT_EQ(actual.size(), expected.size());
  for (const auto& [task, calls] : expected) {
    const auto found = actual.find(task);
    ASSERT_NE(found, actual.end()) << "task " << task;
    ASSERT_EQ(found->second.size(), calls.size()) << "task " << task;
    for (std::size_t i = 0; i < calls.size(); ++i) ASSERT_EQ(found->second[i], calls[i]);
  }
}

TEST_P(PipelineThreads, GiveRowsInEachThreadsOrder) {
  const History history = history_with(2, 20'000);
  const auto rings = rings_with(history);
  const Outcome outcome = run(*rings, threads());
  expect_calls(history, outcome.rows);
  EXPECT_EQ(outcome.counts.calls.seen, outcome.rows.size());
  EXPECT_EQ(outcome.counts.calls.given_up, history.given_up);
  EXPECT_EQ(outcome.counts.calls.unmatched, history.unmatched);
  EXPECT_EQ(outcome.counts.malformed, history.damaged);
}

TEST_P(PipelineThreads, GiveTheSameRecordsAsOne) {
  const History history = history_with(3, 20'000);
  const auto rings = rings_with(history);
  const auto same_rings = rings_with(history);
  const Outcome one = run(*same_rings, 1);
  const Outcome several = run(*rings, threads());
  EXPECT_EQ(several.records, one.records);
  std::uint64_t count = 0;
  for (const RecordSummary& record : several.records) count += record.count;
  EXPECT_EQ(count, several.counts.calls.recorded);
  EXPECT_GT(count, 1000u);
}

TEST_P(PipelineThreads, FilterCalls) {
  const History history = history_with(4, 5'000);
  const auto rings = rings_with(history);
  const CallFilter filter = {.comm = "", .path = "file1"};
  const Outcome outcome = run(*rings, threads(), filter);
  EXPECT_EQ(by_task(history, outcome.rows), expected_calls(history, filter));
  EXPECT_EQ(outcome.counts.calls.recorded, outcome.rows.size());
  EXPECT_GT(outcome.counts.calls.seen, outcome.counts.calls.recorded);
}

TEST_P(PipelineThreads, ReadRingsThatAreBeingWritten) {
  const History history = history_with(5, 20'000);
  FakeRings rings(4);
  CollectedRows rows;
  Pipeline pipeline(rings, options_for(threads(), &rows));
  pipeline.start();
  std::mt19937_64 random(5);
  for (const WrittenRecord& record : history.written) {
    const std::uint64_t position = rings.reserve(record.ring, record.bytes);
    if (random() % 500 == 0) std::this_thread::sleep_for(milliseconds(1));
    rings.commit(record.ring, position);
  }
  pipeline.stop();
  expect_calls(history, rows.calls());
  EXPECT_EQ(pipeline.counts().calls.given_up, history.given_up);
}

// More than all batches together hold.
TEST_P(PipelineThreads, LoseNothingThatIsInTheRingsAtTheEnd) {
  constexpr std::uint32_t kThreads = 8;
  constexpr std::uint32_t kCalls = 25'000;
  FakeRings rings(2);
  for (std::uint32_t seq = 1; seq <= kCalls; ++seq) {
    for (std::uint32_t task = 1; task <= kThreads; ++task) {
      rings.append(task % 2, read_call(seq, {.task = task, .tgid = task, .tid = task}).bytes());
    }
  }
  const Outcome outcome = run(rings, threads());
  EXPECT_EQ(outcome.counts.calls.seen, kThreads * kCalls);
  EXPECT_EQ(outcome.counts.calls.given_up, 0u);
  EXPECT_EQ(outcome.rows.size(), kThreads * kCalls);
  EXPECT_EQ(rings.consumed(0), rings.produced(0));
  EXPECT_EQ(rings.consumed(1), rings.produced(1));
}

TEST_P(PipelineThreads, WaitForARecordThatIsNotCommittedAndLoseNothing) {
  FakeRings rings(2);
  rings.append(0, read_call(1).bytes());
  const std::uint64_t busy = rings.reserve(0, read_call(2).bytes());
  rings.append(1, read_call(3).bytes());
  rings.append(0, read_call(4).bytes());
  CollectedRows rows;
  Pipeline pipeline(rings, options_for(threads(), &rows));
  pipeline.start();
  EXPECT_TRUE(comes_true([&] { return rings.consumed(1) == rings.produced(1); }));
  std::this_thread::sleep_for(kLongNap);
  EXPECT_EQ(rings.consumed(0), busy) << "nobody gets past it";
  rings.commit(0, busy);
  pipeline.stop();
  ASSERT_EQ(rows.calls().size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(rows.calls()[i].ret, static_cast<std::int64_t>(i) + 1);
    EXPECT_FALSE(rows.calls()[i].after_loss);
  }
  EXPECT_EQ(pipeline.counts().calls.given_up, 0u);
}

// Knows whether the calls kept to what was said of them.
class SettledRows final : public CallSink {
 public:
  void write(std::span<const Call> calls) noexcept override {
    for (const Call& call : calls) late_ += call.end_ns() < settled_ns_;
    count_ += calls.size();
  }
  void settle(std::uint64_t before_ns) noexcept override {
    went_back_ += before_ns < settled_ns_;
    settled_ns_ = before_ns;
  }
  Result<void> finish() override { return {}; }
  std::size_t count() const { return count_; }
  std::size_t late() const { return late_; }
  std::size_t went_back() const { return went_back_; }
  std::uint64_t settled_ns() const { return settled_ns_; }

 private:
  std::atomic<std::size_t> count_{0}, late_{0}, went_back_{0};
  std::atomic<std::uint64_t> settled_ns_{0};
};

// Of threads that move from ring to ring; some calls never come, so that later ones are held.
TEST_P(PipelineThreads, SayWhichCallsCannotComeAnyMore) {
  constexpr std::uint32_t kTasks = 12, kCalls = 4'000;
  FakeRings rings(4);
  SettledRows rows;
  Pipeline pipeline(rings, options_for(threads(), &rows));
  pipeline.start();
  std::mt19937_64 random(9);
  std::size_t written = 0;
  std::uint64_t last_ns = 0;
  for (std::uint32_t seq = 1; seq <= kCalls; ++seq) {
    for (std::uint32_t task = 1; task <= kTasks; ++task) {
      if (random() % 100 == 0) continue;
      last_ns = clock_ns(CLOCK_BOOTTIME);
      const Ids ids = {.task = task, .tgid = task, .tid = task};
      auto call = whole_record(SYS_read, last_ns - 100, 1).of(ids).seq(seq).at(last_ns);
      rings.append(random() % 4, call.bytes());
      ++written;
    }
    if (seq % 500 == 0) std::this_thread::sleep_for(milliseconds(2));
  }
  EXPECT_TRUE(comes_true([&] { return rows.settled_ns() > last_ns; })) << "with nothing to read";
  EXPECT_EQ(rows.count(), written);
  pipeline.stop();
  EXPECT_EQ(rows.late(), 0u);
  EXPECT_EQ(rows.went_back(), 0u);
  EXPECT_GT(pipeline.counts().calls.given_up, 0u);
}

// A call ends long after the pass in which it is read began, as the reader has lost its CPU.
class RingsOfASlowReader final : public FakeRings {
 public:
  using FakeRings::FakeRings;
  std::uint64_t produced(std::size_t ring) const override {
    if (!is_late_.exchange(true)) {
      const std::uint64_t start = clock_ns(CLOCK_BOOTTIME);
      while (clock_ns(CLOCK_BOOTTIME) < start + 20'000'000) {
      }
      last_ns_ = clock_ns(CLOCK_BOOTTIME);
      auto* rings = const_cast<RingsOfASlowReader*>(this);
      rings->append(ring, read_call(1).at(last_ns_).bytes());
    }
    return FakeRings::produced(ring);
  }
  std::uint64_t last_ns() const { return last_ns_; }

 private:
  mutable std::atomic<bool> is_late_{false};
  mutable std::atomic<std::uint64_t> last_ns_{~std::uint64_t{0}};
};

TEST_P(PipelineThreads, HoldNoRowForEverThatEndedAfterItsPassBegan) {
  RingsOfASlowReader rings(1);
  SettledRows rows;
  Pipeline pipeline(rings, options_for(threads(), &rows));
  pipeline.start();
  EXPECT_TRUE(comes_true([&] { return rows.settled_ns() > rings.last_ns(); }));
  pipeline.stop();
  EXPECT_EQ(rows.count(), 1u);
}

class CountingRows final : public CallSink {
 public:
  void write(std::span<const Call> calls) noexcept override { count_ += calls.size(); }
  void settle(std::uint64_t) noexcept override {}
  Result<void> finish() override { return {}; }
  std::size_t count() const { return count_; }

 private:
  std::atomic<std::size_t> count_{0};
};

TEST_P(PipelineThreads, GiveAMissingCallUpWhileNothingElseIsWritten) {
  FakeRings rings(2);
  CountingRows rows;
  Pipeline pipeline(rings, options_for(threads(), &rows));
  pipeline.start();
  rings.append(0, read_call(1).bytes());
  rings.append(1, read_call(3).bytes());
  EXPECT_TRUE(comes_true([&] { return rows.count() == 2; }));
  std::this_thread::sleep_for(kLongNap);
  rings.append(1, read_call(5).bytes());
  EXPECT_TRUE(comes_true([&] { return rows.count() == 3; })) << "after a while of nothing, too";
  pipeline.stop();
  EXPECT_EQ(pipeline.counts().calls.given_up, 2u);
}

TEST_P(PipelineThreads, EndWithoutHavingReadAnything) {
  FakeRings rings(2);
  const Outcome outcome = run(rings, threads());
  EXPECT_EQ(outcome.counts.calls.seen, 0u);
  EXPECT_TRUE(outcome.rows.empty());
  EXPECT_TRUE(outcome.records.empty());
}

TEST_P(PipelineThreads, OnlyCountWhereNobodyWantsCalls) {
  const History history = history_with(6, 5'000);
  const auto rings = rings_with(history);
  PipelineOptions options = options_for(threads());
  options.aggregate = false;
  Pipeline pipeline(*rings, options);
  pipeline.start();
  pipeline.stop();
  std::size_t arrived = 0;
  for (const auto& [task, calls] : history.calls) arrived += calls.size();
  EXPECT_EQ(pipeline.counts().calls.seen, arrived);
  Recording recording;
  pipeline.collect(recording);
  EXPECT_TRUE(recording.records.empty());
}

TEST_P(PipelineThreads, GiveTheSameRecordsWhereNobodyWantsRows) {
  const History history = history_with(8, 20'000);
  const auto rings = rings_with(history);
  Pipeline pipeline(*rings, options_for(threads()));
  pipeline.start();
  pipeline.stop();
  const auto records = records_of(pipeline);
  EXPECT_FALSE(records.empty());
  EXPECT_EQ(records, run(*rings_with(history), 1).records);
}

TEST_P(PipelineThreads, GetPastRecordsOfImpossibleTimes) {
  constexpr std::uint64_t kLast = ~std::uint64_t{0};
  FakeRings rings(2);
  rings.append(0, read_call(1).at(kLast / 2).bytes());
  rings.append(0, read_call(2).at(kLast - 1).bytes());
  rings.append(1, read_call(3).at(kLast).bytes());
  rings.append(1, read_call(4).at(kLast / 2).bytes());
  EXPECT_EQ(run(rings, threads()).counts.calls.seen, 4u);
}

TEST_P(PipelineThreads, ReplayRecordedRings) {
  const History history = history_with(7, 5'000);
  std::vector<RingChunk> chunks;
  for (const WrittenRecord& record : history.written) chunks.push_back({record.ring, record.bytes});
  RecordedRings rings(4, chunks);
  const Outcome first = run(rings, threads());
  expect_calls(history, first.rows);
  rings.rewind();
  EXPECT_EQ(run(rings, threads()).records, first.records);
}

INSTANTIATE_TEST_SUITE_P(All, PipelineThreads, testing::Values(1, 2, 3, 4, 20),
                         testing::PrintToStringParamName());

TEST(Pipeline, StopsWhenItIsDestroyed) {
  FakeRings rings(1);
  rings.append(0, read_call(1).bytes());
  CountingRows rows;
  {
    Pipeline pipeline(rings, options_for(2, &rows));
    pipeline.start();
  }
  EXPECT_EQ(rows.count(), 1u);
}

TEST(Pipeline, NeedNotBeStarted) {
  FakeRings rings(1);
  Pipeline pipeline(rings, options_for(2));
  pipeline.stop();
  EXPECT_EQ(pipeline.counts().calls.seen, 0u);
}

TEST(Pipeline, MayBeStoppedTwice) {
  FakeRings rings(1);
  rings.append(0, read_call(1).bytes());
  Pipeline pipeline(rings, options_for(2));
  pipeline.start();
  pipeline.stop();
  pipeline.stop();
  EXPECT_EQ(pipeline.counts().calls.seen, 1u);
}

TEST(Pipeline, TakesItsThreadsFromTheCpusThatItMayUse) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  const int all = CPU_COUNT(&before);
  EXPECT_EQ(default_threads(), std::clamp(all / 2, 1, 4));
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(default_threads(), 1);
  ::sched_setaffinity(0, sizeof(before), &before);
}

}  // namespace
}  // namespace ior::test
