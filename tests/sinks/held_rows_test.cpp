#include "sinks/held_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

namespace ior {
namespace {

using Row = std::pair<std::uint64_t, std::string>;

void hold(HeldRows& held, const Row& row) {
  held.begin_row() += row.second;
  held.end_row(row.first);
}

std::vector<std::string> release(HeldRows& held, std::uint64_t before_ns) {
  std::vector<std::string> texts;
  held.release(before_ns, [&texts](std::string_view text) { texts.emplace_back(text); });
  return texts;
}

using Texts = std::vector<std::string>;

TEST(HeldRows, go_out_in_the_order_of_their_times_and_else_in_that_of_their_coming) {
  HeldRows held;
  for (const Row& row : {Row{5, "e"}, Row{1, "a1"}, Row{3, "c"}, Row{1, "a2"}, Row{1, "a3"}}) {
    hold(held, row);
  }
  EXPECT_EQ(release(held, 1), Texts());
  EXPECT_EQ(held.count(), 5u);
  EXPECT_EQ(release(held, 5), Texts({"a1", "a2", "a3", "c"}));
  hold(held, {2, "late"});
  EXPECT_EQ(release(held, 5), Texts({"late"}));
  EXPECT_EQ(release(held, 6), Texts({"e"}));
  EXPECT_EQ(release(held, ~0ull), Texts());
  EXPECT_EQ(held.count(), 0u);
}

TEST(HeldRows, may_be_empty_or_long) {
  HeldRows held;
  const std::string longest(1 << 20, 'x');
  hold(held, {2, longest});
  hold(held, {1, ""});
  hold(held, {3, "y"});
  EXPECT_EQ(release(held, 10), Texts({"", longest, "y"}));
}

// As rings are read: of each of some CPUs a piece after the other, each in its order.
TEST(HeldRows, of_many_runs_are_sorted_stably_however_they_are_cut) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 50; ++round) {
    HeldRows held;
    std::vector<Row> expected;
    Texts texts;
    std::uint64_t settled = 0;
    for (int slice = 0; slice < 40; ++slice) {
      for (int cpu = 0; cpu < 5; ++cpu) {
        std::uint64_t time = settled + 50 + random() % 20;
        for (std::uint64_t i = random() % 60; i > 0; --i, time += random() % 4) {
          expected.emplace_back(time, std::to_string(expected.size()) + std::string(i * 40, '.'));
          hold(held, expected.back());
        }
      }
      settled += random() % 60;
      std::ranges::move(release(held, settled), std::back_inserter(texts));
    }
    std::ranges::move(release(held, ~0ull), std::back_inserter(texts));
    std::ranges::stable_sort(expected, {}, &Row::first);
    ASSERT_EQ(texts.size(), expected.size());
    for (std::size_t i = 0; i < texts.size(); ++i) ASSERT_EQ(texts[i], expected[i].second) << i;
  }
}

}  // namespace
}  // namespace ior
