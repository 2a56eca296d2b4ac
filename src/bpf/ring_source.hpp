// Where records come from: the kernel's rings, or recorded bytes. Records of the second half of the
// rings may refer to names that were written before them to the first half. The bytes of a ring are
// records of its own format, each behind an 8-byte header {u32 size and flags, u32 reserved} and
// padded to 8, which ring_records.hpp walks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "bpf/wire.h"

namespace ior {

// How far to read a ring: to a position, and not past the first record of a later time.
struct RingUntil {
  RingUntil(std::uint64_t end_position, std::uint64_t last_ns = ~std::uint64_t{0})
      : position(end_position), time_ns(last_ns) {}

  std::uint64_t position;
  std::uint64_t time_ns;  // of the boot clock
};

// A root that paths start from, as the kernel side tells of it.
struct RootEntry {
  ior_root_kind kind;
  std::uint32_t id;  // of its mount namespace, or of a mount that is in none
  bool is_deleted;
  std::string_view path;  // empty: the top. Lifetime: that of the source
};

// Thread safety: one thread per ring at a time.
class RingSource {
 public:
  virtual ~RingSource() = default;

  virtual std::size_t ring_count() const = 0;
  // The bytes that one ring holds at most.
  virtual std::size_t ring_bytes() const = 0;
  // How far the ring has been written, in bytes since the start. Whatever was written before the
  // call lies before it.
  virtual std::uint64_t produced(std::size_t ring) const = 0;
  // How far the ring has been consumed.
  virtual std::uint64_t consumed(std::size_t ring) const = 0;
  // The time of the next record, in ns of the boot clock; 0 for one that is not yet committed or is
  // none. Requires: it has been produced.
  virtual std::uint64_t next_ns(std::size_t ring) const = 0;
  // Appends whole records to `out`, up to `until` and while `out` stays within `limit` bytes, and
  // frees their place in the ring. Stops early at a record that is reserved and not yet committed.
  // Returns the number of bytes appended.
  virtual std::size_t consume(std::size_t ring, RingUntil until, std::size_t limit,
                              std::vector<std::byte>& out) = 0;

  // The root of that number, which a record that was read has (ior_roots in wire.h); none where the
  // source does not tell.
  virtual std::optional<RootEntry> root(std::uint32_t /*number*/) const { return std::nullopt; }
};

}  // namespace ior
