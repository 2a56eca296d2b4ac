// What the actors send one another: a batch, which each of them adds its part to.
//
//   ring_reader --bytes--> decoder --events--> fd_tracker --names--> (per shard) pairer --calls-->
//   aggregator, rows
//
// Only the actor whose turn it is changes a batch; those of different shards have a part each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <vector>

#include "actors/wire_record.hpp"
#include "model/call.hpp"

namespace ior {

// Ring bytes as they were read. Passes are the readers' watermark: a pass ends when every ring has
// been read up to where it had been written when the pass began. So whatever was written before a
// record of pass P was read, has been read by the end of pass P + 1.
struct RawBatch {
  std::vector<std::byte> bytes;
  std::uint64_t order = 0;      // batches are numbered from 0, in the order in which they were read
  std::uint64_t pass = 0;       // in which its records were read
  std::uint64_t completed = 0;  // passes that had ended when the batch was closed
  // Every call that ended before, by the boot clock, has been delivered once all shards are through
  // with the batch.
  std::uint64_t settled_ns = 0;
};

inline constexpr std::uint64_t kAllPasses =
    ~std::uint64_t{0};  // RawBatch.completed: nothing more will come

// A record that is sound, and what the names of its files are.
struct Event {
  WireRecord record;
  const Name* file = nullptr;  // of record.file(); null where there is none
  const Name* other = nullptr;
};

// A piece of memory that names or a record were put into.
using Memory = std::unique_ptr<std::byte[]>;

// The part of one shard, which has the threads whose numbers fall to it.
struct ShardBatch {
  std::vector<std::uint32_t> events;  // indexes into Batch.events, in their order; no names
  std::vector<Call> calls;
  std::vector<const Caller*> callers;          // of the calls
  std::vector<Event> processes;                // as their PROCESS records described them
  std::pmr::monotonic_buffer_resource memory;  // of callers and of paths that were put together
  std::vector<Memory> kept;                    // of what came from earlier batches

  void clear();
};

struct Batch {
  explicit Batch(std::size_t shard_count) : shards(shard_count) {}

  RawBatch raw;               // holds the bytes
  std::vector<Event> events;  // of each ring in its order
  std::vector<ShardBatch> shards;
  std::uint64_t malformed = 0;                 // records that were not understood, and dropped
  std::pmr::monotonic_buffer_resource memory;  // of names that only this batch shows
  // Names that this batch's names replaced. Earlier batches may still show them; they are gone
  // before this one is.
  std::vector<Memory> retired;

  void clear();
};

using BatchPtr = std::shared_ptr<Batch>;

inline void ShardBatch::clear() {
  events.clear();
  calls.clear();
  callers.clear();
  processes.clear();
  memory.release();
  kept.clear();
}

inline void Batch::clear() {
  raw.bytes.clear();
  events.clear();
  for (ShardBatch& shard : shards) shard.clear();
  malformed = 0;
  memory.release();
  retired.clear();
}

}  // namespace ior
