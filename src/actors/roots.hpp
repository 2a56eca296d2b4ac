// The roots that paths start from, by the kernel side's numbers, with the names that they are shown
// by: "" is ior's own, "/srv/jail" a directory that ior can see, "mnt:[4026532621]" the top of
// another mount namespace, "mnt:[4026532621]/srv/jail" a directory in it, "[mount 532]" a mount
// that is in no namespace any more. Names live as long as the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "actors/message.hpp"
#include "bpf/ring_source.hpp"

namespace ior {

// Thread safety: one thread learns, the tracker's; any other may find what was learned for a batch
// that it was handed after that. Bound: IOR_ROOTS_MAX names.
class Roots {
 public:
  // `shards`: of the aggregators that number the names. Without a source all but ior's own root are
  // unknown.
  explicit Roots(std::size_t shards = 1, const RingSource* source = nullptr);

  const Name* learn(std::uint32_t number);
  // Never null.
  const Name* find(std::uint32_t number) const {
    return number < names_.size() && names_[number] ? name_of(names_[number]) : unknown_name();
  }

 private:
  static const Name* name_of(const Memory& memory) {
    return reinterpret_cast<const Name*>(memory.get());
  }
  const Name* unknown_name() const { return name_of(unknown_); }

  const std::size_t shards_;
  const RingSource* const source_;
  Memory unknown_;
  std::vector<Memory> names_;  // by number; null: not seen yet, or unknown
};

std::string root_name(const RootEntry& root);

}  // namespace ior
