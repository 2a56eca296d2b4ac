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
inline constexpr std::size_t kBatchBytes = 160 << 10;  // as the pipeline's

using Batches = std::vector<std::unique_ptr<Batch>>;

// The replay's records in batches, one from each ring in turn.
Batches read_batches(const Replay& replay);

// Takes out of a batch what actors put there, each with what those behind it did.
void undo_decode(Batch& batch);
void undo_pair(Batch& batch);

struct TrackedBatches {
  std::unique_ptr<FdTracker> tracker;  // holds the names that the events show
  Batches batches;
};
TrackedBatches track_batches(const Replay& replay);
TrackedBatches pair_batches(const Replay& replay);

// Makes names forget the numbers that an aggregator gave them.
void forget_numbers(const Batches& batches);

}  // namespace ior::bench
