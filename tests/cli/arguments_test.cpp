#include "cli/arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ior {
namespace {

using Words = std::vector<std::string>;

const std::vector<KnownOption> kKnown = {
    {"pid", true}, {"name", true}, {"mapSize", true}, {"plain", false}, {"f", false}};

struct GoodCase {
  Words words;
  Words normal;
};

TEST(Arguments, every_spelling_of_an_option_becomes_the_same) {
  for (const GoodCase& each : {
           GoodCase{{"-pid", "3"}, {"--pid=3"}},
           GoodCase{{"--pid", "3"}, {"--pid=3"}},
           GoodCase{{"-pid=3"}, {"--pid=3"}},
           GoodCase{{"--pid=3"}, {"--pid=3"}},
           GoodCase{{"-plain"}, {"--plain"}},
           GoodCase{{"--plain"}, {"--plain"}},
           GoodCase{{"-f"}, {"-f"}},
           GoodCase{{"--f"}, {"-f"}},
           GoodCase{{"-mapSize", "4096", "-plain", "-pid=1"},
                    {"--mapSize=4096", "--plain", "--pid=1"}},
       }) {
    const auto normal = normalise_arguments(each.words, kKnown);
    ASSERT_TRUE(normal) << normal.error().message;
    EXPECT_EQ(*normal, each.normal);
  }
}

TEST(Arguments, values_may_be_numbers_below_zero_and_hold_any_sign) {
  for (const GoodCase& each : {
           GoodCase{{"-pid", "-5"}, {"--pid=-5"}},
           GoodCase{{"-pid", "-.5"}, {"--pid=-.5"}},
           GoodCase{{"-name", "-"}, {"--name=-"}},
           GoodCase{{"-name=-plain"}, {"--name=-plain"}},
           GoodCase{{"-name=a=b"}, {"--name=a=b"}},
           GoodCase{{"-name", "a=b c"}, {"--name=a=b c"}},
       }) {
    const auto normal = normalise_arguments(each.words, kKnown);
    ASSERT_TRUE(normal) << normal.error().message;
    EXPECT_EQ(*normal, each.normal);
  }
}

TEST(Arguments, other_words_stay_as_they_are) {
  const Words words = {"file", "-", "", "a=b"};
  EXPECT_EQ(normalise_arguments(words, kKnown), words);
}

struct BadCase {
  Words words;
  std::string message;
};

TEST(Arguments, what_cannot_be_meant_is_an_error_that_says_so) {
  for (const BadCase& each : {
           BadCase{{"-pdi", "3"}, "unknown option -pdi (-help lists the options)"},
           BadCase{{"--plane"},
                   "unknown option -plane, did you mean -plain? (-help lists the options)"},
           BadCase{{"-mapsize=1"},
                   "unknown option -mapsize, did you mean -mapSize? (-help lists the options)"},
           BadCase{{"-5"}, "unknown option -5 (-help lists the options)"},
           BadCase{{"---pid", "3"},
                   "unknown option --pid, did you mean -pid? (-help lists the options)"},
           BadCase{{"-fplain"},
                   "unknown option -fplain, did you mean -plain? (-help lists the options)"},
           BadCase{{"-pid"}, "-pid needs a value"},
           BadCase{{"-pid="}, "-pid needs a value"},
           BadCase{{"-pid", ""}, "-pid needs a value"},
           BadCase{{"-name", "-plain"},
                   "-name needs a value (one that begins with a dash is given as -name=-plain)"},
           BadCase{{"-plain=1"}, "-plain takes no value"},
       }) {
    const auto normal = normalise_arguments(each.words, kKnown);
    ASSERT_FALSE(normal) << each.message;
    EXPECT_EQ(normal.error().message, each.message);
  }
}

TEST(Arguments, an_option_is_looked_for_by_its_whole_name) {
  const Words words = {"help", "-helpful", "-name=-help", "--plain"};
  EXPECT_FALSE(contains_option(words, "help"));
  EXPECT_TRUE(contains_option(words, "plain"));
  EXPECT_TRUE(contains_option(Words{"-help"}, "help"));
}

}  // namespace
}  // namespace ior
