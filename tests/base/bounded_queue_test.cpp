#include "base/bounded_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace ior::test {
namespace {

TEST(BoundedQueue, GivesBackWhatWasPushedInItsOrder) {
  BoundedQueue<int> queue(8);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(queue.try_push(int{i}));
  for (int i = 0; i < 8; ++i) {
    int value = -1;
    ASSERT_TRUE(queue.try_pop(value));
    EXPECT_EQ(value, i);
  }
}

TEST(BoundedQueue, HasNothingToPopWhenItIsEmpty) {
  BoundedQueue<int> queue(1);
  int value = 7;
  EXPECT_FALSE(queue.try_pop(value));
  EXPECT_EQ(value, 7);
}

TEST(BoundedQueue, TakesExactlyItsBound) {
  for (const std::size_t bound : {1u, 2u, 31u, 32u, 33u, 64u}) {
    BoundedQueue<std::size_t> queue(bound);
    for (std::size_t i = 0; i < bound; ++i) EXPECT_TRUE(queue.try_push(std::size_t{i})) << bound;
    EXPECT_FALSE(queue.try_push(std::size_t{bound})) << bound;
    std::size_t value = 0;
    EXPECT_TRUE(queue.try_pop(value));
    EXPECT_TRUE(queue.try_push(std::size_t{bound})) << bound;
    EXPECT_FALSE(queue.try_push(std::size_t{bound})) << bound;
  }
}

TEST(BoundedQueue, LeavesAValueThatFindsNoRoomWithItsOwner) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  ASSERT_TRUE(queue.try_push(std::make_unique<int>(1)));
  auto refused = std::make_unique<int>(2);
  EXPECT_FALSE(queue.try_push(std::move(refused)));
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(*refused, 2);
}

TEST(BoundedQueue, KeepsTheOrderOfEachProducerAndLosesNothing) {
  constexpr int kProducers = 4;
  constexpr int kValues = 20'000;
  BoundedQueue<std::pair<int, int>> queue(16);
  std::vector<std::jthread> producers;
  for (int producer = 0; producer < kProducers; ++producer) {
    producers.emplace_back([&queue, producer] {
      for (int i = 0; i < kValues; ++i) {
        while (!queue.try_push({producer, i})) std::this_thread::yield();
      }
    });
  }
  std::vector<int> next(kProducers);
  for (int left = kProducers * kValues; left > 0;) {
    std::pair<int, int> value;
    if (!queue.try_pop(value)) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(value.second, next[static_cast<std::size_t>(value.first)]++);
    --left;
  }
  std::pair<int, int> value;
  EXPECT_FALSE(queue.try_pop(value));
}

// A fixed number of tokens that goes round, as the pipeline's batches do: the queue that has room
// for all of them never refuses one.
TEST(BoundedQueue, NeverRefusesATokenThatItHadRoomFor) {
  constexpr std::size_t kTokens = 4;
  constexpr int kRounds = 50'000;
  BoundedQueue<std::size_t> queue(kTokens);
  for (std::size_t i = 0; i < kTokens; ++i) ASSERT_TRUE(queue.try_push(std::size_t{i}));
  std::atomic<int> refused{0};
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 3; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < kRounds; ++i) {
          std::size_t token = 0;
          if (queue.try_pop(token) && !queue.try_push(std::move(token))) ++refused;
        }
      });
    }
  }
  EXPECT_EQ(refused, 0);
}

}  // namespace
}  // namespace ior::test
