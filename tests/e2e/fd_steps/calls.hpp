// Makes calls and logs each as the row that ior must show for it: "comm,tid,name,ret,file". What
// the file is comes from /proc, asked right before the call, or after it for an fd that it made.
#pragma once

#include <sys/syscall.h>

#include <array>
#include <string_view>

#include "tests/e2e/fd_steps/text.hpp"

namespace fd_steps {

struct Call {
  long number;
  const char* name;
};

#define SYS_umount SYS_umount2  // as ior and the kernel's tracepoint name it

namespace call {
#define CALL(name) inline constexpr Call name##_{SYS_##name, #name};
#include "tests/e2e/fd_steps/calls.def"
#undef CALL
}  // namespace call

inline constexpr std::string_view kCallNames[] = {
#define CALL(name) #name,
#include "tests/e2e/fd_steps/calls.def"
#undef CALL
};

using Arguments = std::array<long, 6>;

template <typename... Values>
Arguments arguments(Values... values) {
  return {(long)values...};
}

// A path, and the directory from which it starts (AT_FDCWD: the working directory).
struct Place {
  int dirfd;
  Text path;
};

// As the calling thread's /proc entry has it; in ior's own words where the fd is not open or is a
// socket.
Text file_of(int fd);
bool is_open(int fd);
// The path as passed, joined to the directory from which it starts.
Text name_of(const Place& place);

// The result; minus errno where the call failed.
long invoke(const Call& call, const Arguments& arguments);
void log_call(const Call& call, long result, std::string_view file);
// The same of another thread's call.
void log_call_of(long thread, const Call& call, long result, std::string_view file);

// A call about no file.
long call_plain(const Call& call, const Arguments& arguments);
// A call on an fd.
long call_on_fd(const Call& call, int fd, const Arguments& arguments);
// A call on a path.
long call_on_path(const Call& call, const Place& place, const Arguments& arguments);
// A call that makes another fd refer to the fd's file.
long call_over_fd(const Call& call, int fd, int replaced, const Arguments& arguments);
// A call from one path to another.
long call_on_paths(const Call& call, const Place& from, const Place& to,
                   const Arguments& arguments);
// A call that makes an fd; `otherwise` is its file where it fails.
long call_for_fd(const Call& call, const Text& otherwise, const Arguments& arguments);

}  // namespace fd_steps
