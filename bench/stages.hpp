// The pipeline's stages one after another, without its graph: brings a replay to where a unit's
// benchmark begins.
#pragma once

#include <memory>
#include <vector>

#include "actors/fd_tracker.hpp"
#include "actors/message.hpp"
#include "replay.hpp"
#include "synthetic.hpp"

namespace ior::bench {

// What a unit's benchmark works on: a replay small enough to be decoded as a whole, a shard for all
// processes.
inline constexpr std::size_t kUnitCalls = 50'000;

// The replay's records in batches, one from each ring in turn.
std::vector<EventBatchPtr> read_batches(const Replay& replay);

// Forgets what the batch's bytes were decoded to.
void undo_decode(EventBatch& batch);

struct TrackedBatches {
  std::unique_ptr<FdTracker> tracker;  // holds the names that the events show
  std::vector<EventBatchPtr> events;
};
TrackedBatches track_batches(const Replay& replay);

struct PairedBatches {
  TrackedBatches tracked;
  std::vector<CallBatchPtr> calls;
};
PairedBatches pair_batches(const Replay& replay);

}  // namespace ior::bench
