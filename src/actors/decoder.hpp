// Turns ring bytes into events: walks the records, checks every length, and deals the events out to
// shards by process. Stateless, so batches may be decoded in parallel.
#pragma once

#include <memory>
#include <span>

#include "actors/message.hpp"

namespace ior {

class Decoder {
 public:
  explicit Decoder(std::size_t shards) : shards_(shards) {}

  // Fills events and by_shard from the bytes. Records that are not understood are counted in the
  // batch and left out; nothing is read past the batch's bytes.
  void decode(EventBatch& batch) const noexcept;

  static std::size_t shard_of(std::uint32_t tgid, std::size_t shards) { return tgid % shards; }

 private:
  std::size_t shards_;
};

// Reads one record (without its ring header) into `event`; false when it is not one.
bool decode_record(std::span<const std::byte> record, Event& event) noexcept;

}  // namespace ior
