#include "actors/aggregator.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <functional>

#include "tests/support/actor_chain.hpp"
#include "tests/support/summaries.hpp"

namespace ior::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Call read_call() {
  Call call;
  call.number = SYS_read;
  call.tgid = call.tid = 100;
  call.process_start_ns = 1;
  call.duration_ns = 10;
  call.gap_ns = 5;
  call.ret = 7;
  call.comm = {'c', 'a', 't'};
  call.path = "/a";
  return call;
}

void add(Aggregator& aggregator, const std::vector<Call>& calls) {
  CallBatch batch;
  batch.calls = calls;
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
  aggregator.add(*Pairer(0, {}).pair(decoded(std::move(bytes))));
}

Recording recording_of(const std::vector<const Aggregator*>& shards) {
  Recording recording;
  StringTable strings;
  for (const Aggregator* shard : shards) shard->append_to(recording, strings);
  recording.strings.assign(strings.strings().begin(), strings.strings().end());
  return recording;
}

Recording recording_of(const Aggregator& aggregator) {
  return recording_of({&aggregator});
}

TEST(StringTable, NumbersEachStringOnce) {
  StringTable strings;
  const std::uint32_t first = strings.add("first");
  const std::uint32_t second = strings.add("second");
  EXPECT_NE(first, second);
  EXPECT_EQ(strings.add(std::string("first")), first);
  EXPECT_EQ(strings.find("second"), second);
  EXPECT_EQ(strings.find("third"), std::nullopt);
  EXPECT_THAT(strings.strings(), ElementsAre("first", "second"));
}

TEST(StringTable, FindsItsStringsWhenItHasGrown) {
  StringTable strings;
  for (std::uint32_t i = 0; i < 10'000; ++i) ASSERT_EQ(strings.add(std::to_string(i)), i);
  for (std::uint32_t i = 0; i < 10'000; ++i) ASSERT_EQ(strings.find(std::to_string(i)), i);
}

TEST(Aggregator, AddsUpCallsThatAgree) {
  Aggregator aggregator;
  Call failed = read_call();
  failed.ret = -EIO;
  failed.after_loss = true;
  Call longer = read_call();
  longer.duration_ns = 1000;
  longer.gap_ns = 0;
  longer.ret = 100;
  add(aggregator, {read_call(), failed});
  add(aggregator, {longer});
  const RecordSummary wanted = {.path = "/a",
                                .old_path = "",
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
                                .bytes = 107,
                                .after_loss = 1};
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
  Aggregator aggregator;
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
    testing::Values(KeyCase{"path", [](Call& call) { call.path = "/b"; }},
                    KeyCase{"no_path", [](Call& call) { call.path = ""; }},
                    KeyCase{"old_path", [](Call& call) { call.old_path = "/a"; }},
                    KeyCase{"tracepoint", [](Call& call) { call.number = SYS_write; }},
                    KeyCase{"table", [](Call& call) { call.table = IOR_TABLE_32; }},
                    KeyCase{"unknown_tracepoint", [](Call& call) { call.number = 70'000; }},
                    KeyCase{"comm",
                            [](Call& call) {
                              call.comm = {'c', 'p'};
                            }},
                    KeyCase{"thread", [](Call& call) { call.tid = 101; }},
                    KeyCase{"process", [](Call& call) { call.tgid = 101; }},
                    KeyCase{"process_with_the_same_id",
                            [](Call& call) { call.process_start_ns = 2; }},
                    KeyCase{"flags", [](Call& call) { call.has_flags = true; }}),
    [](const auto& info) { return info.param.what; });

TEST(Aggregator, KeepsFlagsOfZeroApartFromNone) {
  Aggregator aggregator;
  Call with_flags = read_call();
  with_flags.has_flags = true;
  with_flags.flags = O_RDONLY;
  add(aggregator, {with_flags});
  EXPECT_EQ(recording_of(aggregator).records.at(0).flags, static_cast<std::uint32_t>(O_RDONLY));
}

TEST(Aggregator, IgnoresTheFlagsOfACallThatHasNone) {
  Aggregator aggregator;
  Call without = read_call();
  without.flags = O_RDWR;
  add(aggregator, {read_call(), without});
  EXPECT_THAT(recording_of(aggregator).records, SizeIs(1));
}

TEST(Aggregator, SpellsTracepointsAsTheKernelDoes) {
  Aggregator aggregator;
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
  Aggregator aggregator;
  Call seek = read_call();
  seek.number = SYS_lseek;
  Call failed = read_call();
  failed.number = SYS_write;
  failed.ret = -EIO;
  add(aggregator, {seek, failed});
  for (const RecordSummary& record : summaries_of(recording_of(aggregator))) {
    EXPECT_EQ(record.bytes, 0u) << record;
  }
}

TEST(Aggregator, DescribesProcesses) {
  Aggregator aggregator;
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
  Aggregator aggregator;
  add(aggregator, {read_call()});
  describe(aggregator, {{.executable = "/bin/cat"}});
  const Recording recording = recording_of(aggregator);
  EXPECT_THAT(recording.processes, SizeIs(1));
  EXPECT_EQ(summaries_of(recording).at(0).executable, "/bin/cat");
}

TEST(Aggregator, KeepsProcessesWithTheSameIdApartByTheirStart) {
  Aggregator aggregator;
  describe(aggregator, {{.start_ns = 1, .executable = "/bin/first"},
                        {.start_ns = 2, .executable = "/bin/second"}});
  Call second = read_call();
  second.process_start_ns = 2;
  add(aggregator, {read_call(), second});
  const auto records = summaries_of(recording_of(aggregator));
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(records[0].executable, "/bin/first");
  EXPECT_EQ(records[1].executable, "/bin/second");
}

TEST(Aggregator, TakesTheLaterDescriptionOfAProcess) {
  Aggregator aggregator;
  describe(aggregator, {{.time_ns = 10, .executable = "/bin/sh"}});
  describe(aggregator, {{.time_ns = 20, .executable = "/bin/cat"}});
  EXPECT_EQ(recording_of(aggregator).processes.at(0).executable, "/bin/cat");
}

// A process is described before exec and after it, on two CPUs: which ring is read first says
// nothing.
TEST(Aggregator, TakesTheLaterDescriptionEvenWhenItIsReadFirst) {
  Aggregator aggregator;
  describe(aggregator,
           {{.time_ns = 20, .executable = "/bin/cat"}, {.time_ns = 10, .executable = "/bin/sh"}});
  EXPECT_EQ(recording_of(aggregator).processes.at(0).executable, "/bin/cat");
}

// Calls with so many different paths; the n-th one moves n bytes.
std::vector<Call> calls_with_paths(const std::vector<std::string>& paths) {
  std::vector<Call> calls;
  for (const std::string& path : paths) {
    Call call = read_call();
    call.path = path;
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

TEST(Aggregator, FoldsWhatFindsNoRoomWithExactTotals) {
  Aggregator aggregator(std::make_shared<TableRoom>(10));
  const auto names = paths(100);
  add(aggregator, calls_with_paths(names));
  EXPECT_EQ(aggregator.folded(), 90u);
  const auto records = summaries_of(recording_of(aggregator));
  EXPECT_EQ(records.size(), 12u) << "ten, and one for each of two tracepoints";
  RecordSummary total;
  for (const RecordSummary& record : records) {
    total.count += record.count;
    total.bytes += record.bytes;
    total.duration_ns += record.duration_ns;
    total.gap_ns += record.gap_ns;
  }
  EXPECT_EQ(total.count, 100u);
  EXPECT_EQ(total.bytes, 5050u);
  EXPECT_EQ(total.duration_ns, 1000u);
  EXPECT_EQ(total.gap_ns, 500u);
}

TEST(Aggregator, SaysWhatWasFolded) {
  Aggregator aggregator(std::make_shared<TableRoom>(1));
  const auto names = paths(3);
  add(aggregator, calls_with_paths(names));
  const auto records = summaries_of(recording_of(aggregator));
  ASSERT_THAT(records, SizeIs(3));
  for (const char* tracepoint : {"enter_read", "enter_write"}) {
    const auto other = std::ranges::find_if(records, [&](const RecordSummary& record) {
      return record.path == "[other]" && record.tracepoint == tracepoint;
    });
    ASSERT_NE(other, records.end()) << tracepoint;
    EXPECT_EQ(other->comm, "[other]");
    EXPECT_EQ(other->executable, "[other]");
    EXPECT_EQ(other->pid, 0u);
    EXPECT_EQ(other->count, 1u);
  }
}

TEST(Aggregator, StillAddsToTheRecordsThatItHasWhenItIsFull) {
  Aggregator aggregator(std::make_shared<TableRoom>(2));
  const auto names = paths(2);
  add(aggregator, calls_with_paths(names));
  add(aggregator, calls_with_paths(names));
  EXPECT_EQ(aggregator.folded(), 0u);
  for (const RecordSummary& record : summaries_of(recording_of(aggregator))) {
    EXPECT_EQ(record.count, 2u) << record;
  }
}

TEST(Aggregator, TakesNoNewStringsWhenItIsFull) {
  Aggregator aggregator(std::make_shared<TableRoom>(10));
  const auto names = paths(10'000);
  add(aggregator, calls_with_paths(names));
  EXPECT_LT(recording_of(aggregator).strings.size(), 20u);
}

TEST(Aggregator, StaysWithinItsBoundWhateverNumbersAreCalled) {
  Aggregator aggregator(std::make_shared<TableRoom>(10));
  for (std::uint32_t number = 0; number < 10'000; ++number) {
    Call call = read_call();
    call.number = number;
    add(aggregator, {call});
  }
  const Recording recording = recording_of(aggregator);
  EXPECT_LE(recording.records.size(), 10u + IOR_SYSCALL_LIMIT + 1);
  EXPECT_LE(recording.strings.size(), 20u + IOR_SYSCALL_LIMIT + 1);
}

TEST(Aggregator, PutsProcessesThatFindNoRoomTogether) {
  Aggregator aggregator(std::make_shared<TableRoom>(1000, 10));
  for (std::uint32_t pid = 1; pid <= 100; ++pid) {
    Call call = read_call();
    call.tgid = call.tid = pid;
    describe(aggregator, {{.pid = pid, .executable = "/bin/" + std::to_string(pid)}});
    add(aggregator, {call});
  }
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
  Aggregator first;
  Aggregator second;
  Call theirs = read_call();
  theirs.tgid = theirs.tid = 101;
  theirs.path = "/b";
  describe(first, {{.pid = 100, .executable = "/bin/first"}});
  describe(second, {{.pid = 101, .executable = "/bin/second"}});
  add(first, {read_call(), read_call()});
  add(second, {theirs});
  theirs.path = "/a";
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
  const Recording recording = recording_of(Aggregator());
  EXPECT_THAT(recording.records, IsEmpty());
  EXPECT_THAT(recording.processes, IsEmpty());
}

}  // namespace
}  // namespace ior::test
