#include "cli/syscall_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"

namespace ior {
namespace {

using testing::Contains;
using testing::ContainsRegex;
using testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(SyscallList, has_a_line_per_row_below_the_headings) {
  const std::vector<std::string> lines = lines_of(list_syscalls());
  ASSERT_EQ(lines.size(), syscalls().size() + 1);
  EXPECT_THAT(
      lines[0],
      ContainsRegex("^number +name +family +kind +files +bytes +returns +traced +arguments$"));
  EXPECT_THAT(lines[1], ContainsRegex("^ *0 +read +FS +fd +fd +read +bytes +yes +fd buf size$"));
  EXPECT_THAT(lines, Contains(ContainsRegex("^ *74 +fsync +FS +fd +fd +none +zero +yes +fd$")));
  EXPECT_THAT(
      lines,
      Contains(ContainsRegex("^ *95 +umask +Process +null +no file +none +value +no +file_mask$")));
}

TEST(SyscallList, has_aligned_columns) {
  const std::vector<std::string> lines = lines_of(list_syscalls());
  for (const std::string heading :
       {"name", "family", "kind", "files", "bytes", "returns", "traced", "arguments"}) {
    const std::size_t column = lines[0].find(heading);
    for (const std::string& line : lines) {
      EXPECT_EQ(line[column - 1], ' ') << heading << ": " << line;
      EXPECT_NE(line[column], ' ') << heading << ": " << line;
    }
  }
}

TEST(SyscallDocs, are_those_that_the_catalogue_gives) {
  std::ifstream file(IOR_SOURCE_DIR "/docs/SYSCALLS.md");
  ASSERT_TRUE(file) << "docs/SYSCALLS.md cannot be read";
  const std::string committed{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(committed == syscalls_markdown())
      << "docs/SYSCALLS.md is out of date: write it anew with 'generate_docs > docs/SYSCALLS.md' "
         "(the program is a target of the build)";
}

TEST(SyscallDocs, show_both_names_where_they_differ) {
  EXPECT_THAT(syscalls_markdown(), HasSubstr("\n| 4 | newstat (stat) | FS | pathname | path |"));
  EXPECT_THAT(syscalls_markdown(), HasSubstr("\n| FS | "));
}

}  // namespace
}  // namespace ior
