// What the records of a call tell of its files: the names and the paths that it shows, and open
// flags. shapes.def says which argument names what; here are its rules. Free functions.
#pragma once

#include <cstdint>
#include <memory_resource>

#include "actors/message.hpp"

namespace ior {

struct CallFiles {
  const Name* path = nullptr;
  const Name* old_path = nullptr;
  std::uint32_t flags = 0;
  bool has_flags = false;
};

// Of an EXIT, whose enter half it may hold, too (IOR_WHOLE). Paths that must be put together go
// into the memory. `row` is the syscall's, null where it has none.
CallFiles files_of_exit(const Syscall* row, const Event& exit,
                        std::pmr::monotonic_buffer_resource& memory);

// Of a call of two records. A successful open is named by the file that it opened.
CallFiles files_of_call(const Syscall* row, const Event& enter, const Event& exit,
                        std::pmr::monotonic_buffer_resource& memory);

// Where a call's two files start from different roots: names both from ior's own, each with the
// name of its root in front.
void name_from_one_root(CallFiles& files, const Caller& caller, const Name& own_root,
                        std::pmr::monotonic_buffer_resource& memory);

}  // namespace ior
