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

// The calls that steps make, and ior is to trace.
#define FD_STEPS_CALLS(CALL)                                                                  \
  CALL(open)                                                                                  \
  CALL(openat)                                                                                \
  CALL(openat2)                                                                               \
  CALL(creat)                                                                                 \
  CALL(close)                                                                                 \
  CALL(close_range)                                                                           \
  CALL(dup) CALL(dup2) CALL(dup3) CALL(fcntl) CALL(lseek) CALL(pipe2) CALL(socketpair)        \
      CALL(eventfd2) CALL(memfd_create) CALL(epoll_create1) CALL(timerfd_create)              \
          CALL(inotify_init1) CALL(signalfd4) CALL(rename) CALL(renameat) CALL(renameat2)     \
              CALL(link) CALL(linkat) CALL(unlink) CALL(unlinkat) CALL(mkdir) CALL(mkdirat)   \
                  CALL(rmdir) CALL(chdir) CALL(fchdir) CALL(mount) CALL(umount) CALL(sendmsg) \
                      CALL(recvmsg) CALL(pidfd_open) CALL(pidfd_getfd) CALL(fork) CALL(vfork) \
                          CALL(clone) CALL(unshare) CALL(execve) CALL(execveat)

namespace call {
#define FD_STEPS_DEFINE(name) inline constexpr Call name##_{SYS_##name, #name};
FD_STEPS_CALLS(FD_STEPS_DEFINE)
#undef FD_STEPS_DEFINE
}  // namespace call

inline constexpr std::array kCallNames = {
#define FD_STEPS_NAME(name) std::string_view(#name),
    FD_STEPS_CALLS(FD_STEPS_NAME)
#undef FD_STEPS_NAME
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
// A call from one path to another.
long call_on_paths(const Call& call, const Place& from, const Place& to,
                   const Arguments& arguments);
// A call that makes an fd; `otherwise` is its file where it fails.
long call_for_fd(const Call& call, const Text& otherwise, const Arguments& arguments);

}  // namespace fd_steps
