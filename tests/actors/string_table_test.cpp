#include "actors/string_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ior::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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

TEST(StringTable, KeepsTextsOfOneHashApart) {
  StringTable strings;
  HashedText first("first"), second("second");
  second.hash = first.hash;
  EXPECT_EQ(strings.add(first), 0u);
  EXPECT_EQ(strings.add(second), 1u);
  EXPECT_EQ(strings.find(first), 0u);
  EXPECT_EQ(strings.find(second), 1u);
}

TEST(StringTable, GivesItsStringsAwayInTheOrderOfTheirNumbers) {
  StringTable strings;
  strings.add("/a path that is too long to lie in a string object itself");
  strings.add("b");
  EXPECT_THAT(strings.release(),
              ElementsAre("/a path that is too long to lie in a string object itself", "b"));
  EXPECT_THAT(strings.strings(), IsEmpty());
  EXPECT_EQ(strings.add("b"), 0u) << "it begins anew";
}

}  // namespace
}  // namespace ior::test
