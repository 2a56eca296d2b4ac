#include "calls/files.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "calls/child.hpp"
#include "sys.hpp"

namespace ioworkload {
namespace {

constexpr int kStatusFlags = O_ACCMODE | O_APPEND | O_NONBLOCK | O_DIRECT | O_PATH;

}  // namespace

OpenFile open_file(const std::string& path, int flags) {
  return {sys::openat(AT_FDCWD, path, flags), path, flags & kStatusFlags};
}

OpenFile open_dir(const std::string& path) {
  return open_file(path, O_RDONLY | O_DIRECTORY);
}

OpenFile new_file(const Calls& calls, std::string_view name, std::string_view text) {
  OpenFile file = open_file(calls.file(name), O_RDWR | O_CREAT);
  if (!text.empty()) sys::pwrite64(file.fd, text, 0);
  return file;
}

OpenFile adopt(long fd, int flags) {
  if (fd < 0) throw SyscallError("setting up an fd", errno);
  return {static_cast<int>(fd), name_of(static_cast<int>(fd)), flags};
}

Pipe new_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), 0) != 0) throw SyscallError("pipe2", errno);
  return {adopt(ends[0], O_RDONLY), adopt(ends[1], O_WRONLY)};
}

}  // namespace ioworkload
