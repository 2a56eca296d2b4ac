// The kernel side's rings, mapped into memory: for each possible CPU its own ring (ior_ring in
// wire.h), and behind all of these, for each CPU, the BPF ring buffer of calls that moved away from
// it. The latter are read without libbpf's consumer, whose interface does not tell how far a ring
// has been written (the readers' passes need that).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "bpf/ring_source.hpp"
#include "bpf/wire.h"

namespace ior {

// A ring of 1 to 64 MiB has segments of 128 KiB, others are one.
constexpr std::size_t segment_bytes(std::size_t ring_bytes) {
  constexpr std::size_t kSegment = 128 << 10;
  const bool has_segments = ring_bytes >= 8 * kSegment && ring_bytes <= IOR_SEGMENTS_MAX * kSegment;
  return has_segments ? kSegment : ring_bytes;
}

// The bytes that the map of all CPUs' own rings keeps for one of them.
constexpr std::size_t ring_map_bytes(std::size_t ring_bytes) {
  return sizeof(ior_ring) +
         ring_bytes / segment_bytes(ring_bytes) * (segment_bytes(ring_bytes) + IOR_RING_SPARE);
}

class LiveRings final : public RingSource {
 public:
  // Maps the own rings of `cpus` CPUs, which are the values of an array map, and makes the other
  // ones. Errors: no memory, no permission.
  static Result<std::unique_ptr<LiveRings>> create(int own_rings_fd, std::size_t cpus,
                                                   std::size_t ring_bytes);
  ~LiveRings() override;

  // Maps the table of roots, the value of an array map.
  Result<void> map_roots(int roots_fd);

  // What the kernel side has counted on a CPU, by IOR_ROW_OF.
  std::span<const ior_total, IOR_ROWS> totals(std::size_t cpu) const {
    return own_ring(cpu).totals;
  }
  // Requires: nothing has been written yet.
  void fill(std::byte with);
  // Of the ring buffer map of calls that moved away from a CPU.
  int moved_map_fd(std::size_t cpu) const { return moved_[cpu].fd.get(); }

  std::size_t cpu_count() const { return cpus_; }
  std::size_t ring_count() const override { return 2 * cpus_; }
  std::size_t ring_bytes() const override { return ring_bytes_; }
  std::uint64_t produced(std::size_t ring) const override;
  std::uint64_t consumed(std::size_t ring) const override;
  std::uint64_t next_ns(std::size_t ring) const override;
  std::size_t consume(std::size_t ring, RingUntil until, std::size_t limit,
                      std::vector<std::byte>& out) override;
  std::optional<RootEntry> root(std::uint32_t number) const override;

 private:
  struct MovedRing {
    UniqueFd fd;
    std::byte* consumer = nullptr;  // one page: the consumer position
    std::byte* producer = nullptr;  // one page: the producer position; then the data, mapped twice
  };

  LiveRings(std::size_t cpus, std::size_t ring_bytes);
  Result<void> map_own_rings(int fd);
  Result<void> add_moved_ring();
  ior_ring& own_ring(std::size_t cpu) const;
  const std::byte* segment_of(const ior_ring& ring, std::uint64_t position) const;
  std::size_t consume_own(ior_ring& ring, const RingUntil& until, std::size_t room,
                          std::vector<std::byte>& out);
  std::size_t consume_moved(MovedRing& ring, const RingUntil& until, std::size_t room,
                            std::vector<std::byte>& out);

  const std::size_t cpus_;
  const std::size_t ring_bytes_;
  const std::size_t segment_bytes_;
  const std::size_t moved_bytes_;
  std::byte* own_ = nullptr;
  const ior_roots* roots_ = nullptr;
  std::vector<MovedRing> moved_;
};

}  // namespace ior
