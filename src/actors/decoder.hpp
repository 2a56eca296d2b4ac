// Turns ring bytes into events: walks the records, checks every length, and deals the events out to
// shards by thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "actors/message.hpp"

namespace ior {

class Decoder {
 public:
  // `deal`: the shards of the threads' numbers (ior_head.task) modulo its size.
  explicit Decoder(std::vector<std::size_t> deal = {0}) : deal_(std::move(deal)) {}

  // Fills the batch's events, and the shards', from the bytes. Records that are not understood are
  // counted in the batch and left out; nothing is read past the batch's bytes.
  void decode(Batch& batch) const noexcept;

  std::size_t shard_of(std::uint32_t task) const { return deal_[task % deal_.size()]; }
  std::size_t shard_count() const { return std::ranges::max(deal_) + 1; }

 private:
  const std::vector<std::size_t> deal_;
};

// The record that these bytes are (without its ring header); none when they are not one. Every part
// of one that is returned lies within the bytes. Requires: they lie at a multiple of 8.
std::optional<WireRecord> decode_record(std::span<const std::byte> bytes) noexcept;

}  // namespace ior
