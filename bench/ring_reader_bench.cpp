#include "actors/ring_reader.hpp"

#include "bpf/recorded_rings.hpp"
#include "check.hpp"
#include "stages.hpp"

namespace ior::bench {
namespace {

void ring_reader(benchmark::State& state, Mix mix) {
  const Replay& replay = synthetic(mix, kUnitCalls);
  RecordedRings rings(replay.rings, replay.chunks);
  RawBatch batch;
  for (auto _ : state) {
    rings.rewind();
    std::uint64_t bytes = 0;
    for (std::size_t ring = 0; ring < replay.rings; ++ring) {
      RingReader reader(rings, ring);
      reader.begin_pass();
      for (; reader.read(batch, kBatchBytes) != 0; batch.bytes.clear()) bytes += batch.bytes.size();
    }
    if (!expect_equal(state, "bytes read", bytes, replay.ring_bytes)) break;
  }
  report(state, replay, replay.records, replay.ring_bytes);
}
IOR_BENCHMARK_MIXES(ring_reader);

}  // namespace
}  // namespace ior::bench
