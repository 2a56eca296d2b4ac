#include <fmt/format.h>

#include "actors/string_table.hpp"
#include "check.hpp"

namespace ior::bench {
namespace {

struct Paths {
  std::vector<std::string> texts;
  std::uint64_t bytes = 0;
};

Paths make_paths(std::size_t count) {
  Paths paths;
  for (std::size_t i = 0; i < count; ++i) {
    paths.texts.push_back(
        fmt::format("/usr/share/doc/package-{:03}/section-{:05}.html", i % 97, i));
    paths.bytes += paths.texts.back().size();
  }
  return paths;
}

// Items are strings.
void string_table_new(benchmark::State& state) {
  const Paths paths = make_paths(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    StringTable table;
    for (const std::string& path : paths.texts) table.add(path);
    if (!expect_equal(state, "strings", table.strings().size(), paths.texts.size())) break;
  }
  report(state, paths.texts.size(), paths.bytes);
}
BENCHMARK(string_table_new)->ArgName("strings")->Arg(1'000)->Arg(100'000);

void string_table_known(benchmark::State& state) {
  const Paths paths = make_paths(static_cast<std::size_t>(state.range(0)));
  StringTable table;
  for (const std::string& path : paths.texts) table.add(path);
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const std::string& path : paths.texts) sum += table.add(path);
    const std::uint64_t count = paths.texts.size();
    if (!expect_equal(state, "sum of the numbers", sum, count * (count - 1) / 2)) break;
  }
  report(state, paths.texts.size(), paths.bytes);
}
BENCHMARK(string_table_known)->ArgName("strings")->Arg(1'000)->Arg(100'000);

}  // namespace
}  // namespace ior::bench
