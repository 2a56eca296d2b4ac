#include "actors/ring_reader.hpp"

namespace ior {

std::uint64_t RingReader::begin_pass() noexcept {
  position_ = source_.consumed(ring_);
  until_ = source_.produced(ring_);
  return until_ - position_;
}

std::size_t RingReader::read(RawBatch& batch, std::size_t limit) noexcept {
  if (pass_done()) return 0;
  const std::size_t size = source_.consume(ring_, until_, limit, batch.bytes);
  position_ += size;
  return size;
}

}  // namespace ior
