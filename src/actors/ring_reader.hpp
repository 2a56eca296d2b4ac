// The consumer of one CPU's ring: moves its committed records into batches. One reader per ring,
// all driven in passes by one thread (pipeline.cpp): a pass ends when every reader has reached
// where its ring had been written at the start.
#pragma once

#include <cstdint>

#include "actors/message.hpp"
#include "bpf/ring_source.hpp"

namespace ior {

// Thread safety: one thread. Lifetime: the source outlives the reader.
class RingReader {
 public:
  RingReader(RingSource& source, std::size_t ring) : source_(source), ring_(ring) {}

  // How many bytes wait in the ring.
  std::uint64_t backlog() const noexcept {
    return source_.produced(ring_) - source_.consumed(ring_);
  }
  // Begins a pass: everything written so far is to be read in it. Returns how many bytes that are.
  std::uint64_t begin_pass() noexcept;
  // Appends to the batch until that much was read, a record is later than `until_ns`, the batch
  // holds `limit` bytes, or a record is not committed yet. Returns the number of bytes appended.
  std::size_t read(RawBatch& batch, std::size_t limit, std::uint64_t until_ns = kAnyTime) noexcept;
  // Of the next record that is to be read in the pass, as RingSource has it; kAnyTime for none.
  std::uint64_t next_ns() const noexcept { return next_ns_; }
  static constexpr std::uint64_t kAnyTime = ~std::uint64_t{0};
  bool pass_done() const noexcept { return position_ >= until_; }

 private:
  void look_ahead() noexcept;

  RingSource& source_;
  std::size_t ring_;
  std::uint64_t position_ = 0;
  std::uint64_t until_ = 0;
  std::uint64_t next_ns_ = kAnyTime;
};

}  // namespace ior
