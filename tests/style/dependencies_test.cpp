// The direction of dependencies in src/, and which file may include which library:
// docs/ARCHITECTURE.md says why.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kSource = fs::path(IOR_SOURCE_DIR) / "src";

struct Include {
  std::string file;    // relative to src/
  std::string target;  // as written
  bool is_library = false;
};

std::vector<Include> includes() {
  const std::regex pattern(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> found;
  for (const auto& entry : fs::recursive_directory_iterator(kSource)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      std::smatch match;
      if (!std::regex_search(line, match, pattern)) continue;
      found.push_back({fs::relative(entry.path(), kSource), match[2], match[1] == "<"});
    }
  }
  return found;
}

std::string folder_of(const std::string& path) {
  return path.substr(0, path.find('/'));
}

TEST(Dependencies, go_in_one_direction) {
  const std::map<std::string, std::set<std::string>> allowed = {
      {"base", {"base"}},
      {"catalog", {"base", "catalog"}},
      {"model", {"base", "catalog", "model"}},
      {"sinks", {"base", "catalog", "model", "sinks"}},
      {"bpf", {"base", "catalog", "bpf"}},
      {"actors", {"base", "catalog", "model", "actors"}},
      {"cli", {"base", "catalog", "model", "sinks", "cli"}},
      {"trace", {"base", "catalog", "model", "sinks", "bpf", "actors", "cli", "trace"}},
      {"main.cpp", {"base", "cli", "trace"}},
  };
  const std::set<std::string> of_actors = {"sinks/sink.hpp", "bpf/wire.h", "bpf/ring_source.hpp",
                                           "bpf/ring_records.hpp"};
  int checked = 0;
  for (const Include& include : includes()) {
    if (include.is_library || include.target == "vmlinux.h") continue;
    const std::string from = folder_of(include.file);
    ASSERT_TRUE(allowed.contains(from)) << include.file << " lies in a folder without a rule";
    const bool named = from == "actors" && of_actors.contains(include.target);
    EXPECT_TRUE(named || allowed.at(from).contains(folder_of(include.target)))
        << include.file << " includes " << include.target;
    ++checked;
  }
  EXPECT_GT(checked, 100);
}

TEST(Dependencies, each_library_has_its_place) {
  const std::vector<std::pair<std::regex, std::regex>> places = {
      {std::regex("^bpf/"), std::regex("^bpf/")},
      {std::regex("^ior\\.skel\\.h"), std::regex("^bpf/session\\.cpp")},
      {std::regex("^(oneapi/)?tbb/"), std::regex("^actors/pipeline\\.")},
      {std::regex("^concurrentqueue/"), std::regex("^base/bounded_queue\\.hpp")},
      {std::regex("^zstd"), std::regex("^sinks/recording_compressor\\.cpp")},
      {std::regex("^CLI/"), std::regex("^cli/")},
  };
  std::map<std::size_t, int> seen;
  for (const Include& include : includes()) {
    if (!include.is_library) continue;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (!std::regex_search(include.target, places[i].first)) continue;
      EXPECT_TRUE(std::regex_search(include.file, places[i].second))
          << include.file << " includes " << include.target;
      ++seen[i];
    }
  }
  EXPECT_EQ(seen.size(), places.size())
      << "a library is not included anywhere: is its rule still true?";
}

TEST(Sources, are_no_longer_than_can_be_read) {
  for (const auto& entry : fs::recursive_directory_iterator(kSource)) {
    const std::string extension = entry.path().extension();
    if (extension != ".cpp" && extension != ".hpp" && extension != ".h" && extension != ".c")
      continue;
    std::ifstream in(entry.path());
    int lines = 0;
    for (std::string line; std::getline(in, line); ++lines) {
      EXPECT_LE(line.size(), 100u) << entry.path() << ":" << lines + 1;
    }
    EXPECT_LE(lines, 600) << entry.path();
  }
}

}  // namespace
