#include "actors/pairer.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include "model/path.hpp"
#include "tests/support/actor_chain.hpp"
#include "tests/support/records.hpp"

namespace ior::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// In these tests the n-th call of a thread enters at 1000 n, takes 100 ns and returns n.
constexpr std::uint64_t kDurationNs = 100;

std::uint64_t enter_ns_of(std::uint32_t seq) {
  return 1000ull * seq;
}

RecordBuilder read_call(std::uint32_t seq, const Ids& ids = {}) {
  return whole_record(SYS_read, enter_ns_of(seq), seq)
      .of(ids)
      .seq(seq)
      .at(enter_ns_of(seq) + kDurationNs);
}

RecordBuilder open_enter(std::uint32_t seq, const Ids& ids = {}) {
  return enter_record(SYS_openat)
      .of(ids)
      .seq(seq)
      .at(enter_ns_of(seq))
      .text("/file" + std::to_string(seq));
}

RecordBuilder open_exit(std::uint32_t seq, const Ids& ids = {}) {
  return exit_record(SYS_openat, enter_ns_of(seq), seq)
      .of(ids)
      .seq(seq)
      .at(enter_ns_of(seq) + kDurationNs);
}

std::vector<Bytes> bytes_of(const std::vector<RecordBuilder>& records) {
  std::vector<Bytes> bytes;
  for (const RecordBuilder& record : records) bytes.push_back(record.bytes());
  return bytes;
}

std::vector<std::int64_t> returns(const std::vector<SeenCall>& calls) {
  std::vector<std::int64_t> returns;
  for (const SeenCall& call : calls) returns.push_back(call.ret);
  return returns;
}

class PairerTest : public testing::Test {
 protected:
  std::vector<SeenCall> feed(const std::vector<RecordBuilder>& records) {
    return chain_.feed(bytes_of(records));
  }
  // The returns of the calls that a batch finishes.
  std::vector<std::int64_t> returns_of(const std::vector<RecordBuilder>& records) {
    return returns(feed(records));
  }
  // Passes until what is held cannot be waited for any more.
  std::vector<SeenCall> pass_watermark() {
    std::vector<SeenCall> calls = chain_.empty_pass();
    EXPECT_THAT(calls, IsEmpty()) << "given up a pass too early";
    return chain_.empty_pass();
  }
  const PairerCounts& counts() const { return chain_.counts(); }

  ActorChain chain_;
};

TEST_F(PairerTest, MakesACallOfOneRecord) {
  const auto calls = feed({whole_record(SYS_read, 1000, 17)
                               .at(1250)
                               .intro("cat", 55)
                               .file(file_with(IOR_FILE_INLINE, 3, O_RDWR))
                               .inline_name("/a")});
  const SeenCall wanted = {.number = SYS_read,
                           .has_flags = true,
                           .tgid = 100,
                           .tid = 100,
                           .flags = O_RDWR,
                           .process_start_ns = 55,
                           .enter_ns = 1000,
                           .duration_ns = 250,
                           .ret = 17,
                           .comm = "cat",
                           .path = "/a"};
  EXPECT_THAT(calls, ElementsAre(wanted));
  EXPECT_EQ(counts().seen, 1u);
  EXPECT_EQ(counts().recorded, 1u);
}

TEST_F(PairerTest, MakesACallOfTwoHalves) {
  const auto enter = enter_record(SYS_openat)
                         .at(1000)
                         .args({0, 0, O_WRONLY | O_CREAT, 0})
                         .intro("cp", 55)
                         .text("/a/../b");
  EXPECT_THAT(feed({enter}), IsEmpty());
  const auto calls = feed({exit_record(SYS_openat, 1000, -2).at(1500)});
  const SeenCall wanted = {.number = SYS_openat,
                           .has_flags = true,
                           .tgid = 100,
                           .tid = 100,
                           .flags = O_WRONLY | O_CREAT,
                           .process_start_ns = 55,
                           .enter_ns = 1000,
                           .duration_ns = 500,
                           .ret = -2,
                           .comm = "cp",
                           .path = "/a/../b"};
  EXPECT_THAT(calls, ElementsAre(wanted));
}

TEST_F(PairerTest, NamesASuccessfulOpenByItsFileAndKeepsTheFlagsAsPassed) {
  feed({open_enter(1).args({0, 0, O_RDONLY | O_CLOEXEC, 0})});
  const auto calls =
      feed({open_exit(1).file(file_with(IOR_FILE_INLINE, 3, O_RDWR)).inline_name("/real")});
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].path, "/real");
  EXPECT_EQ(calls[0].flags, static_cast<std::uint32_t>(O_RDONLY | O_CLOEXEC));
}

TEST_F(PairerTest, TakesTheFilesFlagsWhereThoseOfTheCallCouldNotBeRead) {
  const auto calls = feed({enter_record(SYS_openat2).at(1000).args({0, 0, 0x7000, 24}).text("/a"),
                           exit_record(SYS_openat2, 1000, 3)
                               .file(file_with(IOR_FILE_INLINE, 3, O_RDWR | O_APPEND))
                               .inline_name("/a")});
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_TRUE(calls[0].has_flags);
  EXPECT_EQ(calls[0].flags, static_cast<std::uint32_t>(O_RDWR | O_APPEND));
}

struct FaultCase {
  const char* what;
  const char* text;
  ior_text_status status;
  const char* wanted;
};

void PrintTo(const FaultCase& fault, std::ostream* out) {
  *out << fault.what;
}

class PairerFault : public PairerTest, public testing::WithParamInterface<FaultCase> {};

TEST_P(PairerFault, ComesWholeAtExit) {
  const FaultCase& fault = GetParam();
  const auto calls = feed(
      {name_record(1, "/srv"),
       whole_record(SYS_openat, 1, -2).at(2).file(named_file(1)).text(fault.text, fault.status)});
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].path, fault.wanted);
}

INSTANTIATE_TEST_SUITE_P(
    All, PairerFault,
    testing::Values(FaultCase{"relative", "a", IOR_TEXT_OK, "/srv/a"},
                    FaultCase{"absolute", "/etc/hosts", IOR_TEXT_OK, "/etc/hosts"},
                    FaultCase{"empty", "", IOR_TEXT_OK, "/srv"},
                    FaultCase{"never_readable", "", IOR_TEXT_FAULT, "[unknown: bad address]"}),
    [](const auto& info) { return info.param.what; });

TEST_F(PairerTest, TakesBothTextsOfACallThatComesWhole) {
  const auto calls =
      feed({whole_record(SYS_symlink, 1, 0).at(2).text("/link").other_text("../target")});
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].path, "/link");
  EXPECT_EQ(calls[0].old_path, "../target");
}

TEST_F(PairerTest, MeasuresTheGapFromThePreviousExit) {
  const auto calls = feed({read_call(1), open_enter(2), open_exit(2), read_call(3)});
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(calls[0].gap_ns, 0u);
  EXPECT_EQ(calls[1].gap_ns, 900u);
  EXPECT_EQ(calls[2].gap_ns, 900u);
}

TEST_F(PairerTest, KeepsThreadsApart) {
  const Ids first = {.task = 1, .tgid = 100, .tid = 100};
  const Ids second = {.task = 2, .tgid = 100, .tid = 101};
  const auto calls =
      feed({open_enter(1, first).intro("one"), open_enter(1, second).intro("two"),
            open_exit(1, second), open_exit(1, first), read_call(2, first), read_call(2, second)});
  ASSERT_EQ(calls.size(), 4u);
  EXPECT_EQ(calls[0].comm, "two");
  EXPECT_EQ(calls[0].tid, 101u);
  EXPECT_EQ(calls[1].comm, "one");
  EXPECT_EQ(calls[2].gap_ns, 900u);
  EXPECT_EQ(calls[3].gap_ns, 900u);
}

TEST_F(PairerTest, HoldsACallThatIsReadBeforeTheOneBeforeIt) {
  EXPECT_THAT(returns_of({read_call(1), read_call(3)}), ElementsAre(1));
  const auto calls = feed({read_call(2)});
  EXPECT_THAT(returns(calls), ElementsAre(2, 3));
  EXPECT_EQ(calls[1].gap_ns, 900u);
  EXPECT_FALSE(calls[1].after_loss);
  EXPECT_EQ(counts().given_up, 0u);
}

TEST_F(PairerTest, PutsCallsReadBackwardsIntoOrder) {
  EXPECT_THAT(feed({open_exit(4), open_enter(4), read_call(3)}), IsEmpty());
  EXPECT_THAT(feed({open_exit(2), open_enter(2)}), IsEmpty());
  EXPECT_THAT(returns_of({read_call(1)}), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(counts().given_up + counts().unmatched, 0u);
}

TEST_F(PairerTest, MatchesAnExitThatIsReadBeforeItsEnter) {
  EXPECT_THAT(feed({open_exit(1)}), IsEmpty());
  chain_.end_pass();
  const auto calls = feed({open_enter(1)});
  EXPECT_THAT(returns(calls), ElementsAre(1));
  EXPECT_EQ(calls[0].path, "/file1");
  EXPECT_EQ(counts().unmatched, 0u);
}

TEST_F(PairerTest, KeepsWhatAHeldCallShowsBeyondItsBatch) {
  const std::string path = "/a path that is too long to lie in a string object itself";
  feed({exit_record(SYS_rename, 2000, -2).seq(2), whole_record(SYS_read, 3000, 3)
                                                      .seq(3)
                                                      .intro("later", 77)
                                                      .file(file_with(IOR_FILE_INLINE))
                                                      .inline_name(path)});
  feed({enter_record(SYS_rename).seq(2).intro("sooner", 66).text("new").other_text("old")});
  const auto calls = feed({read_call(1).intro("first", 66)});
  ASSERT_THAT(returns(calls), ElementsAre(1, -2, 3));
  EXPECT_EQ(calls[1].comm, "sooner");
  EXPECT_EQ(calls[1].path, "new");
  EXPECT_EQ(calls[1].old_path, "old");
  EXPECT_EQ(calls[2].comm, "later");
  EXPECT_EQ(calls[2].process_start_ns, 77u);
  EXPECT_EQ(calls[2].path, path);
}

TEST_F(PairerTest, ChangesTheCommAtItsCallEvenWhenReadOutOfOrder) {
  const auto first = feed({read_call(1).intro("a"), read_call(4), read_call(3).intro("b")});
  const auto rest = feed({read_call(2), read_call(5).intro("c")});
  EXPECT_EQ(first.at(0).comm, "a");
  ASSERT_THAT(returns(rest), ElementsAre(2, 3, 4, 5));
  EXPECT_EQ(rest[0].comm, "a");
  EXPECT_EQ(rest[1].comm, "b");
  EXPECT_EQ(rest[2].comm, "b");
  EXPECT_EQ(rest[3].comm, "c");
}

TEST_F(PairerTest, EndsACommThatFillsItsFieldBeforeTheLastByte) {
  EXPECT_EQ(feed({read_call(1).intro("sixteen letters!")}).at(0).comm, "sixteen letters");
}

TEST_F(PairerTest, GivesAMissingCallUpOnlyWhenItCannotComeAnyMore) {
  feed({read_call(1), read_call(3)});
  const auto calls = pass_watermark();
  ASSERT_THAT(returns(calls), ElementsAre(3));
  EXPECT_TRUE(calls[0].after_loss);
  EXPECT_EQ(calls[0].gap_ns, 1900u);
  EXPECT_EQ(counts().given_up, 1u);
  EXPECT_EQ(counts().seen, 2u);
}

TEST_F(PairerTest, StillTakesAMissingCallInTheLastPassInWhichItMayCome) {
  feed({read_call(1), read_call(3)});
  chain_.end_pass();
  EXPECT_THAT(returns_of({read_call(2)}), ElementsAre(2, 3));
  EXPECT_THAT(pass_watermark(), IsEmpty());
  EXPECT_EQ(counts().given_up, 0u);
}

TEST_F(PairerTest, GivesMissingCallsUpAtTheEndOfTheTrace) {
  feed({read_call(1), read_call(3), open_enter(6), open_exit(6)});
  EXPECT_THAT(returns(chain_.finish()), ElementsAre(3, 6));
  EXPECT_EQ(counts().given_up, 3u);
}

TEST_F(PairerTest, WaitsForEachMissingCallByItself) {
  feed({read_call(1), read_call(3)});
  chain_.end_pass();
  EXPECT_THAT(feed({read_call(5)}), IsEmpty());
  chain_.end_pass();
  EXPECT_THAT(returns_of({}), ElementsAre(3)) << "4 may still come";
  EXPECT_THAT(returns_of({read_call(4)}), ElementsAre(4, 5));
  EXPECT_EQ(counts().given_up, 1u);
}

TEST_F(PairerTest, CountsACallOfWhichOnlyTheEnterCame) {
  feed({open_enter(1), read_call(2)});
  const auto calls = pass_watermark();
  ASSERT_THAT(returns(calls), ElementsAre(2));
  EXPECT_TRUE(calls[0].after_loss);
  EXPECT_EQ(calls[0].gap_ns, 0u) << "no exit came before it";
  EXPECT_EQ(calls[0].path, "");
  EXPECT_EQ(counts().given_up, 1u);
}

TEST_F(PairerTest, CountsACallOfWhichOnlyTheExitCame) {
  feed({read_call(1), open_exit(2), read_call(3)});
  const auto calls = pass_watermark();
  ASSERT_THAT(returns(calls), ElementsAre(3));
  EXPECT_TRUE(calls[0].after_loss);
  EXPECT_EQ(counts().given_up, 1u);
  EXPECT_EQ(counts().unmatched, 1u);
}

TEST_F(PairerTest, MarksExactlyTheNextCallAfterALoss) {
  feed({read_call(1), read_call(3), read_call(4)});
  const auto held = pass_watermark();
  const auto next = feed({read_call(5)});
  ASSERT_THAT(returns(held), ElementsAre(3, 4));
  EXPECT_TRUE(held[0].after_loss);
  EXPECT_FALSE(held[1].after_loss);
  EXPECT_FALSE(next.at(0).after_loss);
}

TEST_F(PairerTest, MarksAThreadsFirstRecordedCallWhereItsFirstWasLost) {
  feed({read_call(3)});
  const auto calls = pass_watermark();
  ASSERT_THAT(returns(calls), ElementsAre(3));
  EXPECT_TRUE(calls[0].after_loss);
  EXPECT_EQ(calls[0].gap_ns, 0u);
  EXPECT_EQ(counts().given_up, 2u);
}

TEST_F(PairerTest, MarksTheCallThatTellsOfALossBeforeIt) {
  const auto calls =
      feed({read_call(1), open_enter(2).mark(IOR_AFTER_LOSS), open_exit(2), read_call(3)});
  ASSERT_THAT(returns(calls), ElementsAre(1, 2, 3));
  EXPECT_FALSE(calls[0].after_loss);
  EXPECT_TRUE(calls[1].after_loss);
  EXPECT_EQ(calls[1].gap_ns, 900u) << "from the previous recorded exit";
  EXPECT_FALSE(calls[2].after_loss);
  EXPECT_EQ(counts().given_up, 0u) << "the kernel side counts what it never wrote";
}

TEST_F(PairerTest, WaitsForNothingWhenTheNextCallTellsThatAnExitWasLost) {
  const auto lost = IOR_AFTER_LOSS | IOR_EXIT_LOST;
  const auto calls = feed({open_enter(1), read_call(2).mark(lost), read_call(3)});
  ASSERT_THAT(returns(calls), ElementsAre(2, 3));
  EXPECT_TRUE(calls[0].after_loss);
  EXPECT_EQ(calls[0].path, "");
  EXPECT_FALSE(calls[1].after_loss);
  EXPECT_EQ(counts().given_up, 0u);
  EXPECT_EQ(counts().unmatched, 0u);
}

TEST_F(PairerTest, StillWaitsForTheEnterOfACallWhoseExitWasLost) {
  const auto lost = IOR_AFTER_LOSS | IOR_EXIT_LOST;
  EXPECT_THAT(feed({read_call(2).mark(lost).intro("later")}), IsEmpty());
  EXPECT_THAT(returns_of({open_enter(1).intro("sooner")}), ElementsAre(2));
  const auto calls = feed({read_call(3)});
  EXPECT_EQ(calls.at(0).comm, "later");
  EXPECT_EQ(counts().given_up, 0u);
}

TEST_F(PairerTest, TakesCallsBackwardsOfWhichEveryExitWasLost) {
  const auto lost = IOR_AFTER_LOSS | IOR_EXIT_LOST;
  feed({read_call(4).mark(lost), open_enter(3).mark(lost), open_enter(2).mark(lost)});
  EXPECT_THAT(returns_of({open_enter(1)}), ElementsAre(4));
  EXPECT_EQ(counts().given_up, 0u);
}

TEST_F(PairerTest, CountsRecordsThatFitNoCallOfTheirThread) {
  feed({read_call(1), read_call(2)});
  EXPECT_THAT(feed({read_call(1), open_enter(2), read_call(0)}), IsEmpty());
  EXPECT_EQ(counts().unmatched, 3u);
  EXPECT_THAT(returns_of({read_call(3)}), ElementsAre(3));
}

TEST_F(PairerTest, CountsNoCallAsGivenUpThatHasNotReturnedAtTheEnd) {
  feed({open_enter(1), open_enter(1, {.task = 2, .tid = 101})});
  feed({open_exit(1)});
  chain_.finish();
  EXPECT_EQ(counts().seen, 1u);
  EXPECT_EQ(counts().given_up, 0u);
}

TEST_F(PairerTest, RecordsACallThatNeverReturns) {
  const auto exit = whole_record(SYS_exit_group, 2000, 0).seq(2).at(2000).mark(IOR_NO_RETURN);
  const auto calls = feed({read_call(1).intro("sh"), exit, end_record(2)});
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_TRUE(calls[1].no_return);
  EXPECT_EQ(calls[1].number, SYS_exit_group);
  EXPECT_EQ(calls[1].duration_ns, 0u);
  EXPECT_EQ(calls[1].gap_ns, 900u);
  EXPECT_EQ(calls[1].comm, "sh");
  EXPECT_EQ(chain_.thread_count(), 0u);
}

TEST_F(PairerTest, MarksCallsOfThe32BitTable) {
  const auto calls = feed({read_call(1).mark(IOR_COMPAT), open_enter(2).mark(IOR_COMPAT),
                           open_exit(2).mark(IOR_COMPAT)});
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].table, IOR_TABLE_32);
  EXPECT_EQ(calls[1].table, IOR_TABLE_32);
}

TEST_F(PairerTest, PassesProcessesOnInTheirBatch) {
  const auto batch = decoded(
      concatenated({process_record({.start_ns = 5, .ppid = 0, .uid = 0, .mount_namespace = 0},
                                   "/bin/cat", "", "")
                        .bytes()}));
  Pairer pairer(0, {});
  pairer.pair(*batch);
  const auto& processes = batch->shards.front().processes;
  ASSERT_EQ(processes.size(), 1u);
  EXPECT_EQ(processes[0].record.head().tgid, 100u);
  EXPECT_EQ(processes[0].record.process().start_ns, 5u);
  EXPECT_EQ(processes[0].record.executable().bytes, "/bin/cat");
  EXPECT_EQ(pairer.thread_count(), 0u) << "a process is no call of a thread";
}

class PairerFilterTest : public testing::Test {
 protected:
  // Calls 1 to 4 with the comms a, b, b, a and the paths of the same number.
  std::vector<SeenCall> run(const CallFilter& filter) {
    ActorChain chain(filter);
    auto calls = chain.feed(bytes_of({open_enter(1).intro("comm a"), open_exit(1),
                                      open_enter(2).intro("comm b"), open_exit(2), open_enter(3),
                                      open_exit(3), open_enter(4).intro("comm a"), open_exit(4)}));
    counts_ = chain.counts();
    return calls;
  }
  PairerCounts counts_;
};

TEST_F(PairerFilterTest, RecordsOnlyCallsWhoseCommHasTheText) {
  const auto calls = run({.comm = "m a", .path = ""});
  ASSERT_THAT(returns(calls), ElementsAre(1, 4));
  EXPECT_EQ(calls[1].gap_ns, 2900u) << "from the previous recorded call";
  EXPECT_FALSE(calls[1].after_loss) << "filtered out is not lost";
  EXPECT_EQ(counts_.seen, 4u);
  EXPECT_EQ(counts_.recorded, 2u);
}

TEST_F(PairerFilterTest, RecordsOnlyCallsWhosePathHasTheText) {
  const auto calls = run({.comm = "", .path = "file3"});
  ASSERT_THAT(returns(calls), ElementsAre(3));
  EXPECT_EQ(calls[0].gap_ns, 0u) << "the first recorded one";
}

TEST_F(PairerFilterTest, RecordsOnlyCallsThatPassBoth) {
  EXPECT_THAT(returns(run({.comm = "b", .path = "file3"})), ElementsAre(3));
  EXPECT_THAT(run({.comm = "a", .path = "file3"}), IsEmpty());
}

TEST_F(PairerFilterTest, LooksAtTheOldPathToo) {
  ActorChain chain({.comm = "", .path = "from"});
  const auto calls = chain.feed(bytes_of(
      {enter_record(SYS_rename).text("/to").other_text("/from"), exit_record(SYS_rename, 1, 0)}));
  EXPECT_EQ(calls.size(), 1u);
}

TEST_F(PairerFilterTest, KeepsTheMarkOfALossForTheNextRecordedCall) {
  ActorChain chain({.comm = "", .path = "/file4"});
  chain.feed(bytes_of(
      {open_enter(1), open_exit(1), open_enter(3), open_exit(3), open_enter(4), open_exit(4)}));
  const auto calls = chain.finish();
  ASSERT_THAT(returns(calls), ElementsAre(4));
  EXPECT_TRUE(calls[0].after_loss);
}

}  // namespace
}  // namespace ior::test
