#include <fmt/format.h>

#include "check.hpp"
#include "model/path.hpp"

namespace ior::bench {
namespace {

struct Parts {
  std::string directory;
  std::string path;
};

// Items are paths, a quarter of them absolute.
void join_path(benchmark::State& state) {
  std::vector<Parts> parts;
  std::uint64_t joined_bytes = 0;
  for (int i = 0; i < 1000; ++i) {
    const bool is_absolute = i % 4 == 0;
    const std::string slash = is_absolute ? "/" : "";
    parts.push_back({fmt::format("/usr/share/doc/package-{}", i), slash + "section/index.html"});
    const Parts& last = parts.back();
    joined_bytes += last.path.size() + (is_absolute ? 0 : last.directory.size() + 1);
  }
  for (auto _ : state) {
    std::uint64_t bytes = 0;
    for (const Parts& part : parts) bytes += ior::join_path(part.directory, part.path).size();
    if (!expect_equal(state, "bytes joined", bytes, joined_bytes)) break;
  }
  report(state, parts.size(), joined_bytes);
}
BENCHMARK(join_path);

}  // namespace
}  // namespace ior::bench
