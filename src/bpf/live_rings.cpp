#include "bpf/live_rings.hpp"

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "bpf/ring_records.hpp"

namespace ior {
namespace {

std::size_t page_bytes() {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

template <typename T>
T load_acquire(const std::byte* address) {
  return std::atomic_ref(*reinterpret_cast<T*>(const_cast<std::byte*>(address)))
      .load(std::memory_order_acquire);
}

}  // namespace

Result<std::unique_ptr<LiveRings>> LiveRings::create(std::size_t count, std::size_t ring_bytes) {
  std::unique_ptr<LiveRings> rings(new LiveRings(ring_bytes));
  for (std::size_t i = 0; i < count; ++i) {
    if (auto added = rings->add_ring(); !added) return std::unexpected(added.error());
  }
  return rings;
}

Result<void> LiveRings::add_ring() {
  Ring ring;
  ring.fd.reset(::bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ior_ring", 0, 0,
                                 static_cast<__u32>(ring_bytes_), nullptr));
  if (!ring.fd) {
    return fail_errno("cannot create a ring buffer of " + std::to_string(ring_bytes_) +
                          " bytes (a smaller -mapSize may help)",
                      errno);
  }
  const std::size_t page = page_bytes();
  void* consumer = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd.get(), 0);
  if (consumer == MAP_FAILED) return fail_errno("cannot map a ring buffer", errno);
  ring.consumer = static_cast<std::byte*>(consumer);
  void* producer = ::mmap(nullptr, page + 2 * ring_bytes_, PROT_READ, MAP_SHARED, ring.fd.get(),
                          static_cast<off_t>(page));
  if (producer == MAP_FAILED) {
    const int error = errno;
    ::munmap(consumer, page);
    return fail_errno("cannot map a ring buffer", error);
  }
  ring.producer = static_cast<std::byte*>(producer);
  rings_.push_back(std::move(ring));
  return {};
}

LiveRings::~LiveRings() {
  for (Ring& ring : rings_) {
    ::munmap(ring.consumer, page_bytes());
    ::munmap(ring.producer, page_bytes() + 2 * ring_bytes_);
  }
}

std::uint64_t LiveRings::produced(std::size_t ring) const {
  return load_acquire<std::uint64_t>(rings_[ring].producer);
}

std::uint64_t LiveRings::consumed(std::size_t ring) const {
  return load_acquire<std::uint64_t>(rings_[ring].consumer);
}

std::size_t LiveRings::consume(std::size_t ring, std::uint64_t until, std::size_t limit,
                               std::vector<std::byte>& out) {
  const std::byte* data = rings_[ring].producer + page_bytes();
  const std::uint64_t start = consumed(ring);
  const std::size_t room = limit - std::min(limit, out.size());
  std::uint64_t position = start;
  while (position < until) {
    const auto header = load_acquire<std::uint32_t>(data + (position & (ring_bytes_ - 1)));
    if (header & kRingBusy) break;
    const std::size_t place = ring_record_bytes(header);
    if (position + place - start > room) break;
    position += place;
  }
  const std::byte* first = data + (start & (ring_bytes_ - 1));
  out.insert(out.end(), first, first + (position - start));
  std::atomic_ref(*reinterpret_cast<std::uint64_t*>(rings_[ring].consumer))
      .store(position, std::memory_order_release);
  return position - start;
}

}  // namespace ior
