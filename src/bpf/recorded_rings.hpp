// Ring bytes from a file instead of the kernel: what golden tests and benchmarks replay, and what
// tools/ring_capture makes.
//
//   file   "iorrings" | u64 rings | chunk*
//   chunk  u64 ring | u64 size | size bytes as they lay in that ring     (in the order in which
//   they were read)
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "bpf/ring_source.hpp"

namespace ior {

struct RingChunk {
  std::size_t ring = 0;
  std::vector<std::byte> bytes;  // whole records, with their headers
};

// Reads and writes the file format above. Errors name the file and what is wrong with it.
Result<std::vector<RingChunk>> read_ring_file(const std::string& path, std::size_t& ring_count);
Result<void> write_ring_file(const std::string& path, std::size_t ring_count,
                             const std::vector<RingChunk>& chunks);

// How fast the chunks come. Where they come as recorded, a ring shows what it had when it was read
// once everything before that has been consumed, so that a replay's passes are the recording's.
enum class Pace { at_once, as_recorded };

// Serves each ring's chunks in their order.
class RecordedRings final : public RingSource {
 public:
  RecordedRings(std::size_t ring_count, const std::vector<RingChunk>& chunks,
                Pace pace = Pace::at_once);

  std::size_t ring_count() const override { return rings_.size(); }
  std::size_t ring_bytes() const override;
  std::uint64_t produced(std::size_t ring) const override { return rounds_[round_][ring]; }
  std::uint64_t consumed(std::size_t ring) const override { return rings_[ring].position; }
  std::uint64_t next_ns(std::size_t ring) const override;
  std::size_t consume(std::size_t ring, RingUntil until, std::size_t limit,
                      std::vector<std::byte>& out) override;
  void rewind();

 private:
  struct Ring {
    std::vector<std::byte> bytes;
    std::uint64_t position = 0;
  };
  static std::size_t next_bytes(const Ring& ring, std::uint64_t end);
  static std::uint64_t time_of(const Ring& ring, std::size_t bytes);
  bool is_consumed(std::size_t round) const;

  std::vector<Ring> rings_;
  std::vector<std::vector<std::uint64_t>> rounds_;  // how far each ring had been written in each
  std::size_t round_ = 0;                           // that shows
};

}  // namespace ior
