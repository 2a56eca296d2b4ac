// Which file a file handle stands for, as name_to_handle_at() gave it out: names an
// open_by_handle_at() that failed. Handles go from thread to thread, and shards have different
// threads: of two shards' calls either one may be seen first; those of one thread come in order.
// Bounded: full, it forgets all. Thread safety: any number of threads.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include <absl/container/flat_hash_map.h>

#include "model/call.hpp"

namespace ior {

class HandleNames {
 public:
  static constexpr std::size_t kMax = 1 << 16;

  struct Found {
    std::string path;  // empty: the handle is not known
    const Name* root = nullptr;
  };

  void remember(std::uint64_t handle, std::string_view path, const Name* root);
  Found find(std::uint64_t handle) const;

 private:
  mutable std::mutex mutex_;
  absl::flat_hash_map<std::uint64_t, Found> names_;
};

}  // namespace ior
