#include "actors/fd_tracker.hpp"

#include <optional>

#include "actors/decoder.hpp"
#include "check.hpp"
#include "stages.hpp"

namespace ior::bench {
namespace {

// An enter half has the directory that its path starts from, a whole call its file; the end of a
// process has none.
std::uint64_t count_named(const Batches& batches) {
  std::uint64_t named = 0;
  for (const auto& batch : batches) {
    for (const Event& event : batch->events) {
      const bool is_call = event.record.kind() == IOR_RECORD_ENTER || event.record.has(IOR_WHOLE);
      named += is_call && text_of(event.file).starts_with('/');
    }
  }
  return named;
}

// Calls without a file: each thread that ended made one.
std::uint64_t count_nameless(const Batches& batches) {
  std::uint64_t ends = 0;
  for (const auto& batch : batches) {
    for (const Event& event : batch->events) ends += event.record.kind() == IOR_RECORD_END;
  }
  return ends;
}

void track(benchmark::State& state, Mix mix) {
  const Replay& replay = synthetic(mix, kUnitCalls);
  const auto batches = read_batches(replay);
  const Decoder decoder;
  std::optional<FdTracker> tracker;  // holds the names that the events show
  for (auto _ : state) {
    state.PauseTiming();
    for (const auto& batch : batches) {
      undo_decode(*batch);
      decoder.decode(*batch);
    }
    tracker.emplace(replay.rings);
    state.ResumeTiming();
    for (const auto& batch : batches) tracker->track(*batch);
    benchmark::ClobberMemory();
  }
  expect_equal(state, "calls named", count_named(batches), replay.calls - count_nameless(batches));
  report(state, replay, replay.records, replay.ring_bytes);
}
IOR_BENCHMARK_MIXES(track);

}  // namespace
}  // namespace ior::bench
