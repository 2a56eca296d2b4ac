#include "sinks/human.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace ior {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

TEST(Human, durations_get_the_unit_that_keeps_them_short) {
  const struct {
    std::uint64_t duration_ns;
    const char* text;
  } kCases[] = {
      {0, "0 ns"},
      {999, "999 ns"},
      {1000, "1.0 us"},
      {1523, "1.5 us"},
      {999'949, "999.9 us"},
      {999'960, "1.0 ms"},
      {1'500'000, "1.5 ms"},
      {75'000'000'000, "75.0 s"},
      {kMax, "18446744073.7 s"},
  };
  for (const auto& [duration_ns, text] : kCases) EXPECT_EQ(human_duration(duration_ns), text);
}

TEST(Human, bytes_get_binary_units) {
  const struct {
    std::uint64_t bytes;
    const char* text;
  } kCases[] = {
      {0, "0 B"},           {1023, "1023 B"},       {1024, "1.0 KiB"},
      {12'595, "12.3 KiB"}, {1'048'575, "1.0 MiB"}, {std::uint64_t{5} << 30, "5.0 GiB"},
      {kMax, "16.0 EiB"},
  };
  for (const auto& [bytes, text] : kCases) EXPECT_EQ(human_bytes(bytes), text);
}

TEST(Human, a_character_of_several_bytes_takes_one_column) {
  EXPECT_EQ(columns_of(""), 0);
  EXPECT_EQ(columns_of("caf\xc3\xa9"), 4);
}

TEST(Human, long_paths_lose_their_middle_and_keep_their_last_component) {
  const struct {
    const char* path;
    const char* shortened;
  } kCases[] = {
      {"/exactly/twenty/abcd", "/exactly/twenty/abcd"},
      {"/usr/include/linux/stdio.h", "/usr/.../stdio.h"},
      {"/a/b/c/d/e/f/g/h/i/j/k", "/a/b/c/d/e/f/g/.../k"},
      {"/very-long-directory/x.txt", "/.../x.txt"},
      {"/a/a-last-component-that-is-too-long", "/.../a-last-component-that-is-too-long"},
      {"/a-last-component-that-is-too-long", "/a-last-component-that-is-too-long"},
      {"/usr/include/linux/directory/", "/usr/.../directory/"},
      {"[unknown: name of the file was lost]", "[unknown: name of the file was lost]"},
      {"/\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9/\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9/abcdefgh",
       "/\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9/\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9/abcdefgh"},
      {"/", "/"},
  };
  for (const auto& [path, shortened] : kCases) EXPECT_EQ(shorten_path(path, 20), shortened);
}

}  // namespace
}  // namespace ior
