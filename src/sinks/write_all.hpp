// Writes to a file descriptor without losing bytes to short writes, signals or O_NONBLOCK.
#pragma once

#include <string_view>

namespace ior {

// 0, or the errno of the write that failed; `bytes` are then those that were not written. A broken
// pipe is EPIPE where SIGPIPE is ignored.
int write_all(int fd, std::string_view& bytes) noexcept;

}  // namespace ior
