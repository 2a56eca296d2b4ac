#include "bpf/live_rings.hpp"

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <numeric>

#include "bpf/kernel_errors.hpp"
#include "bpf/ring_records.hpp"

namespace ior {
namespace {

// Few calls move: a small part of a ring's size, but room for a record of any size.
constexpr std::size_t kMovedShare = 16;
constexpr std::size_t kMovedMin = 64 << 10;

std::size_t page_bytes() {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

template <typename T>
T load_acquire(const void* address) {
  return std::atomic_ref(*static_cast<T*>(const_cast<void*>(address)))
      .load(std::memory_order_acquire);
}

void store_release(void* address, std::uint64_t value) {
  std::atomic_ref(*static_cast<std::uint64_t*>(address)).store(value, std::memory_order_release);
}

std::unexpected<Error> cannot_map() {
  return fail_bpf("cannot map a ring buffer", errno);
}

}  // namespace

LiveRings::LiveRings(std::size_t cpus, std::size_t ring_bytes)
    : cpus_(cpus),
      ring_bytes_(ring_bytes),
      segment_bytes_(segment_bytes(ring_bytes)),
      moved_bytes_(std::max(kMovedMin, ring_bytes / kMovedShare)) {}

Result<std::unique_ptr<LiveRings>> LiveRings::create(int own_rings_fd, std::size_t cpus,
                                                     std::size_t ring_bytes) {
  std::unique_ptr<LiveRings> rings(new LiveRings(cpus, ring_bytes));
  if (auto mapped = rings->map_own_rings(own_rings_fd); !mapped) {
    return std::unexpected(mapped.error());
  }
  for (std::size_t i = 0; i < cpus; ++i) {
    if (auto added = rings->add_moved_ring(); !added) return std::unexpected(added.error());
  }
  return rings;
}

Result<void> LiveRings::map_own_rings(int fd) {
  void* mapped = ::mmap(nullptr, cpus_ * ring_map_bytes(ring_bytes_), PROT_READ | PROT_WRITE,
                        MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return cannot_map();
  own_ = static_cast<std::byte*>(mapped);
  for (std::size_t cpu = 0; cpu < cpus_; ++cpu)
    std::iota(std::begin(own_ring(cpu).places), std::end(own_ring(cpu).places), std::uint16_t{0});
  return {};
}

Result<void> LiveRings::add_moved_ring() {
  MovedRing ring;
  ring.fd.reset(::bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ior_moved", 0, 0,
                                 static_cast<__u32>(moved_bytes_), nullptr));
  if (!ring.fd) {
    return fail_bpf("cannot create a ring buffer of " + std::to_string(moved_bytes_) + " bytes",
                    errno);
  }
  const std::size_t page = page_bytes();
  void* consumer = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd.get(), 0);
  if (consumer == MAP_FAILED) return cannot_map();
  ring.consumer = static_cast<std::byte*>(consumer);
  void* producer = ::mmap(nullptr, page + 2 * moved_bytes_, PROT_READ, MAP_SHARED, ring.fd.get(),
                          static_cast<off_t>(page));
  if (producer == MAP_FAILED) {
    auto failed = cannot_map();
    ::munmap(consumer, page);
    return failed;
  }
  ring.producer = static_cast<std::byte*>(producer);
  moved_.push_back(std::move(ring));
  return {};
}

LiveRings::~LiveRings() {
  if (roots_) ::munmap(const_cast<ior_roots*>(roots_), sizeof(ior_roots));
  if (own_) ::munmap(own_, cpus_ * ring_map_bytes(ring_bytes_));
  for (MovedRing& ring : moved_) {
    ::munmap(ring.consumer, page_bytes());
    ::munmap(ring.producer, page_bytes() + 2 * moved_bytes_);
  }
}

void LiveRings::fill(std::byte with) {
  for (std::size_t cpu = 0; cpu < cpus_; ++cpu) {
    const std::size_t bytes = ring_map_bytes(ring_bytes_) - sizeof(ior_ring);
    std::ranges::fill_n(reinterpret_cast<std::byte*>(own_ring(cpu).data), bytes, with);
  }
}

Result<void> LiveRings::map_roots(int roots_fd) {
  void* mapped = ::mmap(nullptr, sizeof(ior_roots), PROT_READ, MAP_SHARED, roots_fd, 0);
  if (mapped == MAP_FAILED) return fail_errno("cannot map the table of roots", errno);
  roots_ = static_cast<const ior_roots*>(mapped);
  return {};
}

std::optional<RootEntry> LiveRings::root(std::uint32_t number) const {
  if (number == IOR_ROOT_OWN || number >= IOR_ROOTS_MAX || !roots_) return std::nullopt;
  const ior_root& entry = roots_->roots[number];
  if (entry.kind == 0) return std::nullopt;
  return RootEntry{.kind = static_cast<ior_root_kind>(entry.kind),
                   .id = entry.id,
                   .is_deleted = entry.is_deleted != 0,
                   .path = {roots_->texts + entry.text, entry.size}};
}

ior_ring& LiveRings::own_ring(std::size_t cpu) const {
  return *reinterpret_cast<ior_ring*>(own_ + cpu * ring_map_bytes(ring_bytes_));
}

const std::byte* LiveRings::segment_of(const ior_ring& ring, std::uint64_t position) const {
  const std::uint64_t number = position / segment_bytes_;
  const std::uint16_t place = ring.places[number % (ring_bytes_ / segment_bytes_)];
  return reinterpret_cast<const std::byte*>(ring.data) + place * (segment_bytes_ + IOR_RING_SPARE);
}

std::uint64_t LiveRings::produced(std::size_t ring) const {
  return load_acquire<std::uint64_t>(ring < cpus_ ? static_cast<void*>(&own_ring(ring).produced)
                                                  : moved_[ring - cpus_].producer);
}

std::uint64_t LiveRings::consumed(std::size_t ring) const {
  return load_acquire<std::uint64_t>(ring < cpus_ ? static_cast<void*>(&own_ring(ring).consumed)
                                                  : moved_[ring - cpus_].consumer);
}

std::uint64_t LiveRings::next_ns(std::size_t ring) const {
  if (ring < cpus_) {
    const ior_ring& own = own_ring(ring);
    return ring_record_ns(segment_of(own, own.consumed) + own.consumed % segment_bytes_);
  }
  const std::byte* data = moved_[ring - cpus_].producer + page_bytes();
  const std::byte* place = data + (consumed(ring) & (moved_bytes_ - 1));
  return load_acquire<std::uint32_t>(place) & kRingBusy ? 0 : ring_record_ns(place);
}

std::size_t LiveRings::consume(std::size_t ring, RingUntil until, std::size_t limit,
                               std::vector<std::byte>& out) {
  const std::size_t room = limit - std::min(limit, out.size());
  return ring < cpus_ ? consume_own(own_ring(ring), until, room, out)
                      : consume_moved(moved_[ring - cpus_], until, room, out);
}

// Copies in pieces: a segment's last record may run on behind it, and the next one does not follow
// it then.
std::size_t LiveRings::consume_own(ior_ring& ring, const RingUntil& until, std::size_t room,
                                   std::vector<std::byte>& out) {
  const std::uint64_t start = ring.consumed;
  std::uint64_t position = start;
  bool is_done = false;
  while (position < until.position && !is_done) {
    const std::byte* data = segment_of(ring, position);
    const std::size_t first = position % segment_bytes_;
    std::size_t end = first;
    while (position < until.position && end < segment_bytes_) {
      const std::size_t place =
          ring_record_bytes(*reinterpret_cast<const std::uint32_t*>(data + end));
      is_done = position + place - start > room || ring_record_ns(data + end) > until.time_ns;
      if (is_done) break;
      position += place;
      end += place;
    }
    out.insert(out.end(), data + first, data + end);
  }
  store_release(&ring.consumed, position);
  return position - start;
}

std::size_t LiveRings::consume_moved(MovedRing& ring, const RingUntil& until, std::size_t room,
                                     std::vector<std::byte>& out) {
  const std::byte* data = ring.producer + page_bytes();
  const std::uint64_t start = load_acquire<std::uint64_t>(ring.consumer);
  std::uint64_t position = start;
  while (position < until.position) {
    const std::byte* record = data + (position & (moved_bytes_ - 1));
    const auto header = load_acquire<std::uint32_t>(record);
    if (header & kRingBusy) break;
    const std::size_t size = ring_record_bytes(header);
    if (position + size - start > room || ring_record_ns(record) > until.time_ns) break;
    position += size;
  }
  const std::byte* first = data + (start & (moved_bytes_ - 1));
  out.insert(out.end(), first, first + (position - start));
  store_release(ring.consumer, position);
  return position - start;
}

}  // namespace ior
