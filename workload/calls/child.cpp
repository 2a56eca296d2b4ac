#include "calls/child.hpp"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <exception>
#include <iostream>

#include "sys.hpp"

namespace ioworkload {
namespace {

constexpr int kPatienceMs = 20'000;

pid_t tid_of_this_process = 0;

int status_of(const std::function<void()>& work) {
  try {
    work();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "ioworkload: " << error.what() << std::endl;
    return 1;
  }
}

bool ends_in_time(pid_t child) {
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  if (pidfd < 0) throw SyscallError("pidfd_open", errno);
  pollfd end{.fd = pidfd, .events = POLLIN, .revents = 0};
  const bool has_ended = ::poll(&end, 1, kPatienceMs) == 1;
  ::close(pidfd);
  return has_ended;
}

}  // namespace

int own_tid() {
  return tid_of_this_process;
}

pid_t start_child(const std::function<void()>& work) {
  const long child = ::syscall(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, nullptr, nullptr,
                               &tid_of_this_process, nullptr);
  if (child < 0) throw SyscallError("clone", errno);
  if (child == 0) ::_exit(status_of(work));
  return static_cast<pid_t>(child);
}

std::string end_of_child(pid_t child) {
  const bool has_ended = ends_in_time(child);
  if (!has_ended) ::kill(child, SIGKILL);
  int status = 0;
  if (::waitpid(child, &status, 0) != child) throw SyscallError("waitpid", errno);
  if (!has_ended) return "did not end";
  if (WIFSIGNALED(status)) return "was ended by signal " + std::to_string(WTERMSIG(status));
  return status == 0 ? "" : "ended with status " + std::to_string(WEXITSTATUS(status));
}

void expect_good_end(pid_t child) {
  const std::string end = end_of_child(child);
  expect(end.empty(), "a child process " + end);
}

void run_child(const std::function<void()>& work) {
  expect_good_end(start_child(work));
}

std::string name_of(int fd) {
  std::array<char, PATH_MAX> name{};
  const ssize_t bytes =
      ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name.data(), name.size());
  if (bytes < 0) throw SyscallError("readlink(fd " + std::to_string(fd) + ")", errno);
  return {name.data(), static_cast<std::size_t>(bytes)};
}

}  // namespace ioworkload
