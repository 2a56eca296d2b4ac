#include "recordings.hpp"

#include "actors/aggregator.hpp"
#include "stages.hpp"

namespace ior::bench {

Recording recording_of(Mix mix) {
  const Replay& replay = synthetic(mix, kUnitCalls);
  Aggregator aggregator;
  for (const CallBatchPtr& batch : call_batches(replay)) aggregator.add(*batch);
  Recording recording;
  StringTable strings;
  aggregator.append_to(recording, strings);
  recording.strings.assign(strings.strings().begin(), strings.strings().end());
  recording.calls_seen = recording.calls_recorded = replay.calls;
  return recording;
}

}  // namespace ior::bench
