#include "actors/aggregator.hpp"

#include <numeric>

#include "check.hpp"
#include "stages.hpp"

namespace ior::bench {
namespace {

std::uint64_t count_calls(const Aggregator& aggregator) {
  Recording recording;
  StringTable strings;
  aggregator.append_to(recording, strings);
  return std::transform_reduce(recording.records.begin(), recording.records.end(), std::uint64_t{},
                               std::plus{}, [](const Record& record) { return record.count; });
}

// Items are calls.
void aggregate(benchmark::State& state, Mix mix) {
  const Replay& replay = synthetic(mix, kUnitCalls);
  const PairedBatches batches = pair_batches(replay);
  for (auto _ : state) {
    Aggregator aggregator;
    for (const CallBatchPtr& batch : batches.calls) aggregator.add(*batch);
    state.PauseTiming();
    const bool right = expect_equal(state, "calls added", count_calls(aggregator), replay.calls) &&
                       expect_equal(state, "calls folded", aggregator.folded(), 0);
    if (!right) break;
    state.ResumeTiming();
  }
  report(state, replay, replay.calls, replay.calls * sizeof(Call));
}
IOR_BENCHMARK_MIXES(aggregate);

}  // namespace
}  // namespace ior::bench
