// Says which file each fd and each path of a call stands for. The kernel side looks the fd up in
// the process's own table, dup, close, fork and exec included, and sends a file's name once per
// ring; this actor keeps those names and puts them, and the paths that start from them, into the
// events.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/message.hpp"
#include "catalog/catalog.hpp"

namespace ior {

// Thread safety: one thread, batches in the order in which they were read: a name stands in its
// ring before its use. Bound: IOR_NAME_WINDOW names per ring.
class FdTracker {
 public:
  explicit FdTracker(std::size_t rings) : windows_(rings) {}

  // Fills path, old_path and flags of the batch's events.
  void track(EventBatch& batch) noexcept;

 private:
  struct Name {
    std::uint32_t id = 0;
    std::unique_ptr<const std::string> text;  // null: never given
  };
  using Window =
      std::vector<Name>;  // by id modulo IOR_NAME_WINDOW, as long as the largest that was used

  void remember(const Event& event, EventBatch& batch);
  void track_enter(Event& event, EventBatch& batch) const;
  void take_paths(const Shape& shape, Event& event, EventBatch& batch) const;
  void track_exit(Event& event, EventBatch& batch) const;
  std::string_view name_of(const ior_file& file, const Event& event, EventBatch& batch) const;

  std::vector<Window> windows_;
};

}  // namespace ior
