// What exercises set up: files, directories and pipes of known names.
#pragma once

#include <fcntl.h>

#include <string>
#include <string_view>

#include "calls/calls.hpp"

namespace ioworkload {

// Each throws SyscallError where it fails.
OpenFile open_file(const std::string& path, int flags);  // openat
OpenFile open_dir(const std::string& path);              // openat
OpenFile new_file(const Calls& calls, std::string_view name, std::string_view text = {});

// An open file that another call than openat made; its name is read from /proc.
OpenFile adopt(long fd, int flags);

struct Pipe {
  OpenFile out;  // to read from
  OpenFile in;   // to write to
};
Pipe new_pipe();  // pipe2

}  // namespace ioworkload
