// Records as they lie in a ring, or in bytes that were copied from one (kernel/bpf/ringbuf.c has
// the layout of their headers).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "bpf/wire.h"

namespace ior {

inline constexpr std::uint32_t kRingBusy = 1u << 31;
inline constexpr std::uint32_t kRingDiscarded = 1u << 30;
inline constexpr std::size_t kRingHeaderBytes = 8;

// The place that a record with this header takes, header and padding included.
inline std::size_t ring_record_bytes(std::uint32_t header) {
  const std::size_t size = header & ~(kRingBusy | kRingDiscarded);
  return (size + kRingHeaderBytes + 7) & ~std::size_t{7};
}

// The time of the record behind the ring header that lies here; 0 where that is too short, not
// committed, or has no time that could be.
inline std::uint64_t ring_record_ns(const std::byte* place) {
  std::uint32_t header;
  std::memcpy(&header, place, sizeof(header));
  if ((header & kRingBusy) || (header & ~kRingDiscarded) < sizeof(ior_head)) return 0;
  std::uint64_t time_ns;
  std::memcpy(&time_ns, place + kRingHeaderBytes + offsetof(ior_head, time_ns), sizeof(time_ns));
  return time_ns >> 63 ? 0 : time_ns;
}

class RingRecords {
 public:
  explicit RingRecords(std::span<const std::byte> bytes) : bytes_(bytes) {}

  // The next record that was not discarded; none at the end, or where the bytes are cut (is_cut()
  // tells which).
  std::optional<std::span<const std::byte>> next() {
    while (bytes_.size() >= kRingHeaderBytes) {
      std::uint32_t header;
      std::memcpy(&header, bytes_.data(), sizeof(header));
      const std::size_t place = ring_record_bytes(header);
      if (place > bytes_.size()) return std::nullopt;
      const auto record = bytes_.subspan(kRingHeaderBytes, header & ~(kRingBusy | kRingDiscarded));
      bytes_ = bytes_.subspan(place);
      if (!(header & kRingDiscarded)) return record;
    }
    return std::nullopt;
  }

  bool is_cut() const { return !bytes_.empty(); }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace ior
