// Ring bytes and what is in them: the input of every benchmark, and what its result is held
// against. Synthetic ones come from synthetic.hpp, recorded ones from files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "bpf/recorded_rings.hpp"

namespace ior::bench {

struct Replay {
  std::size_t rings = 0;
  std::vector<RingChunk> chunks;
  std::uint64_t ring_bytes = 0;
  std::uint64_t records = 0;
  std::uint64_t halves = 0;  // enters and exits; a record of a whole call has both
  std::uint64_t calls = 0;
  // Known of synthetic ones only:
  std::uint64_t processes = 0;
  std::uint64_t bytes_moved = 0;  // by the calls
};

// A file that tools/ring_capture made.
Result<Replay> load_replay(const std::string& path);

}  // namespace ior::bench
