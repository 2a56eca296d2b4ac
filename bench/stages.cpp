#include "stages.hpp"

#include "actors/decoder.hpp"
#include "actors/names.hpp"
#include "actors/pairer.hpp"
#include "actors/ring_reader.hpp"

namespace ior::bench {
Batches read_batches(const Replay& replay) {
  RecordedRings rings(replay.rings, replay.chunks);
  std::vector<RingReader> readers;
  for (std::size_t ring = 0; ring < replay.rings; ++ring) readers.emplace_back(rings, ring);
  for (RingReader& reader : readers) reader.begin_pass();
  Batches batches;
  for (bool more = true; more;) {
    more = false;
    for (RingReader& reader : readers) {
      auto batch = std::make_unique<Batch>(1);
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

void undo_pair(Batch& batch) {
  ShardBatch& shard = batch.shards.front();
  std::vector<std::uint32_t> events = std::move(shard.events);
  shard.clear();
  shard.events = std::move(events);
}

void undo_decode(Batch& batch) {
  std::vector<std::byte> bytes = std::move(batch.raw.bytes);
  batch.clear();
  batch.raw.bytes = std::move(bytes);
}

void forget_numbers(const Batches& batches) {
  for (const auto& batch : batches) {
    for (const Call& call : batch->shards.front().calls) {
      for (const Name* name : {call.path, call.old_path}) {
        if (name && name->numbers) *name->numbers = kNoNumber;
      }
    }
  }
}

TrackedBatches track_batches(const Replay& replay) {
  const Decoder decoder;
  TrackedBatches tracked{std::make_unique<FdTracker>(replay.rings), read_batches(replay)};
  for (const auto& batch : tracked.batches) {
    decoder.decode(*batch);
    tracked.tracker->track(*batch);
  }
  return tracked;
}

TrackedBatches pair_batches(const Replay& replay) {
  TrackedBatches paired = track_batches(replay);
  Pairer pairer(0, {}, std::make_shared<HandleNames>(), paired.tracker->roots());
  for (const auto& batch : paired.batches) pairer.pair(*batch);
  return paired;
}

}  // namespace ior::bench
