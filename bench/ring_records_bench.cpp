#include "bpf/ring_records.hpp"

#include "check.hpp"
#include "stages.hpp"

namespace ior::bench {
namespace {

void ring_records(benchmark::State& state, Mix mix) {
  const Replay& replay = synthetic(mix, kUnitCalls);
  for (auto _ : state) {
    std::uint64_t walked = 0;
    for (const RingChunk& chunk : replay.chunks) {
      RingRecords records(chunk.bytes);
      while (const auto record = records.next()) {
        benchmark::DoNotOptimize(record->data());
        ++walked;
      }
    }
    if (!expect_equal(state, "records walked", walked, replay.records)) break;
  }
  report(state, replay, replay.records, replay.ring_bytes);
}
IOR_BENCHMARK_MIXES(ring_records);

}  // namespace
}  // namespace ior::bench
