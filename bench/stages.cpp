#include "stages.hpp"

#include "actors/decoder.hpp"
#include "actors/pairer.hpp"
#include "actors/ring_reader.hpp"

namespace ior::bench {
namespace {

constexpr std::size_t kBatchBytes = 128 << 10;

}  // namespace

std::vector<EventBatchPtr> read_batches(const Replay& replay) {
  RecordedRings rings(replay.rings, replay.chunks);
  std::vector<RingReader> readers;
  for (std::size_t ring = 0; ring < replay.rings; ++ring) readers.emplace_back(rings, ring);
  for (RingReader& reader : readers) reader.begin_pass();
  std::vector<EventBatchPtr> batches;
  for (bool more = true; more;) {
    more = false;
    for (RingReader& reader : readers) {
      auto batch = std::make_shared<EventBatch>();
      if (reader.read(batch->raw, kBatchBytes) == 0) continue;
      batch->raw.order = batches.size();
      batch->raw.pass = 1;
      batches.push_back(std::move(batch));
      more = true;
    }
  }
  if (!batches.empty()) batches.back()->raw.completed = kAllPasses;
  return batches;
}

void undo_decode(EventBatch& batch) {
  batch.events.clear();
  for (auto& shard : batch.by_shard) shard.clear();
  batch.malformed = 0;
  batch.memory.release();
  batch.retired.clear();
}

TrackedBatches track_batches(const Replay& replay) {
  const Decoder decoder(1);
  TrackedBatches tracked{std::make_unique<FdTracker>(replay.rings), read_batches(replay)};
  for (const EventBatchPtr& batch : tracked.events) {
    decoder.decode(*batch);
    tracked.tracker->track(*batch);
  }
  return tracked;
}

PairedBatches pair_batches(const Replay& replay) {
  PairedBatches paired{track_batches(replay), {}};
  Pairer pairer(0, {});
  for (const EventBatchPtr& batch : paired.tracked.events) {
    paired.calls.push_back(pairer.pair(batch));
  }
  return paired;
}

}  // namespace ior::bench
