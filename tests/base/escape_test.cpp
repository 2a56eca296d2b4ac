#include "base/escape.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace ior {
namespace {

struct Case {
  std::string text;
  std::string escaped;
};

TEST(Escaped, are_controls_separators_direction_marks_and_the_backslash) {
  const Case kCases[] = {
      {"", ""},
      {"plain text", "plain text"},
      {std::string("\0\x1f\x7f", 3), "\\x00\\x1f\\x7f"},
      {"\x1b[31m", "\\x1b[31m"},
      {"\\x1b", "\\\\x1b"},
      {"a\\", "a\\\\"},
      {"\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\xc2\xa0"},
      {"\u2027\u2028\u2029", "\u2027\\xe2\\x80\\xa8\\xe2\\x80\\xa9"},
      {"\u061c\u200d\u200e\u200f", "\\xd8\\x9c\u200d\\xe2\\x80\\x8e\\xe2\\x80\\x8f"},
      {"\u202a\u202e\u202f", "\\xe2\\x80\\xaa\\xe2\\x80\\xae\u202f"},
      {"\u2065\u2066\u2069\u2070", "\u2065\\xe2\\x81\\xa6\\xe2\\x81\\xa9\u2070"},
  };
  for (const auto& [text, expected] : kCases) EXPECT_EQ(escaped(text), expected);
}

TEST(Escaped, are_bytes_that_are_not_utf_8_each_by_itself) {
  const Case kCases[] = {
      {"\x9b"
       "31m",
       "\\x9b31m"},  // a control of 8 bits
      {"\xff", "\\xff"},
      {"\xc2", "\\xc2"},  // cut
      {"\xe2\x80", "\\xe2\\x80"},
      {"\xf0\x9f\x98", "\\xf0\\x9f\\x98"},
      {"\xe2\x80"
       "a",
       "\\xe2\\x80"
       "a"},  // cut, and more behind it
      {"\xc2\xc2\xa0", "\\xc2\xc2\xa0"},
      {"\xc0\x9b\xc1\xbf", "\\xc0\\x9b\\xc1\\xbf"},  // overlong
      {"\xe0\x82\x9b", "\\xe0\\x82\\x9b"},
      {"\xf0\x80\x82\x9b", "\\xf0\\x80\\x82\\x9b"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // a surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // above U+10FFFF
      {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
      {"\u00e9\u4e2d\U0001f600\U0010ffff", "\u00e9\u4e2d\U0001f600\U0010ffff"},
  };
  for (const auto& [text, expected] : kCases) EXPECT_EQ(escaped(text), expected);
}

// What it was, of what it is shown as.
std::string read_back(const std::string& shown) {
  std::string text;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (shown[i] != '\\') {
      text += shown[i];
    } else if (shown[++i] == '\\') {
      text += '\\';
    } else {
      text += static_cast<char>(std::stoi(shown.substr(i + 1, 2), nullptr, 16));
      i += 2;
    }
  }
  return text;
}

TEST(Escaped, can_be_read_back_whatever_it_was) {
  std::uint32_t seed = 1;
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    for (int i = 0; i < 40; ++i) {
      seed = seed * 1'664'525 + 1'013'904'223;
      static constexpr std::string_view kPicks = "\\x1;\n\x80\x9b\xc2\xe2\xf0";
      text += round % 2 == 0 ? static_cast<char>(seed >> 24) : kPicks[(seed >> 16) % 9];
    }
    std::string exact;
    append_special(exact, text, ";\n");
    EXPECT_EQ(read_back(exact), text);
    EXPECT_EQ(exact.find_first_of(";\n"), exact.npos);
    std::string shown;
    append_escaped(shown, text, ";");
    EXPECT_EQ(read_back(shown), text);
    EXPECT_EQ(escaped(shown).size(), shown.size() + std::ranges::count(shown, '\\'))
        << "what is escaped holds nothing but backslashes that would be";
  }
}

TEST(Escaped, are_special_characters_too) {
  std::string out = "<";
  append_escaped(out, "a;b\\", ";");
  EXPECT_EQ(out, "<a\\x3bb\\\\");
}

TEST(Escape, of_lines_depends_on_where_they_go) {
  EXPECT_TRUE(escapes(Escape::always, -1));
  EXPECT_FALSE(escapes(Escape::automatic, -1));
  EXPECT_FALSE(escapes(Escape::never, -1));
}

}  // namespace
}  // namespace ior
