#include "statistics.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace ior::overhead {
namespace {

TEST(Statistics, the_median_is_the_middle_or_the_mean_of_the_two_in_the_middle) {
  EXPECT_EQ(median_of({7}), 7);
  EXPECT_EQ(median_of({9, 1, 5}), 5);
  EXPECT_EQ(median_of({9, 1, 5, 6}), 5.5);
  EXPECT_THROW(median_of({}), std::logic_error);
}

TEST(Statistics, one_value_far_off_changes_only_the_extreme) {
  EXPECT_EQ(spread_of({10, 11, 12, 13, 14}), (Spread{12, 10, 14, 1}));
  EXPECT_EQ(spread_of({10, 11, 12, 13, 9000}), (Spread{12, 10, 9000, 1}));
}

}  // namespace
}  // namespace ior::overhead
