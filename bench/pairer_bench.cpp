#include "actors/pairer.hpp"

#include "check.hpp"
#include "stages.hpp"

namespace ior::bench {
namespace {

void pair(benchmark::State& state, Mix mix) {
  const Replay& replay = synthetic(mix, kUnitCalls);
  const TrackedBatches tracked = track_batches(replay);
  for (auto _ : state) {
    Pairer pairer(0, {});
    std::uint64_t calls = 0;
    for (const auto& batch : tracked.batches) {
      undo_pair(*batch);
      pairer.pair(*batch);
      calls += batch->shards.front().calls.size();
    }
    if (!expect_equal(state, "calls paired", calls, replay.calls)) break;
    if (!expect_equal(state, "calls given up", pairer.counts().given_up, 0)) break;
    if (!expect_equal(state, "records unmatched", pairer.counts().unmatched, 0)) break;
  }
  report(state, replay, replay.records, replay.ring_bytes);
}
IOR_BENCHMARK_MIXES(pair);
BENCHMARK_CAPTURE(pair, migrating, Mix::migrating)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ior::bench
