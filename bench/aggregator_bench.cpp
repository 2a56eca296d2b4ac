#include "actors/aggregator.hpp"

#include <numeric>

#include "check.hpp"
#include "stages.hpp"

namespace ior::bench {
namespace {

std::uint64_t count_calls(Aggregator& aggregator) {
  Recording recording;
  aggregator.release_to(recording);
  return std::transform_reduce(recording.records.begin(), recording.records.end(), std::uint64_t{},
                               std::plus{}, [](const Record& record) { return record.count; });
}

// Items are calls.
void aggregate(benchmark::State& state, Mix mix) {
  const Replay& replay = synthetic(mix, kUnitCalls);
  const TrackedBatches paired = pair_batches(replay);
  for (auto _ : state) {
    Aggregator aggregator(0);
    for (const auto& batch : paired.batches) aggregator.add(batch->shards.front());
    state.PauseTiming();
    const bool right = expect_equal(state, "calls added", count_calls(aggregator), replay.calls) &&
                       expect_equal(state, "calls folded", aggregator.folded().pid_tid, 0) &&
                       expect_equal(state, "calls added to others", aggregator.folded().other, 0);
    if (!right) break;
    forget_numbers(paired.batches);
    state.ResumeTiming();
  }
  report(state, replay, replay.calls, replay.calls * sizeof(Call));
}
IOR_BENCHMARK_MIXES(aggregate);

}  // namespace
}  // namespace ior::bench
