#include "actors/ring_reader.hpp"

namespace ior {

std::uint64_t RingReader::begin_pass() noexcept {
  position_ = source_.consumed(ring_);
  until_ = source_.produced(ring_);
  look_ahead();
  return until_ - position_;
}

std::size_t RingReader::read(RawBatch& batch, std::size_t limit, std::uint64_t until_ns) noexcept {
  if (pass_done()) return 0;
  const std::size_t size = source_.consume(ring_, {until_, until_ns}, limit, batch.bytes);
  position_ += size;
  look_ahead();
  return size;
}

void RingReader::look_ahead() noexcept {
  next_ns_ = pass_done() ? kAnyTime : source_.next_ns(ring_);
}

}  // namespace ior
