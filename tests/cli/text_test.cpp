#include "cli/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ior {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Text, a_list_is_split_at_its_commas_and_blanks_around_items_are_dropped) {
  EXPECT_THAT(split_list(""), IsEmpty());
  EXPECT_THAT(split_list("a"), ElementsAre("a"));
  EXPECT_THAT(split_list("a,b"), ElementsAre("a", "b"));
  EXPECT_THAT(split_list(" a , b c\t"), ElementsAre("a", "b c"));
}

TEST(Text, a_list_keeps_its_empty_items) {
  EXPECT_THAT(split_list(","), ElementsAre("", ""));
  EXPECT_THAT(split_list("a,,b"), ElementsAre("a", "", "b"));
  EXPECT_THAT(split_list("a, "), ElementsAre("a", ""));
}

TEST(Text, lower_case_changes_only_ascii_capitals) {
  EXPECT_EQ(to_lower("FS-Network_9\xc3\x84"), "fs-network_9\xc3\x84");
}

}  // namespace
}  // namespace ior
