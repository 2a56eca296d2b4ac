// Rings that a test writes while they are read, with the kernel's rules: a record takes its place
// when it is reserved, and no reader gets past it until it is committed or discarded.
#pragma once

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

#include "bpf/ring_records.hpp"
#include "bpf/ring_source.hpp"
#include "tests/support/records.hpp"

namespace ior::test {

// Thread safety: every function may be called by any thread.
class FakeRings : public RingSource {
 public:
  explicit FakeRings(std::size_t rings) : rings_(rings) {}

  // `bytes`: whole records with their ring headers.
  void append(std::size_t ring, const Bytes& bytes) {
    const std::lock_guard lock(mutex_);
    test::append(rings_[ring].bytes, bytes);
  }

  // Reserves the place of one record and returns its position.
  std::uint64_t reserve(std::size_t ring, const Bytes& bytes) {
    const std::lock_guard lock(mutex_);
    Bytes& to = rings_[ring].bytes;
    const std::uint64_t position = to.size();
    test::append(to, bytes);
    set_header(to, position, header_at(to, position) | kRingBusy);
    return position;
  }

  void commit(std::size_t ring, std::uint64_t position) { settle(ring, position, 0); }
  void discard(std::size_t ring, std::uint64_t position) { settle(ring, position, kRingDiscarded); }

  std::size_t ring_count() const override { return rings_.size(); }
  std::size_t ring_bytes() const override { return std::size_t{1} << 30; }
  std::uint64_t produced(std::size_t ring) const override {
    const std::lock_guard lock(mutex_);
    return rings_[ring].bytes.size();
  }
  std::uint64_t consumed(std::size_t ring) const override {
    const std::lock_guard lock(mutex_);
    return rings_[ring].position;
  }

  std::uint64_t next_ns(std::size_t ring) const override {
    const std::lock_guard lock(mutex_);
    return ring_record_ns(rings_[ring].bytes.data() + rings_[ring].position);
  }

  std::size_t consume(std::size_t ring, RingUntil until, std::size_t limit,
                      std::vector<std::byte>& out) override {
    const std::lock_guard lock(mutex_);
    Ring& from = rings_[ring];
    const std::uint64_t start = from.position;
    while (from.position < until.position) {
      const std::uint32_t header = header_at(from.bytes, from.position);
      const std::size_t place = ring_record_bytes(header);
      if (ring_record_ns(from.bytes.data() + from.position) > until.time_ns) break;
      if ((header & kRingBusy) || out.size() + (from.position - start) + place > limit) break;
      from.position += place;
    }
    const auto first = from.bytes.begin();
    out.insert(out.end(), first + static_cast<std::ptrdiff_t>(start),
               first + static_cast<std::ptrdiff_t>(from.position));
    return from.position - start;
  }

 private:
  struct Ring {
    Bytes bytes;
    std::uint64_t position = 0;
  };

  static std::uint32_t header_at(const Bytes& bytes, std::uint64_t position) {
    std::uint32_t header;
    std::memcpy(&header, bytes.data() + position, sizeof(header));
    return header;
  }
  static void set_header(Bytes& bytes, std::uint64_t position, std::uint32_t header) {
    std::memcpy(bytes.data() + position, &header, sizeof(header));
  }
  void settle(std::size_t ring, std::uint64_t position, std::uint32_t flags) {
    const std::lock_guard lock(mutex_);
    Bytes& bytes = rings_[ring].bytes;
    set_header(bytes, position, (header_at(bytes, position) & ~kRingBusy) | flags);
  }

  mutable std::mutex mutex_;
  std::vector<Ring> rings_;
};

}  // namespace ior::test
