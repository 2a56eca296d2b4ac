#include "cli/suggest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace ior {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"openat", "openat2", "open",
                                                    "stat",   "fstat",   "lstat"};

TEST(Suggest, offers_the_nearest_names_only) {
  struct Case {
    std::string_view word;
    std::string_view expected;
  };
  for (const Case& each : {
           Case{"opennat", ", did you mean openat?"},
           Case{"OPENAT2", ", did you mean openat2?"},
           Case{"opena", ", did you mean openat or open?"},
           Case{"xstat", ", did you mean stat, fstat or lstat?"},
           Case{"tuxcall", ""},
           Case{"", ""},
           Case{"st", ""},
       }) {
    EXPECT_EQ(did_you_mean(each.word, kNames), each.expected) << each.word;
  }
}

TEST(Suggest, offers_at_most_three_names) {
  const std::array<std::string_view, 5> names = {"aaa1", "aaa2", "aaa3", "aaa4", "aaa5"};
  EXPECT_EQ(did_you_mean("aaa0", names), ", did you mean aaa1, aaa2 or aaa3?");
}

}  // namespace
}  // namespace ior
