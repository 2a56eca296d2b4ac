#include "recordings.hpp"

#include "actors/aggregator.hpp"
#include "stages.hpp"

namespace ior::bench {

Recording recording_of(Mix mix) {
  const Replay& replay = synthetic(mix, kUnitCalls);
  const TrackedBatches paired = pair_batches(replay);
  Aggregator aggregator(0);
  for (const auto& batch : paired.batches) aggregator.add(batch->shards.front());
  Recording recording;
  aggregator.release_to(recording);
  recording.calls_seen = recording.calls_recorded = replay.calls;
  return recording;
}

}  // namespace ior::bench
