// Histories of many threads, scattered over rings as the kernel side does it, and read in random
// passes and pieces: every call that arrives whole comes out once, in its thread's order, and
// exactly the others are counted as lost.
#include <gtest/gtest.h>

#include <random>

#include "tests/support/actor_chain.hpp"
#include "tests/support/expected_calls.hpp"
#include "tests/support/kernel_history.hpp"

namespace ior::test {
namespace {

// Reads a history's rings while they are being written. Every pass ends where each ring had been
// written when the pass came to look at it; between two looks more is written.
class RandomReader {
 public:
  RandomReader(const History& history, std::size_t rings, std::uint64_t seed, ActorChain& chain)
      : history_(history),
        random_(seed),
        chain_(chain),
        until_(rings),
        position_(rings),
        rings_(rings) {
    for (std::size_t i = 0; i < history.written.size(); ++i) {
      rings_[history.written[i].ring].push_back(i);
    }
  }

  std::vector<SeenCall> read_all() {
    while (read_ < history_.written.size()) read_pass();
    add(chain_.finish());
    return std::move(calls_);
  }

 private:
  void look() {
    for (std::size_t ring = 0; ring < rings_.size(); ++ring) {
      if (random_() % 2) written_ += random_() % 40;
      written_ = std::min(written_, history_.written.size());
      const auto& records = rings_[ring];
      until_[ring] =
          static_cast<std::size_t>(std::ranges::lower_bound(records, written_) - records.begin());
    }
  }

  std::vector<std::size_t> pending_rings() const {
    std::vector<std::size_t> pending;
    for (std::size_t ring = 0; ring < rings_.size(); ++ring) {
      if (position_[ring] < until_[ring]) pending.push_back(ring);
    }
    return pending;
  }

  void read_pass() {
    look();
    for (auto pending = pending_rings(); !pending.empty(); pending = pending_rings()) {
      const std::size_t ring = pending[random_() % pending.size()];
      const std::size_t left = until_[ring] - position_[ring];
      for (std::size_t count = 1 + random_() % left; count > 0; --count) {
        batch_.push_back(history_.written[rings_[ring][position_[ring]++]].bytes);
        ++read_;
      }
      if (random_() % 3 == 0) send();
    }
    send();
    chain_.end_pass();
  }

  void send() { add(chain_.feed(std::exchange(batch_, {}))); }
  void add(std::vector<SeenCall> calls) { std::ranges::move(calls, std::back_inserter(calls_)); }

  const History& history_;
  std::mt19937_64 random_;
  ActorChain& chain_;
  std::size_t written_ = 0;  // records, so far
  std::size_t read_ = 0;
  std::vector<std::size_t> until_;
  std::vector<std::size_t> position_;
  std::vector<std::vector<std::size_t>> rings_;  // indexes into the history
  std::vector<Bytes> batch_;
  std::vector<SeenCall> calls_;
};

class PairerRandom : public testing::TestWithParam<HistoryOptions> {};

// The first difference only: histories are long.
void expect_same(const std::vector<SeenCall>& actual, const std::vector<SeenCall>& expected) {
  const auto [a, e] = std::ranges::mismatch(actual, expected);
  if (a != actual.end() && e != expected.end()) {
    EXPECT_EQ(*a, *e) << "call " << a - actual.begin() << " of the task";
  } else {
    EXPECT_EQ(actual.size(), expected.size());
  }
}

// Also of those of different tasks, of which one took over the other's id by exec.
void expect_ids_in_order(const std::vector<SeenCall>& calls) {
  std::map<std::uint32_t, std::uint64_t> last_enter_ns;
  for (const SeenCall& call : calls) {
    std::uint64_t& last = last_enter_ns[call.tid];
    EXPECT_LT(last, call.enter_ns) << call;
    last = call.enter_ns;
  }
}

void expect_exact(const HistoryOptions& options, const CallFilter& filter) {
  const History history = make_history(options);
  ActorChain chain(filter, options.rings);
  RandomReader reader(history, options.rings, options.seed, chain);
  const std::vector<SeenCall> calls = reader.read_all();
  if (!options.reuses_thread_ids && options.damage_percent == 0) expect_ids_in_order(calls);
  const CallsByTask actual = by_task(history, calls);
  const CallsByTask expected = expected_calls(history, filter);
  std::size_t arrived = 0;
  for (const auto& [task, truth] : history.calls) arrived += truth.size();
  EXPECT_EQ(actual.size(), expected.size());
  for (const auto& [task, truth] : expected) {
    const auto found = actual.find(task);
    ASSERT_NE(found, actual.end()) << "task " << task;
    SCOPED_TRACE(testing::Message() << "task " << task);
    expect_same(found->second, truth);
  }
  EXPECT_EQ(chain.counts().seen, arrived);
  EXPECT_EQ(chain.counts().given_up, history.given_up);
  EXPECT_EQ(chain.counts().unmatched, history.unmatched);
  EXPECT_EQ(chain.malformed(), history.damaged);
  EXPECT_EQ(chain.thread_count(), 0u);
}

TEST_P(PairerRandom, HistoryComesOutExactly) {
  HistoryOptions options = GetParam();
  for (options.seed = 1; options.seed <= 25; ++options.seed) {
    SCOPED_TRACE(testing::Message() << "seed " << options.seed);
    expect_exact(options, {});
    if (HasFailure()) break;
  }
}

TEST_P(PairerRandom, FilteredHistoryComesOutExactly) {
  HistoryOptions options = GetParam();
  for (options.seed = 1001; options.seed <= 1010; ++options.seed) {
    SCOPED_TRACE(testing::Message() << "seed " << options.seed);
    expect_exact(options, {.comm = "renamed", .path = "file1"});
    if (HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, PairerRandom,
    testing::Values(
        HistoryOptions{.name = "OneRing", .rings = 1},
        HistoryOptions{.name = "ManyRings", .rings = 8},
        HistoryOptions{.name = "OneThreadThatMovesAlways", .threads = 1, .migrate_percent = 100},
        HistoryOptions{.name = "WithLosses", .loss_percent = 10},
        HistoryOptions{.name = "WithHeavyLosses", .loss_percent = 60},
        HistoryOptions{.name = "WithDamage", .damage_percent = 10},
        HistoryOptions{.name = "WithLossesAndDamage", .loss_percent = 20, .damage_percent = 20},
        HistoryOptions{.name = "WithDeathsInCalls", .deaths_in_calls = true},
        HistoryOptions{.name = "WithExecs", .execs = true},
        HistoryOptions{.name = "WithThreadIdsUsedAgain", .reuses_thread_ids = true},
        HistoryOptions{.name = "WithExecsAndThreadIdsUsedAgain",
                       .deaths_in_calls = true,
                       .execs = true,
                       .reuses_thread_ids = true},
        HistoryOptions{.name = "WithLossesDeathsAndExecs",
                       .rings = 6,
                       .threads = 20,
                       .loss_percent = 10,
                       .damage_percent = 10,
                       .deaths_in_calls = true,
                       .execs = true},
        HistoryOptions{.name = "WithLossesDeathsAndThreadIdsUsedAgain",
                       .rings = 6,
                       .threads = 20,
                       .loss_percent = 10,
                       .damage_percent = 10,
                       .deaths_in_calls = true,
                       .reuses_thread_ids = true}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ior::test
