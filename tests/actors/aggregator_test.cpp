#include "actors/aggregator.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <span>

#include "tests/support/actor_chain.hpp"
#include "tests/support/made_calls.hpp"
#include "tests/support/summaries.hpp"

namespace ior::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Call read_call() {
  Call call;
  call.number = SYS_read;
  call.caller = calling({});
  call.duration_ns = 10;
  call.gap_ns = 5;
  call.ret = 7;
  call.path = named("/a");
  return call;
}

void add(Aggregator& aggregator, const std::vector<Call>& calls) {
  ShardBatch batch;
  std::deque<Caller> callers;  // numbered as those of a batch are
  for (Call call : calls) {
    callers.push_back(*call.caller);
    callers.back().number = static_cast<std::uint32_t>(batch.callers.size());
    batch.callers.push_back(&callers.back());
    call.caller = &callers.back();
    batch.calls.push_back(call);
  }
  aggregator.add(batch);
}

struct Description {
  std::uint32_t pid = 100;
  std::uint64_t start_ns = 1;
  std::uint64_t time_ns = 0;
  std::string executable;
};

// The descriptions as they come out of the actors before this one, in one batch.
void describe(Aggregator& aggregator, const std::vector<Description>& descriptions) {
  Bytes bytes;
  for (const Description& description : descriptions) {
    const ior_process process = {description.start_ns, 2, 1000, 99};
    append(bytes, process_record(process, description.executable, description.executable + " -v",
                                 "/user.slice")
                      .of({.task = 0, .tgid = description.pid, .tid = description.pid})
                      .at(description.time_ns)
                      .bytes());
  }
  const BatchPtr batch = decoded(std::move(bytes));
  Pairer(0, {}).pair(*batch);
  aggregator.add(batch->shards.front());
}

// What all of them have; nothing is left there.
Recording recording_of(const std::vector<Aggregator*>& shards) {
  Recording recording;
  for (Aggregator* shard : std::span(shards).subspan(1)) shards.front()->absorb(*shard);
  shards.front()->release_to(recording);
  return recording;
}

Recording recording_of(Aggregator& aggregator) {
  return recording_of(std::vector{&aggregator});
}

TEST(Aggregator, AddsUpCallsThatAgree) {
  Aggregator aggregator(0);
  Call failed = read_call();
  failed.ret = -EIO;
  failed.after_loss = true;
  Call longer = read_call();
  longer.duration_ns = 1000;
  longer.gap_ns = 0;
  longer.ret = 100;
  longer.at_most = true;
  add(aggregator, {read_call(), failed});
  add(aggregator, {longer});
  const RecordSummary wanted = {.path = "/a",
                                .old_path = "",
                                .root = "",
                                .tracepoint = "enter_read",
                                .comm = "cat",
                                .pid = 100,
                                .process_start_ns = 1,
                                .executable = "",
                                .tid = 100,
                                .flags = kNoFlags,
                                .count = 3,
                                .errors = 1,
                                .duration_ns = 1020,
                                .gap_ns = 10,
                                .bytes_read = 107,
                                .bytes_written = 0,
                                .after_loss = 1,
                                .at_most = 1};
  EXPECT_THAT(summaries_of(recording_of(aggregator)), ElementsAre(wanted));
}

struct KeyCase {
  const char* what;
  std::function<void(Call&)> change;
};

void PrintTo(const KeyCase& key, std::ostream* out) {
  *out << key.what;
}

class AggregatorKey : public testing::TestWithParam<KeyCase> {};

TEST_P(AggregatorKey, KeepsCallsApart) {
  Aggregator aggregator(0);
  Call other = read_call();
  GetParam().change(other);
  add(aggregator, {read_call(), other, read_call(), other, other});
  const Recording recording = recording_of(aggregator);
  ASSERT_THAT(recording.records, SizeIs(2));
  const auto& [first, second] = std::minmax(recording.records[0].count, recording.records[1].count);
  EXPECT_EQ(first, 2u);
  EXPECT_EQ(second, 3u);
}

INSTANTIATE_TEST_SUITE_P(
    All, AggregatorKey,
    testing::Values(KeyCase{"path", [](Call& call) { call.path = named("/b"); }},
                    KeyCase{"no_path", [](Call& call) { call.path = nullptr; }},
                    KeyCase{"root", [](Call& call) { call.path = rooted("/a", "/srv"); }},
                    KeyCase{"old_path", [](Call& call) { call.old_path = named("/a"); }},
                    KeyCase{"tracepoint", [](Call& call) { call.number = SYS_write; }},
                    KeyCase{"table", [](Call& call) { call.table = IOR_TABLE_32; }},
                    KeyCase{"unknown_tracepoint", [](Call& call) { call.number = 70'000; }},
                    KeyCase{"comm", [](Call& call) { call.caller = calling({}, "cp"); }},
                    KeyCase{"thread", [](Call& call) { call.caller = calling({.tid = 101}); }},
                    KeyCase{"process", [](Call& call) { call.caller = calling({.tgid = 101}); }},
                    KeyCase{"process_with_the_same_id",
                            [](Call& call) { call.caller = calling({.process_start_ns = 2}); }},
                    KeyCase{"flags", [](Call& call) { call.has_flags = true; }}),
    [](const auto& info) { return info.param.what; });

TEST(Aggregator, KeepsFlagsOfZeroApartFromNone) {
  Aggregator aggregator(0);
  Call with_flags = read_call();
  with_flags.has_flags = true;
  with_flags.flags = O_RDONLY;
  add(aggregator, {with_flags});
  EXPECT_EQ(recording_of(aggregator).records.at(0).flags, static_cast<std::uint32_t>(O_RDONLY));
}

TEST(Aggregator, IgnoresTheFlagsOfACallThatHasNone) {
  Aggregator aggregator(0);
  Call without = read_call();
  without.flags = O_RDWR;
  add(aggregator, {read_call(), without});
  EXPECT_THAT(recording_of(aggregator).records, SizeIs(1));
}

TEST(Aggregator, SpellsTracepointsAsTheKernelDoes) {
  Aggregator aggregator(0);
  Call stat = read_call();
  stat.number = SYS_stat;
  Call compat = read_call();
  compat.number = 106;
  compat.table = IOR_TABLE_32;
  Call unknown_compat = compat;
  unknown_compat.number = 251;
  Call unknown = read_call();
  unknown.number = 500;
  Call wide = read_call();
  wide.number = 70'000;
  add(aggregator, {stat, compat, unknown_compat, unknown, wide});
  std::vector<std::string> tracepoints;
  for (const RecordSummary& record : summaries_of(recording_of(aggregator))) {
    tracepoints.push_back(record.tracepoint);
  }
  EXPECT_THAT(tracepoints,
              testing::UnorderedElementsAre("enter_newstat", "enter_i386_stat", "enter_i386_251",
                                            "enter_syscall_500", "enter_syscall_70000"));
}

TEST(Aggregator, CountsBytesOfReadingWritingAndTransferringCallsOnly) {
  Aggregator aggregator(0);
  Call seek = read_call();
  seek.number = SYS_lseek;
  Call failed = read_call();
  failed.number = SYS_write;
  failed.ret = -EIO;
  add(aggregator, {seek, failed});
  for (const RecordSummary& record : summaries_of(recording_of(aggregator))) {
    EXPECT_EQ(record.bytes_read + record.bytes_written, 0u) << record;
  }
}

TEST(Aggregator, DescribesProcesses) {
  Aggregator aggregator(0);
  describe(aggregator, {{.executable = "/bin/cat"}});
  add(aggregator, {read_call()});
  const Recording recording = recording_of(aggregator);
  ASSERT_THAT(recording.processes, SizeIs(1));
  const Process& process = recording.processes[0];
  EXPECT_EQ(process.pid, 100u);
  EXPECT_EQ(process.ppid, 2u);
  EXPECT_EQ(process.uid, 1000u);
  EXPECT_EQ(process.start_ns, 1u);
  EXPECT_EQ(process.mount_namespace, 99u);
  EXPECT_EQ(process.executable, "/bin/cat");
  EXPECT_EQ(process.command_line, "/bin/cat -v");
  EXPECT_EQ(process.cgroup, "/user.slice");
}

TEST(Aggregator, DescribesAProcessWhoseCallsCameFirst) {
  Aggregator aggregator(0);
  add(aggregator, {read_call()});
  describe(aggregator, {{.executable = "/bin/cat"}});
  const Recording recording = recording_of(aggregator);
  EXPECT_THAT(recording.processes, SizeIs(1));
  EXPECT_EQ(summaries_of(recording).at(0).executable, "/bin/cat");
}

TEST(Aggregator, KeepsProcessesWithTheSameIdApartByTheirStart) {
  Aggregator aggregator(0);
  describe(aggregator, {{.start_ns = 1, .executable = "/bin/first"},
                        {.start_ns = 2, .executable = "/bin/second"}});
  Call second = read_call();
  second.caller = calling({.process_start_ns = 2});
  add(aggregator, {read_call(), second});
  const auto records = summaries_of(recording_of(aggregator));
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(records[0].executable, "/bin/first");
  EXPECT_EQ(records[1].executable, "/bin/second");
}

TEST(Aggregator, TakesTheLaterDescriptionOfAProcess) {
  Aggregator aggregator(0);
  describe(aggregator, {{.time_ns = 10, .executable = "/bin/sh"}});
  describe(aggregator, {{.time_ns = 20, .executable = "/bin/cat"}});
  EXPECT_EQ(recording_of(aggregator).processes.at(0).executable, "/bin/cat");
}

TEST(Aggregator, HasAProcessOnceWhoseThreadsWereInSeveralShards) {
  Aggregator first(0);
  Aggregator second(1);
  Aggregator third(2);
  add(first, {read_call()});
  describe(first, {{.time_ns = 10, .executable = "/bin/sh"}});
  add(second, {read_call()});
  describe(third, {{.time_ns = 20, .executable = "/bin/cat"}, {.pid = 7, .executable = "/bin/ls"}});
  add(third, {read_call()});
  const Recording recording = recording_of(std::vector{&first, &second, &third});
  ASSERT_THAT(recording.processes, SizeIs(2));
  EXPECT_EQ(recording.processes[0].executable, "/bin/cat");
  EXPECT_EQ(recording.processes[1].pid, 7u);
  ASSERT_THAT(recording.records, SizeIs(1));
  EXPECT_EQ(recording.records[0].process, 0u);
  EXPECT_EQ(recording.records[0].count, 3u);
}

// A process is described before exec and after it, on two CPUs: which ring is read first says
// nothing.
TEST(Aggregator, TakesTheLaterDescriptionEvenWhenItIsReadFirst) {
  Aggregator aggregator(0);
  describe(aggregator,
           {{.time_ns = 20, .executable = "/bin/cat"}, {.time_ns = 10, .executable = "/bin/sh"}});
  EXPECT_EQ(recording_of(aggregator).processes.at(0).executable, "/bin/cat");
}

// Calls with so many different paths; the n-th one moves n bytes.
std::vector<Call> calls_with_paths(const std::vector<std::string>& paths) {
  std::vector<Call> calls;
  for (const std::string& path : paths) {
    Call call = read_call();
    call.path = named(path);
    call.ret = static_cast<std::int64_t>(calls.size()) + 1;
    call.number = calls.size() % 2 ? SYS_read : SYS_write;
    calls.push_back(call);
  }
  return calls;
}

std::vector<std::string> paths(std::size_t count) {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < count; ++i) paths.push_back("/" + std::to_string(i));
  return paths;
}

// Rooms of less than 16 records keep one of them for "[other]".
std::shared_ptr<TableRoom> room_of(std::size_t records) {
  return std::make_shared<TableRoom>(records);
}

RecordSummary total_of(const std::vector<RecordSummary>& records) {
  RecordSummary total;
  for (const RecordSummary& record : records) {
    total.count += record.count;
    total.errors += record.errors;
    total.bytes_read += record.bytes_read;
    total.bytes_written += record.bytes_written;
    total.duration_ns += record.duration_ns;
    total.gap_ns += record.gap_ns;
    total.after_loss += record.after_loss;
  }
  return total;
}

class AggregatorRoom : public testing::TestWithParam<std::size_t> {};

TEST_P(AggregatorRoom, IsNeverExceededAndTotalsStayExact) {
  const std::size_t room = GetParam();
  Aggregator aggregator(0, room_of(room));
  for (std::uint32_t pid = 100; pid < 104; ++pid) {
    auto calls = calls_with_paths(paths(100));
    for (Call& call : calls) call.caller = calling({.tgid = pid, .tid = pid});
    add(aggregator, calls);
  }
  const FoldedCounts folded = aggregator.folded();
  const auto records = summaries_of(recording_of(aggregator));
  EXPECT_LE(records.size(), room);
  EXPECT_GE(records.size(), std::min<std::size_t>(room - room / 16, 100));
  EXPECT_EQ(folded.pid_tid + folded.other == 0, room - room / 16 >= 400);
  const RecordSummary total = total_of(records);
  EXPECT_EQ(total.count, 400u);
  EXPECT_EQ(total.bytes_read, 4 * 2550u);
  EXPECT_EQ(total.bytes_written, 4 * 2500u);
  EXPECT_EQ(total.duration_ns, 4000u);
  EXPECT_EQ(total.gap_ns, 2000u);
  std::uint64_t without_pid = 0, others = 0;
  for (const RecordSummary& record : records) {
    if (record.pid != 0) continue;
    EXPECT_EQ(record.executable, "[other]") << record;
    EXPECT_EQ(record.tid, 0u) << record;
    (record.path == "[other]" ? others : without_pid) += record.count;
  }
  EXPECT_EQ(folded.other, others);
  EXPECT_EQ(folded.pid_tid, without_pid);
}

INSTANTIATE_TEST_SUITE_P(All, AggregatorRoom,
                         testing::Values(1, 2, 3, 15, 16, 50, 99, 100, 101, 110, 200, 399, 425, 426,
                                         427, 1000),
                         testing::PrintToStringParamName());

std::vector<Call> calls_of_processes(std::uint32_t count) {
  std::vector<Call> calls;
  for (std::uint32_t pid = 1; pid <= count; ++pid) {
    calls.push_back(read_call());
    calls.back().caller = calling({.tgid = pid, .tid = pid});
  }
  return calls;
}

TEST(Aggregator, LeavesOutProcessAndThreadFirst) {
  Aggregator aggregator(0, room_of(10));
  add(aggregator, calls_of_processes(9));
  EXPECT_EQ(aggregator.folded().pid_tid, 0u) << "so many there is room for";
  add(aggregator, calls_of_processes(100));
  EXPECT_EQ(aggregator.folded().pid_tid, 109u) << "those that had a record of their own, too";
  EXPECT_EQ(aggregator.folded().other, 0u);
  const auto records = summaries_of(recording_of(aggregator));
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].path, "/a");
  EXPECT_EQ(records[0].comm, "cat");
  EXPECT_EQ(records[0].pid, 0u);
  EXPECT_EQ(records[0].tid, 0u);
  EXPECT_EQ(records[0].executable, "[other]");
  EXPECT_EQ(records[0].count, 109u);
}

TEST(Aggregator, HasRoomForNewPathsWhenProcessesAreLeftOut) {
  Aggregator aggregator(0, room_of(10));
  auto calls = calls_of_processes(20);
  for (const std::string& path : paths(8)) {
    calls.push_back(read_call());
    calls.back().path = named(path);
  }
  add(aggregator, calls);
  EXPECT_EQ(aggregator.folded().other, 0u);
  EXPECT_THAT(summaries_of(recording_of(aggregator)), SizeIs(9));
}

TEST(Aggregator, LeavesProcessesOutInAllShardsOnceOneIsFull) {
  const auto room = room_of(10);
  Aggregator full(0, room), other(1, room);
  add(other, calls_of_processes(2));
  add(full, calls_of_processes(20));
  EXPECT_EQ(other.folded().pid_tid, 0u);
  add(other, {});
  EXPECT_EQ(other.folded().pid_tid, 2u) << "with the next batch";
  const auto records = summaries_of(recording_of({&full, &other}));
  ASSERT_THAT(records, SizeIs(1)) << "and they are put together at the end";
  EXPECT_EQ(records[0].count, 22u);
}

TEST(Aggregator, LeavesProcessesOutAtTheEndWhereAShardHadNoMoreBatches) {
  const auto room = room_of(10);
  Aggregator first(0, room), full(1, room);
  add(first, calls_of_processes(2));
  add(full, calls_of_processes(20));
  const Recording recording = recording_of({&first, &full});
  ASSERT_THAT(recording.records, SizeIs(1));
  EXPECT_EQ(recording.records[0].count, 22u);
  EXPECT_EQ(first.folded().pid_tid + full.folded().pid_tid, 22u);
}

TEST(Aggregator, KeepsTracepointsApartAsLongAsThereIsRoom) {
  Aggregator aggregator(0, room_of(64));
  add(aggregator, calls_with_paths(paths(100)));
  EXPECT_EQ(aggregator.folded().other, 40u);
  const auto records = summaries_of(recording_of(aggregator));
  ASSERT_THAT(records, SizeIs(62)) << "60, and one for each of two tracepoints";
  std::uint64_t others = 0;
  for (const char* tracepoint : {"enter_read", "enter_write"}) {
    const auto other = std::ranges::find_if(records, [&](const RecordSummary& record) {
      return record.path == "[other]" && record.tracepoint == tracepoint;
    });
    ASSERT_NE(other, records.end()) << tracepoint;
    EXPECT_EQ(other->comm, "[other]");
    EXPECT_EQ(other->executable, "[other]");
    others += other->count;
  }
  EXPECT_EQ(others, 40u);
}

TEST(Aggregator, PutsTracepointsTogetherWhereThereIsNoRoom) {
  Aggregator aggregator(0, room_of(1));
  add(aggregator, calls_with_paths(paths(3)));
  const auto records = summaries_of(recording_of(aggregator));
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].path, "[other]");
  EXPECT_EQ(records[0].tracepoint, "[other]");
  EXPECT_EQ(records[0].comm, "[other]");
  EXPECT_EQ(records[0].executable, "[other]");
  EXPECT_EQ(records[0].pid, 0u);
  EXPECT_EQ(records[0].count, 3u);
}

TEST(Aggregator, StillAddsToTheRecordsThatItHasWhenItIsFull) {
  Aggregator aggregator(0, room_of(3));
  const auto names = paths(2);
  add(aggregator, calls_with_paths(names));
  add(aggregator, calls_with_paths(names));
  EXPECT_EQ(aggregator.folded().other + aggregator.folded().pid_tid, 0u);
  for (const RecordSummary& record : summaries_of(recording_of(aggregator))) {
    EXPECT_EQ(record.count, 2u) << record;
  }
}

TEST(Aggregator, FoldsWhatFindsNoRoomForItsText) {
  Aggregator aggregator(0, std::make_shared<TableRoom>(1000, 1000, 100));
  add(aggregator, calls_with_paths(paths(100)));
  EXPECT_EQ(aggregator.folded().pid_tid, 0u) << "that would give no room";
  EXPECT_GT(aggregator.folded().other, 0u);
  EXPECT_EQ(total_of(summaries_of(recording_of(aggregator))).count, 100u);
}

TEST(Aggregator, TakesNoNewStringsWhenItIsFull) {
  Aggregator aggregator(0, std::make_shared<TableRoom>(10));
  const auto names = paths(10'000);
  add(aggregator, calls_with_paths(names));
  EXPECT_LT(recording_of(aggregator).strings.size(), 50u) << "but of what is searched together";
}

TEST(Aggregator, StaysWithinItsBoundWhateverNumbersAreCalled) {
  Aggregator aggregator(0, std::make_shared<TableRoom>(10));
  for (std::uint32_t number = 0; number < 10'000; ++number) {
    Call call = read_call();
    call.number = number;
    add(aggregator, {call});
  }
  const Recording recording = recording_of(aggregator);
  EXPECT_LE(recording.records.size(), 10u);
  EXPECT_LE(recording.strings.size(), 20u + IOR_SYSCALL_LIMIT + 1);
}

TEST(Aggregator, PutsProcessesThatFindNoRoomTogether) {
  Aggregator aggregator(0, std::make_shared<TableRoom>(1000, 10));
  for (std::uint32_t pid = 1; pid <= 100; ++pid) {
    Call call = read_call();
    call.caller = calling({.tgid = pid, .tid = pid});
    describe(aggregator, {{.pid = pid, .executable = "/bin/" + std::to_string(pid)}});
    add(aggregator, {call});
  }
  EXPECT_EQ(aggregator.folded().pid_tid, 90u);
  const Recording recording = recording_of(aggregator);
  EXPECT_THAT(recording.processes, SizeIs(11)) << "ten, and the one for the others";
  std::uint64_t others = 0;
  for (const RecordSummary& record : summaries_of(recording)) {
    if (record.pid == 0) {
      EXPECT_EQ(record.executable, "[other]");
      others += record.count;
    } else {
      EXPECT_EQ(record.executable, "/bin/" + std::to_string(record.pid));
    }
  }
  EXPECT_EQ(others, 90u);
}

TEST(Aggregator, PutsShardsTogether) {
  const auto room = std::make_shared<TableRoom>();
  Aggregator first(0, room);
  Aggregator second(1, room);
  Call theirs = read_call();
  theirs.caller = calling({.tgid = 101, .tid = 101});
  theirs.path = named("/b");
  describe(first, {{.pid = 100, .executable = "/bin/first"}});
  describe(second, {{.pid = 101, .executable = "/bin/second"}});
  add(first, {read_call(), read_call()});
  add(second, {theirs});
  theirs.path = named("/a");
  add(second, {theirs});
  const Recording recording = recording_of({&first, &second});
  const auto records = summaries_of(recording);
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_EQ(records[0].path, "/a");
  EXPECT_EQ(records[0].executable, "/bin/first");
  EXPECT_EQ(records[0].count, 2u);
  EXPECT_EQ(records[1].path, "/a");
  EXPECT_EQ(records[1].executable, "/bin/second");
  EXPECT_EQ(records[2].path, "/b");
  EXPECT_EQ(records[2].executable, "/bin/second");
  EXPECT_EQ(std::ranges::count(recording.strings, "/a"), 1) << "each string once";
}

TEST(Aggregator, AppendsNothingWhenItHasSeenNothing) {
  Aggregator aggregator(0);
  const Recording recording = recording_of(aggregator);
  EXPECT_THAT(recording.records, IsEmpty());
  EXPECT_THAT(recording.processes, IsEmpty());
}

}  // namespace
}  // namespace ior::test
