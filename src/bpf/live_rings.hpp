// The kernel's BPF ring buffers, one per possible CPU, mapped into memory and read without libbpf's
// own consumer, whose interface does not tell how far a ring has been written (the readers' passes
// need that).
#pragma once

#include <memory>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "bpf/ring_source.hpp"

namespace ior {

class LiveRings final : public RingSource {
 public:
  // Creates `count` ring buffer maps of `ring_bytes` each. Errors: no memory, no permission.
  static Result<std::unique_ptr<LiveRings>> create(std::size_t count, std::size_t ring_bytes);
  ~LiveRings() override;

  int map_fd(std::size_t ring) const { return rings_[ring].fd.get(); }

  std::size_t ring_count() const override { return rings_.size(); }
  std::size_t ring_bytes() const override { return ring_bytes_; }
  std::uint64_t produced(std::size_t ring) const override;
  std::uint64_t consumed(std::size_t ring) const override;
  std::size_t consume(std::size_t ring, std::uint64_t until, std::size_t limit,
                      std::vector<std::byte>& out) override;

 private:
  struct Ring {
    UniqueFd fd;
    std::byte* consumer = nullptr;  // one page: the consumer position
    std::byte* producer = nullptr;  // one page: the producer position; then the data, mapped twice
  };

  explicit LiveRings(std::size_t ring_bytes) : ring_bytes_(ring_bytes) {}
  Result<void> add_ring();

  std::size_t ring_bytes_;
  std::vector<Ring> rings_;
};

}  // namespace ior
