// Runs the benchmarks that its arguments choose (--help). The status says whether all results were
// right, too.
#include <benchmark/benchmark.h>

#include "check.hpp"
#include "pipeline_bench.hpp"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  if (!ior::bench::register_recorded_replays()) return 1;
  const std::size_t ran = benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return ran > 0 && !ior::bench::any_failed() ? 0 : 1;
}
