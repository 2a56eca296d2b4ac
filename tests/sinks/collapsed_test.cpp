#include "sinks/collapsed.hpp"

#include <gtest/gtest.h>
#include <regex.h>

#include <array>
#include <cstdint>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "tests/sinks/recordings.hpp"

namespace ior {
namespace {

using test::recording_of;
using test::Row;
using Fields = std::vector<Field>;

std::string collapsed(const Recording& recording, const Fields& fields,
                      Weight weight = Weight::count) {
  std::ostringstream out;
  write_collapsed(recording, fields, weight, out);
  return out.str();
}

std::string stack_of_path(const std::string& path) {
  return collapsed(recording_of({{.path = path}}), {Field::path});
}

// The weight of a line as flamegraph.pl takes it: a second figure before it would make the line a
// difference of two.
std::uint64_t weight_in_flamegraph(const std::string& line) {
  static constexpr int kStack = 1;
  static constexpr int kFigure = 2;
  regex_t pattern;
  EXPECT_EQ(::regcomp(&pattern, "^(.*)[[:space:]]([0-9]+([.][0-9]*)?)$", REG_EXTENDED), 0);
  std::array<regmatch_t, 4> groups;
  const auto matches = [&](const std::string& text) {
    return ::regexec(&pattern, text.c_str(), groups.size(), groups.data(), 0) == 0;
  };
  std::uint64_t weight = 0;
  if (matches(line)) {
    weight = std::stoull(line.substr(static_cast<std::size_t>(groups[kFigure].rm_so)));
    if (matches(line.substr(0, static_cast<std::size_t>(groups[kStack].rm_eo)))) weight = 0;
  }
  ::regfree(&pattern);
  return weight;
}

struct PathCase {
  std::string path;
  std::string stack;
};

TEST(Collapsed, a_path_is_one_frame_per_component) {
  const PathCase kCases[] = {
      {"/usr/include/stdio.h", "usr;include;stdio.h"},
      {"/", "/"},
      {"//", "/"},
      {"/a//b/", "a;b"},
      {"/a/../b", "a;..;b"},
      {"", "[no file]"},
      {"pipe:[4711]", "pipe:[4711]"},
      {"[unknown: fd is not open]", "[unknown: fd is not open]"},
      {".../cut/off", ".../cut/off"},
      {"/tmp/x (deleted)", "tmp;x (deleted)"},
  };
  for (const auto& [path, stack] : kCases) EXPECT_EQ(stack_of_path(path), stack + " 1\n");
}

TEST(Collapsed, what_would_break_a_line_is_escaped) {
  const PathCase kCases[] = {
      {"/a;b", "a\\x3bb"},
      {"/a\nb", "a\\x0ab"},
      {"/a\tb\r", "a\\x09b\\x0d"},
      {"/\x1b[31m\x7f", "\\x1b[31m\\x7f"},
      {"/a\xe2\x80\xa8"
       "b",
       "a\\xe2\\x80\\xa8b"},
      {"/a\xc2\x85"
       "b",
       "a\\xc2\\x85b"},
      {"/caf\xc3\xa9", "caf\xc3\xa9"},
      {"/\xff\xc2", "\\xff\\xc2"},
      {"/\u202e", "\\xe2\\x80\\xae"},
      {"/back\\slash", "back\\\\slash"},
      {"/a\\x3bb", "a\\\\x3bb"},
      {"/track 12", "track\\x2012"},
      {"/track 12/x", "track\\x2012;x"},
      {"/a 1.5", "a\\x201.5"},
      {"/a  1.", "a \\x201."},
      {"/a .5", "a .5"},
      {"/a 1.2.3", "a 1.2.3"},
      {"/a 12b", "a 12b"},
      {"/a ", "a "},
  };
  for (const auto& [path, stack] : kCases) EXPECT_EQ(stack_of_path(path), stack + " 1\n");
}

TEST(Collapsed, exact_frames_are_escaped_where_they_would_be_others) {
  const auto exact = [](const std::string& path) {
    std::ostringstream out;
    const std::vector<Field> fields = {Field::path};
    write_collapsed(recording_of({{.path = path}}), fields, Weight::count, out, true);
    return out.str();
  };
  EXPECT_EQ(exact("/\x1b[31m\xff\u202e"), "\x1b[31m\xff\u202e 1\n");
  EXPECT_EQ(exact("/a;b\n\\x\t12 3"), "a\\x3bb\\x0a\\\\x\\x0912\\x203 1\n");
}

TEST(Collapsed, fields_follow_one_another_in_the_order_asked_for) {
  const Recording recording =
      recording_of({{.path = "/etc/x", .tid = 12, .flags = 02, .count = 3}});
  EXPECT_EQ(collapsed(recording, {Field::comm, Field::tracepoint, Field::path}),
            "cat;enter_openat;etc;x 3\n");
  EXPECT_EQ(collapsed(recording, {Field::flags, Field::tid, Field::pid}), "O_RDWR;12;4711 3\n");
}

TEST(Collapsed, what_a_record_does_not_have_is_a_frame_that_says_so) {
  const Recording recording = recording_of({{.path = "", .comm = ""}});
  EXPECT_EQ(collapsed(recording, {Field::comm, Field::flags, Field::path}),
            "[no comm];[no flags];[no file] 1\n");
}

TEST(Collapsed, equal_stacks_are_one_line_and_lines_are_sorted) {
  const Recording recording = recording_of({{.path = "/b", .count = 1},
                                            {.path = "/a", .tid = 1, .count = 2},
                                            {.path = "/a", .tid = 2, .count = 4},
                                            {.path = "/a/b", .count = 8}});
  EXPECT_EQ(collapsed(recording, {Field::path}), "a 6\na;b 8\nb 1\n");
}

TEST(Collapsed, a_call_with_two_files_counts_once_and_its_bytes_at_the_files) {
  const Recording recording = recording_of({{.path = "socket:[1]",
                                             .old_path = "/srv/x",
                                             .count = 3,
                                             .duration_ns = 50,
                                             .bytes_read = 7,
                                             .bytes_written = 5},
                                            {.path = "/srv/x", .bytes_read = 1}});
  EXPECT_EQ(collapsed(recording, {Field::path}), "socket:[1] 3\nsrv;x 1\n");
  EXPECT_EQ(collapsed(recording, {Field::path}, Weight::duration), "socket:[1] 50\n");
  EXPECT_EQ(collapsed(recording, {Field::path, Field::comm}, Weight::bytes),
            "socket:[1];cat 5\nsrv;x;[as source];cat 7\nsrv;x;cat 1\n");
  EXPECT_EQ(collapsed(recording, {Field::path}, Weight::bytes_read),
            "srv;x 1\nsrv;x;[as source] 7\n");
  EXPECT_EQ(collapsed(recording, {Field::path}, Weight::bytes_written), "socket:[1] 5\n");
  EXPECT_EQ(collapsed(recording, {Field::comm}, Weight::bytes), "cat 13\n");
}

TEST(Collapsed, paths_of_other_roots_stand_behind_these) {
  const Recording recording = recording_of({{.path = "/a/x", .count = 3},
                                            {.path = "/a/x", .root = "/srv/jail", .count = 2},
                                            {.path = "/a/x", .root = "mnt:[1]/b"},
                                            {.path = "/a/x", .root = "[mount 5]"}});
  EXPECT_EQ(collapsed(recording, {Field::comm, Field::path}),
            "cat;[/srv/jail];a;x 2\n"
            "cat;[mnt:[1]/b];a;x 1\n"
            "cat;[mount 5];a;x 1\n"
            "cat;a;x 3\n");
  EXPECT_EQ(collapsed(recording, {Field::comm}), "cat 7\n");
  EXPECT_EQ(collapsed(recording, {Field::root}),
            "/srv/jail 2\n[mount 5] 1\n[no root] 3\nmnt:[1]/b 1\n");
}

TEST(Collapsed, a_stack_without_weight_has_no_line) {
  const Recording recording = recording_of({{.path = "/a", .bytes_read = 5}, {.path = "/b"}});
  EXPECT_EQ(collapsed(recording, {Field::path}, Weight::bytes), "a 5\n");
  EXPECT_EQ(collapsed(Recording(), {Field::path}), "");
}

TEST(Collapsed, weights_add_up_to_those_of_the_recording_whatever_the_names) {
  std::mt19937 random(5);
  const std::string kCharacters = "/; \n\r\t.019ab\\\"'\x7f\xc2\x85\xe2\x80\xa8\xff";
  const auto noise = [&] {
    std::string text(1 + random() % 12, '/');
    for (char& c : std::span(text).subspan(1)) c = kCharacters[random() % kCharacters.size()];
    return text;
  };
  Recording recording;
  for (int i = 0; i < 2000; ++i) {
    test::add(recording, {.path = noise(),
                          .old_path = random() % 2 ? noise() : "",
                          .comm = noise(),
                          .count = random() % 9,
                          .duration_ns = random(),
                          .gap_ns = random(),
                          .bytes_read = random() >> 1,
                          .bytes_written = random() >> 1});
  }
  for (const Weight weight : {Weight::count, Weight::duration, Weight::duration_to_prev,
                              Weight::bytes, Weight::bytes_read, Weight::bytes_written}) {
    std::uint64_t expected = 0;
    for (const Record& record : recording.records) expected += weight_of(record, weight);
    for (const Fields& fields :
         {Fields{Field::comm, Field::path}, Fields{Field::path, Field::comm}}) {
      std::istringstream lines(collapsed(recording, fields, weight));
      std::uint64_t sum = 0;
      for (std::string line; std::getline(lines, line);) sum += weight_in_flamegraph(line);
      EXPECT_EQ(sum, expected) << name_of(weight);
    }
  }
}

}  // namespace
}  // namespace ior
