// How the pairer follows threads from their first record to their end: ends that are read early,
// ids that are used again, fork and exec.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <span>

#include "tests/support/actor_chain.hpp"
#include "tests/support/records.hpp"

namespace ior::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Ids kThread = {.task = 1, .tgid = 100, .tid = 100};

RecordBuilder read_call(std::uint32_t seq, const Ids& ids = kThread) {
  return whole_record(SYS_read, 1000ull * seq, seq).of(ids).seq(seq).at(1000ull * seq + 100);
}

RecordBuilder exec_enter(std::uint32_t seq, const Ids& ids) {
  return enter_record(SYS_execve).of(ids).seq(seq).at(1000ull * seq).text("/bin/cat");
}

RecordBuilder exec_exit(std::uint32_t seq, const Ids& ids) {
  return exit_record(SYS_execve, 1000ull * seq, 0).of(ids).seq(seq).at(1000ull * seq + 100);
}

RecordBuilder end_of(std::uint32_t last_seq, const Ids& ids = kThread) {
  return end_record(last_seq).of(ids).at(1000ull * last_seq + 500);
}

RecordBuilder death_in(std::uint32_t seq, const Ids& ids = kThread) {
  return end_of(seq, ids).mark(IOR_NO_RETURN);
}

class PairerLifetimeTest : public testing::Test {
 protected:
  std::vector<SeenCall> feed(const std::vector<RecordBuilder>& records) {
    std::vector<Bytes> bytes;
    for (const RecordBuilder& record : records) bytes.push_back(record.bytes());
    auto calls = chain_.feed(bytes);
    all_.insert(all_.end(), calls.begin(), calls.end());
    return calls;
  }
  void pass() {
    auto calls = chain_.empty_pass();
    all_.insert(all_.end(), calls.begin(), calls.end());
  }
  void finish() {
    auto calls = chain_.finish();
    all_.insert(all_.end(), calls.begin(), calls.end());
  }
  void expect_nothing_wrong() {
    EXPECT_EQ(chain_.counts().given_up, 0u);
    EXPECT_EQ(chain_.counts().unmatched, 0u);
    for (const SeenCall& call : all_) EXPECT_FALSE(call.after_loss) << call;
  }

  ActorChain chain_;
  std::vector<SeenCall> all_;
};

TEST_F(PairerLifetimeTest, DropsAThreadAtItsEnd) {
  feed({read_call(1), read_call(2)});
  EXPECT_EQ(chain_.thread_count(), 1u);
  feed({end_of(2)});
  EXPECT_EQ(chain_.thread_count(), 0u);
  expect_nothing_wrong();
}

TEST_F(PairerLifetimeTest, TakesCallsThatAreReadBehindTheEndOfTheirThread) {
  feed({end_of(3), read_call(3)});
  EXPECT_EQ(chain_.thread_count(), 1u);
  feed({read_call(2), read_call(1)});
  EXPECT_EQ(all_.size(), 3u);
  EXPECT_EQ(chain_.thread_count(), 0u);
  finish();
  expect_nothing_wrong();
}

TEST_F(PairerLifetimeTest, DropsAThreadOfWhichOnlyTheEndWasNotLost) {
  feed({end_of(3)});
  finish();
  EXPECT_EQ(chain_.counts().given_up, 3u);
  EXPECT_EQ(chain_.thread_count(), 0u);
}

TEST_F(PairerLifetimeTest, CountsTheCallsThatWereLostBeforeTheEnd) {
  feed({read_call(1), end_of(3)});
  chain_.empty_pass();
  EXPECT_EQ(chain_.counts().given_up, 0u);
  chain_.empty_pass();
  EXPECT_EQ(chain_.counts().given_up, 2u);
  EXPECT_EQ(chain_.thread_count(), 0u);
}

TEST_F(PairerLifetimeTest, DropsAThreadThatDiedInACall) {
  feed({read_call(1), exec_enter(2, kThread), death_in(2)});
  finish();
  EXPECT_EQ(chain_.thread_count(), 0u);
  EXPECT_EQ(all_.size(), 1u);
  expect_nothing_wrong();
}

TEST_F(PairerLifetimeTest, DropsAThreadThatDiedInACallWhoseEnterWasDamaged) {
  feed({read_call(1), death_in(2)});
  chain_.empty_pass();
  EXPECT_EQ(chain_.thread_count(), 1u) << "the enter may still come";
  chain_.empty_pass();
  EXPECT_EQ(chain_.thread_count(), 0u);
  expect_nothing_wrong();
}

TEST_F(PairerLifetimeTest, WaitsForTheCallsBeforeTheOneThatAThreadDiedIn) {
  feed({death_in(3), read_call(1)});
  feed({read_call(2)});
  EXPECT_EQ(all_.size(), 2u);
  finish();
  EXPECT_EQ(chain_.thread_count(), 0u);
  expect_nothing_wrong();
}

// The thread enters on one CPU and is killed on another, whose ring is read first.
TEST_F(PairerLifetimeTest, KnowsAThreadThatDiedInACallWhoseEnterIsReadBehindItsEnd) {
  feed({read_call(1)});
  feed({death_in(2)});
  feed({exec_enter(2, kThread)});
  finish();
  EXPECT_EQ(chain_.thread_count(), 0u);
  EXPECT_EQ(all_.size(), 1u);
  expect_nothing_wrong();
}

TEST_F(PairerLifetimeTest, StartsAChildAtItsOwnFirstCall) {
  const Ids child = {.task = 2, .tgid = 101, .tid = 101};
  const auto calls = feed({read_call(1).intro("sh", 11), read_call(2),
                           read_call(1, child).intro("child", 22), read_call(3)});
  ASSERT_EQ(calls.size(), 4u);
  EXPECT_EQ(calls[2].gap_ns, 0u);
  EXPECT_EQ(calls[2].comm, "child");
  EXPECT_EQ(calls[2].process_start_ns, 22u);
  EXPECT_EQ(calls[3].gap_ns, 900u);
  expect_nothing_wrong();
}

TEST_F(PairerLifetimeTest, StartsAfreshWhenAThreadIdIsUsedAgain) {
  const Ids reused = {.task = 9, .tgid = 100, .tid = 100};
  feed({read_call(1).intro("old", 11), end_of(1)});
  const auto calls = feed({read_call(1, reused).intro("new", 22)});
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].comm, "new");
  EXPECT_EQ(calls[0].process_start_ns, 22u);
  EXPECT_EQ(calls[0].gap_ns, 0u);
  EXPECT_EQ(chain_.thread_count(), 1u);
  expect_nothing_wrong();
}

// As where the ends of very many threads were lost.
TEST(PairerForgets, TheThreadsThatWereQuietForLongestWhereThereAreTooMany) {
  constexpr std::uint32_t kMax = 100;
  ActorChain chain({}, 1, kMax);
  const auto call_of = [](std::uint32_t task, std::uint32_t seq) {
    return read_call(seq, {.task = task, .tgid = task, .tid = task}).at(task * 1000 + seq).bytes();
  };
  for (std::uint32_t task = 1; task <= 10 * kMax; ++task) {
    EXPECT_EQ(chain.feed(std::vector<Bytes>(1, call_of(task, 1))).size(), 1u);
    EXPECT_LE(chain.thread_count(), kMax);
  }
  const auto later = chain.feed(std::vector<Bytes>{call_of(1, 7), call_of(1, 8)});
  ASSERT_EQ(later.size(), 2u) << "a forgotten thread is taken up where it is";
  EXPECT_TRUE(later[0].after_loss) << "its gap is not known";
  EXPECT_FALSE(later[1].after_loss);
  EXPECT_EQ(chain.feed(std::vector<Bytes>(1, call_of(10 * kMax, 2))).size(), 1u)
      << "the latest was not forgotten";
  EXPECT_EQ(chain.counts().given_up + chain.counts().unmatched, 0u);
}

// The ring with the new thread's calls is read before the ring with the old one's last.
TEST_F(PairerLifetimeTest, TakesCallsOfAThreadThatAreReadBehindThoseOfTheNextWithItsId) {
  const Ids reused = {.task = 9, .tgid = 100, .tid = 100};
  feed({read_call(1).intro("old")});
  feed({read_call(1, reused).intro("new").at(9000), read_call(2), end_of(2),
        read_call(2, reused).at(9900)});
  finish();
  EXPECT_EQ(all_.size(), 4u);
  EXPECT_EQ(chain_.thread_count(), 1u);
  expect_nothing_wrong();
}

TEST_F(PairerLifetimeTest, TakesAWholeThreadThatIsReadBehindTheNextWithItsId) {
  const Ids reused = {.task = 9, .tgid = 100, .tid = 100};
  feed({read_call(1, reused).intro("new").at(9000)});
  feed({read_call(1).intro("old"), read_call(2), end_of(2)});
  chain_.empty_pass();
  chain_.empty_pass();
  const auto calls = feed({read_call(2, reused).at(9900)});
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].comm, "new");
  EXPECT_EQ(chain_.thread_count(), 1u);
  finish();
  expect_nothing_wrong();
}

constexpr Ids kLeader = {.task = 1, .tgid = 100, .tid = 100};
constexpr Ids kWorker = {.task = 2, .tgid = 100, .tid = 101};
constexpr Ids kWorkerAsLeader = {.task = 2, .tgid = 100, .tid = 100};

TEST_F(PairerLifetimeTest, ShowsAnExecveUnderTheThreadIdThatEnteredIt) {
  feed({read_call(1, kLeader).intro("leader"), read_call(1, kWorker).intro("worker")});
  feed({exec_enter(2, kWorker), end_of(1, kLeader), exec_exit(2, kWorker),
        read_call(3, kWorkerAsLeader).intro("cat")});
  pass();
  pass();
  ASSERT_EQ(all_.size(), 4u);
  const std::span calls(all_.begin() + 2, all_.end());
  EXPECT_EQ(calls[0].number, SYS_execve);
  EXPECT_EQ(calls[0].tid, 101u);
  EXPECT_EQ(calls[0].comm, "worker");
  EXPECT_EQ(calls[0].path, "/bin/cat");
  EXPECT_EQ(calls[1].tid, 100u);
  EXPECT_EQ(calls[1].comm, "cat");
  EXPECT_EQ(calls[1].gap_ns, 900u);
  EXPECT_EQ(chain_.thread_count(), 1u);
  feed({end_of(3, kWorkerAsLeader)});
  EXPECT_EQ(chain_.thread_count(), 0u);
  expect_nothing_wrong();
}

// The new program's first calls are read before the old leader's last ones and its end.
TEST_F(PairerLifetimeTest, ShowsTheOldLeadersCallsFirstWhenTheyAreReadBehindTheExec) {
  feed({read_call(1, kLeader).intro("leader")});
  feed({read_call(2, kWorkerAsLeader).at(9000).intro("cat"), exec_enter(1, kWorker).intro("worker"),
        exec_exit(1, kWorker)});
  pass();
  feed({read_call(2, kLeader), end_of(2, kLeader)});
  feed({read_call(3, kWorkerAsLeader).at(9900), end_of(3, kWorkerAsLeader)});
  finish();
  std::vector<std::string> of_leader_id;
  for (const SeenCall& call : all_) {
    if (call.tid == kLeader.tid) of_leader_id.push_back(call.comm);
  }
  EXPECT_THAT(of_leader_id, ElementsAre("leader", "leader", "cat", "cat"));
  EXPECT_EQ(all_.size(), 5u);
  EXPECT_EQ(chain_.thread_count(), 0u);
  expect_nothing_wrong();
}

TEST_F(PairerLifetimeTest, FollowsAnExecedThreadWhoseFormerIdIsUsedAgain) {
  const Ids next = {.task = 3, .tgid = 100, .tid = 101};
  feed({read_call(1, kWorker), exec_enter(2, kWorker), exec_exit(2, kWorker)});
  chain_.end_pass();
  feed({read_call(1, next).at(9000)});
  chain_.empty_pass();
  chain_.empty_pass();
  feed({read_call(3, kWorkerAsLeader).at(9900), read_call(2, next).at(9950)});
  pass();
  pass();
  EXPECT_EQ(all_.size(), 5u);
  EXPECT_EQ(chain_.thread_count(), 2u);
  finish();
  expect_nothing_wrong();
}

}  // namespace
}  // namespace ior::test
