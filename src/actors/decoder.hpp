// Turns ring bytes into events: walks the records, checks every length, and deals the events out to
// shards by process. Stateless, so batches may be decoded in parallel.
#pragma once

#include <optional>
#include <span>

#include "actors/message.hpp"

namespace ior {

class Decoder {
 public:
  // Fills the batch's events, and the shards', from the bytes. Records that are not understood are
  // counted in the batch and left out; nothing is read past the batch's bytes.
  void decode(Batch& batch) const noexcept;

  static std::size_t shard_of(std::uint32_t tgid, std::size_t shards) { return tgid % shards; }
};

// The record that these bytes are (without its ring header); none when they are not one. Every part
// of one that is returned lies within the bytes. Requires: they lie at a multiple of 8.
std::optional<WireRecord> decode_record(std::span<const std::byte> bytes) noexcept;

}  // namespace ior
