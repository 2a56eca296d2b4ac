#include "bpf/recorded_rings.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "bpf/ring_records.hpp"

namespace ior {
namespace {

constexpr std::array kMagic = {'i', 'o', 'r', 'r', 'i', 'n', 'g', 's'};
constexpr std::uint64_t kMaxRings = 1 << 16;
constexpr std::uint64_t kMaxChunkBytes = 1ull << 32;
constexpr std::size_t kAhead = 1024;  // bytes: walking is slow where each header must be fetched

bool read_number(std::istream& in, std::uint64_t& value) {
  return static_cast<bool>(in.read(reinterpret_cast<char*>(&value), sizeof(value)));
}

void write_number(std::ostream& out, std::uint64_t value) {
  out.write(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

Result<std::vector<RingChunk>> read_ring_file(const std::string& path, std::size_t& ring_count) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail_errno("cannot open " + path, errno);
  std::array<char, kMagic.size()> magic{};
  std::uint64_t rings = 0;
  if (!in.read(magic.data(), magic.size()) || magic != kMagic || !read_number(in, rings) ||
      rings == 0 || rings > kMaxRings) {
    return fail(path + " is no file of recorded rings");
  }
  ring_count = rings;
  std::vector<RingChunk> chunks;
  for (std::uint64_t ring = 0, size = 0; read_number(in, ring);) {
    if (ring >= rings || !read_number(in, size) || size > kMaxChunkBytes) {
      return fail(path + " is damaged: a chunk's header is wrong");
    }
    RingChunk chunk{ring, std::vector<std::byte>(size)};
    if (!in.read(reinterpret_cast<char*>(chunk.bytes.data()), static_cast<std::streamsize>(size))) {
      return fail(path + " is cut short");
    }
    chunks.push_back(std::move(chunk));
  }
  if (in.gcount() != 0) return fail(path + " is cut short");
  return chunks;
}

Result<void> write_ring_file(const std::string& path, std::size_t ring_count,
                             const std::vector<RingChunk>& chunks) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(kMagic.data(), kMagic.size());
  write_number(out, ring_count);
  for (const RingChunk& chunk : chunks) {
    write_number(out, chunk.ring);
    write_number(out, chunk.bytes.size());
    out.write(reinterpret_cast<const char*>(chunk.bytes.data()),
              static_cast<std::streamsize>(chunk.bytes.size()));
  }
  out.close();
  if (!out) return fail_errno("cannot write " + path, errno);
  return {};
}

// Rings are read one after the other: where their numbers do not go up, a new round begins.
RecordedRings::RecordedRings(std::size_t ring_count, const std::vector<RingChunk>& chunks,
                             Pace pace)
    : rings_(ring_count), rounds_{std::vector<std::uint64_t>(ring_count)} {
  std::size_t last_ring = 0;
  for (const RingChunk& chunk : chunks) {
    if (pace == Pace::as_recorded && chunk.ring < last_ring) rounds_.push_back(rounds_.back());
    last_ring = chunk.ring;
    auto& bytes = rings_[chunk.ring].bytes;
    bytes.insert(bytes.end(), chunk.bytes.begin(), chunk.bytes.end());
    rounds_.back()[chunk.ring] = bytes.size();
  }
}

std::size_t RecordedRings::ring_bytes() const {
  std::size_t largest = 0;
  for (const Ring& ring : rings_) largest = std::max(largest, ring.bytes.size());
  return largest;
}

std::uint64_t RecordedRings::next_ns(std::size_t ring) const {
  const Ring& from = rings_[ring];
  return time_of(from, next_bytes(from, from.bytes.size()));
}

std::size_t RecordedRings::consume(std::size_t ring, RingUntil until, std::size_t limit,
                                   std::vector<std::byte>& out) {
  Ring& from = rings_[ring];
  const std::uint64_t start = from.position;
  const std::uint64_t end = std::min<std::uint64_t>(until.position, from.bytes.size());
  const std::size_t room = limit - std::min(limit, out.size());
  while (from.position < end) {
    __builtin_prefetch(from.bytes.data() + from.position + kAhead);
    const std::size_t bytes = next_bytes(from, end);
    if (time_of(from, bytes) > until.time_ns) break;
    // What is larger than any batch is cut off the ring: the decoder counts it.
    if (from.position + bytes - start > room && !(out.empty() && from.position == start)) break;
    from.position += bytes;
  }
  const std::byte* const first = from.bytes.data() + start;
  out.insert(out.end(), first, first + (from.position - start));
  while (round_ + 1 < rounds_.size() && is_consumed(round_)) ++round_;
  return from.position - start;
}

bool RecordedRings::is_consumed(std::size_t round) const {
  for (std::size_t ring = 0; ring < rings_.size(); ++ring) {
    if (rings_[ring].position < rounds_[round][ring]) return false;
  }
  return true;
}

// The bytes of the record at the ring's position; all that are left, where it is cut short.
std::size_t RecordedRings::next_bytes(const Ring& ring, std::uint64_t end) {
  const std::size_t left = end - ring.position;
  std::uint32_t header;
  if (left < sizeof(header)) return left;
  std::memcpy(&header, ring.bytes.data() + ring.position, sizeof(header));
  return std::min(left, ring_record_bytes(header));
}

// Of the record at the ring's position, which has so many bytes.
std::uint64_t RecordedRings::time_of(const Ring& ring, std::size_t bytes) {
  if (bytes < kRingHeaderBytes + sizeof(ior_head)) return 0;
  return ring_record_ns(ring.bytes.data() + ring.position);
}

void RecordedRings::rewind() {
  for (Ring& ring : rings_) ring.position = 0;
  round_ = 0;
}

}  // namespace ior
