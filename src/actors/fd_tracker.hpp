// Says which file each fd of a call stands for. The kernel side looks the fd up in the process's
// own table, dup, close, fork and exec included, and sends a file's name once per ring; this actor
// keeps those names and puts them into the events. What a call shows of them, and of the paths that
// it passed, call_files.hpp says.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "actors/message.hpp"
#include "actors/roots.hpp"

namespace ior {

// Thread safety: one thread, batches in the order in which they were read: a name stands in its
// ring before its use. Bound: the names of IOR_NAME_WINDOW numbers per ring, of which a name takes
// as many as it is long (IOR_NAME_NUMBERS): 65,536 names, 16 MiB of text.
class FdTracker {
 public:
  explicit FdTracker(std::size_t rings, std::shared_ptr<Roots> roots = std::make_shared<Roots>())
      : roots_(std::move(roots)), windows_(rings) {}

  // Names refer to these: they are to live as long as any call does.
  std::shared_ptr<const Roots> roots() const { return roots_; }

  // Fills file and other of the batch's events, and learns the roots that they tell.
  void track(Batch& batch) noexcept;

 private:
  struct Place {
    std::uint32_t id = 0;
    Memory name;  // null: never given
  };
  using Window =
      std::vector<Place>;  // by id modulo IOR_NAME_WINDOW, as long as the largest that was used

  void remember(const WireRecord& record, Batch& batch);
  const Name* root_of(const ior_name& name);
  const Name* name_of(const ior_file& file, const WireRecord& record, Batch& batch);
  const Name* named(std::size_t ring, std::uint32_t id) const;

  const std::shared_ptr<Roots> roots_;
  std::vector<Window> windows_;
};

}  // namespace ior
