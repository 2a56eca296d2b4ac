#include "actors/decoder.hpp"

#include "check.hpp"
#include "stages.hpp"

namespace ior::bench {
namespace {

void decode(benchmark::State& state, Mix mix) {
  const Replay& replay = synthetic(mix, kUnitCalls);
  const auto batches = read_batches(replay);
  const Decoder decoder;
  for (auto _ : state) {
    std::uint64_t events = 0;
    for (const auto& batch : batches) {
      undo_decode(*batch);
      decoder.decode(*batch);
      events += batch->events.size();
    }
    if (!expect_equal(state, "records decoded", events, replay.records)) break;
  }
  report(state, replay, replay.records, replay.ring_bytes);
}
IOR_BENCHMARK_MIXES(decode);

}  // namespace
}  // namespace ior::bench
