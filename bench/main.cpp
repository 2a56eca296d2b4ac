// Runs the benchmarks that its arguments choose (--help); files of recorded rings among them are
// replayed, too. The status says whether all results were right.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "check.hpp"
#include "pipeline_bench.hpp"

namespace {

ior::Result<void> register_replays(int argc, char** argv) {
  if (auto registered = ior::bench::register_recorded_replays(); !registered) return registered;
  for (int i = 1; i < argc; ++i) {
    if (auto registered = ior::bench::register_replay(argv[i]); !registered) return registered;
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (const auto registered = register_replays(argc, argv); !registered) {
    fmt::print(stderr, "ior_bench: {}\n", registered.error().message);
    return 2;
  }
  const std::size_t ran = benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return ran > 0 && !ior::bench::any_failed() ? 0 : 1;
}
