#include "actors/in_flight_list.hpp"

#include <gtest/gtest.h>

namespace ior {
namespace {

CallInFlight call(std::uint32_t tid, std::uint64_t age_ns, bool since_before_start = false) {
  CallInFlight made;
  made.tid = tid;
  made.age_ns = age_ns;
  made.since_before_start = since_before_start;
  return made;
}

TEST(InFlightList, has_the_oldest_first_and_those_from_before_the_trace_before_all) {
  InFlightList list, other;
  list.add(call(1, 5));
  list.add(call(2, 7));
  other.add(call(3, 6, true));
  list.absorb(other);
  const auto calls = list.release();
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(calls[0].tid, 3u);
  EXPECT_EQ(calls[1].tid, 2u);
  EXPECT_EQ(calls[2].tid, 1u);
}

TEST(InFlightList, keeps_the_oldest_of_many) {
  InFlightList list;
  const std::uint64_t count = 5 * InFlightList::kMost + 3;
  // In an order that is neither that of their ages nor its reverse: 7 and the count have no
  // divisor.
  for (std::uint64_t i = 0; i < count; ++i) list.add(call(1, i * 7 % count));
  const auto calls = list.release();
  ASSERT_EQ(calls.size(), InFlightList::kMost);
  for (std::size_t i = 0; i < calls.size(); ++i) EXPECT_EQ(calls[i].age_ns, count - 1 - i);
}

}  // namespace
}  // namespace ior
