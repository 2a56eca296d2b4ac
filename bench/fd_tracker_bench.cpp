#include "actors/fd_tracker.hpp"

#include <optional>

#include "actors/decoder.hpp"
#include "check.hpp"
#include "stages.hpp"

namespace ior::bench {
namespace {

// An enter half has a path, a whole call that of its file; the end of a process has none.
std::uint64_t count_named(const std::vector<EventBatchPtr>& batches) {
  std::uint64_t named = 0;
  for (const EventBatchPtr& batch : batches) {
    for (const Event& event : batch->events) {
      const bool is_call = event.kind == IOR_RECORD_ENTER || (event.sections & IOR_WHOLE);
      named += is_call && event.path.starts_with('/');
    }
  }
  return named;
}

void track(benchmark::State& state, Mix mix) {
  const Replay& replay = synthetic(mix, kUnitCalls);
  const auto batches = read_batches(replay);
  const Decoder decoder(1);
  std::optional<FdTracker> tracker;  // holds the names that the events show
  for (auto _ : state) {
    state.PauseTiming();
    for (const EventBatchPtr& batch : batches) {
      undo_decode(*batch);
      decoder.decode(*batch);
    }
    tracker.emplace(replay.rings);
    state.ResumeTiming();
    for (const EventBatchPtr& batch : batches) tracker->track(*batch);
    benchmark::ClobberMemory();
  }
  const std::uint64_t nameless = mix == Mix::fork_heavy ? replay.processes : 0;
  expect_equal(state, "calls named", count_named(batches), replay.calls - nameless);
  report(state, replay, replay.records, replay.ring_bytes);
}
IOR_BENCHMARK_MIXES(track);

}  // namespace
}  // namespace ior::bench
