#include "sinks/json_lines.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/sinks/recordings.hpp"

namespace ior {
namespace {

using Json = nlohmann::ordered_json;
using test::recording_of;

std::vector<std::string> lines_of(const Recording& recording) {
  std::ostringstream out;
  write_json_lines(recording, out);
  std::istringstream in(out.str());
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(JsonLines, an_object_has_its_keys_in_the_documented_order) {
  const auto lines = lines_of(recording_of({{.path = "/new",
                                             .old_path = "/old",
                                             .root = "/jail",
                                             .tracepoint = "enter_rename",
                                             .comm = "mv",
                                             .pid = 4711,
                                             .tid = 4712,
                                             .flags = O_RDWR | O_APPEND,
                                             .count = 5,
                                             .errors = 1,
                                             .duration_ns = 20,
                                             .gap_ns = 30,
                                             .bytes_read = 40,
                                             .bytes_written = 50,
                                             .at_most = 2,
                                             .unmeasured = 3}}));
  ASSERT_EQ(lines.size(), 1);
  EXPECT_EQ(lines[0],
            R"({"path":"/new","old_path":"/old","tracepoint":"enter_rename","comm":"mv",)"
            R"("pid":4711,"tid":4712,"root":"/jail","flags":"O_RDWR|O_APPEND","count":5,)"
            R"("errors":1,"duration_ns":20,"gap_ns":30,"bytes_read":40,"bytes_written":50,)"
            R"("at_most":2,"unmeasured":3,"host_path":"/jail/new",)"
            R"("host_old_path":"/jail/old"})");
}

TEST(JsonLines, a_figure_that_is_not_known_is_null) {
  const auto lines = lines_of(recording_of(
      {{.tracepoint = "aio_pread", .count = 2, .unmeasured = 2},
       {.tracepoint = "io_uring_write", .count = 2, .duration_ns = 5, .unmeasured = 1}}));
  const Json none = Json::parse(lines.at(0)), some = Json::parse(lines.at(1));
  for (const char* figure : {"errors", "duration_ns", "bytes_read"}) {
    EXPECT_TRUE(none[figure].is_null()) << figure;
  }
  EXPECT_EQ(none["bytes_written"], 0);
  EXPECT_EQ(some["errors"], 0);
  EXPECT_EQ(some["duration_ns"], 5);
  EXPECT_EQ(some["bytes_read"], 0);
  EXPECT_TRUE(some["bytes_written"].is_null());
}

TEST(JsonLines, what_a_record_does_not_have_is_an_empty_text) {
  const auto lines = lines_of(recording_of({{.path = ""}}));
  ASSERT_EQ(lines.size(), 1);
  const Json object = Json::parse(lines[0]);
  EXPECT_EQ(object["path"], "");
  EXPECT_EQ(object["old_path"], "");
  EXPECT_EQ(object["flags"], "");
}

TEST(JsonLines, every_name_gives_one_line_of_valid_json) {
  const struct {
    std::string path;
    std::string parsed;
  } kCases[] = {
      {"/a\"b\\c", "/a\"b\\c"},
      {"/line\nbreak\r", "/line\nbreak\r"},
      {"/caf\xc3\xa9/\xf0\x9f\x90\xb1", "/caf\xc3\xa9/\xf0\x9f\x90\xb1"},
      {"/latin-\xe9.txt", "/latin-\xef\xbf\xbd.txt"},
      {"/cut-\xf0\x9f", "/cut-\xef\xbf\xbd"},
      {"/\x01\x1f", "/\x01\x1f"},
  };
  for (const auto& [path, parsed] : kCases) {
    const auto lines = lines_of(recording_of({{.path = path}}));
    ASSERT_EQ(lines.size(), 1);
    EXPECT_EQ(Json::parse(lines[0])["path"], parsed);
  }
}

TEST(JsonLines, the_largest_figures_are_exact) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  const auto lines = lines_of(recording_of({{.count = kMax, .bytes_read = kMax}}));
  EXPECT_EQ(Json::parse(lines.at(0))["bytes_read"].get<std::uint64_t>(), kMax);
  EXPECT_EQ(Json::parse(lines.at(0))["count"].get<std::uint64_t>(), kMax);
}

TEST(JsonLines, the_path_is_given_as_ior_sees_it_where_that_can_be_told) {
  const auto lines = lines_of(recording_of({{.path = "/x", .root = "/jail"},
                                            {.path = "/x"},
                                            {.path = "/x", .root = "mnt:[4026532621]"},
                                            {.path = "pipe:[7]", .root = "/jail"}}));
  EXPECT_EQ(Json::parse(lines[0])["host_path"], "/jail/x");
  EXPECT_EQ(Json::parse(lines[1])["host_path"], "/x");
  EXPECT_FALSE(Json::parse(lines[2]).contains("host_path"));
  EXPECT_FALSE(Json::parse(lines[3]).contains("host_path"));
  EXPECT_FALSE(Json::parse(lines[0]).contains("host_old_path"));
}

TEST(JsonLines, there_is_one_line_per_record) {
  EXPECT_EQ(lines_of(test::small_recording()).size(), test::small_recording().records.size());
  EXPECT_EQ(lines_of(Recording()).size(), 0);
}

}  // namespace
}  // namespace ior
