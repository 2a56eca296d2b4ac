#include "recordings.hpp"

#include "actors/aggregator.hpp"
#include "stages.hpp"

namespace ior::bench {

Recording recording_of(Mix mix) {
  const Replay& replay = synthetic(mix, kUnitCalls);
  const PairedBatches batches = pair_batches(replay);
  Aggregator aggregator;
  for (const CallBatchPtr& batch : batches.calls) aggregator.add(*batch);
  Recording recording;
  StringTable strings;
  aggregator.append_to(recording, strings);
  recording.strings.assign(strings.strings().begin(), strings.strings().end());
  recording.calls_seen = recording.calls_recorded = replay.calls;
  return recording;
}

}  // namespace ior::bench
