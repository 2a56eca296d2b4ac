#include "trace/target.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace ior {
namespace {

constexpr int kPidfdThread = O_EXCL;  // PIDFD_THREAD, linux/pidfd.h from Linux 6.9 on

constexpr ino_t kFirstPidNamespace = 0xeffffffc;  // PROC_PID_INIT_INO, linux/proc_ns.h

UniqueFd pidfd_of(std::uint32_t id, int flags = 0) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, id, flags)));
}

bool is_program(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

Result<std::string> find_program(const std::string& name) {
  if (name.find('/') != name.npos) {
    if (is_program(name)) return name;
    if (::access(name.c_str(), F_OK) != 0) return fail_errno("cannot run " + name, errno);
    return fail("cannot run " + name + ": not an executable file");
  }
  const char* value = std::getenv("PATH");
  std::string_view rest = value ? value : "/usr/bin:/bin";
  while (true) {
    const std::string_view directory = rest.substr(0, rest.find(':'));
    std::string path = (directory.empty() ? "." : std::string(directory)) + "/" + name;
    if (is_program(path)) return path;
    if (directory.size() == rest.size()) break;
    rest.remove_prefix(directory.size() + 1);
  }
  return fail("cannot run " + name + ": no such program in PATH");
}

Result<std::pair<UniqueFd, UniqueFd>> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
  return std::pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// What has no format of its own is a script for the shell, as execvp() and every shell have it.
void run_script(const char* program, char* const* arguments) {
  std::vector<char*> shell = {const_cast<char*>("/bin/sh"), const_cast<char*>(program)};
  for (char* const* rest = arguments + 1; *rest; ++rest) shell.push_back(*rest);
  shell.push_back(nullptr);
  ::execve(shell.front(), shell.data(), environ);
}

// The child's side, from fork to exec: waits for the word to go.
[[noreturn]] void run_child(int go, int error, const char* program, char* const* arguments) {
  char word;
  if (::read(go, &word, 1) == 1) {
    ::execve(program, arguments, environ);
    if (errno == ENOEXEC) run_script(program, arguments);
    const int reason = errno;
    [[maybe_unused]] const ssize_t written = ::write(error, &reason, sizeof(reason));
  }
  ::_exit(127);
}

}  // namespace

Result<UniqueFd> open_process(std::uint32_t pid) {
  UniqueFd pidfd = pidfd_of(pid);
  if (pidfd) return pidfd;
  const int error = errno;
  if (error != ESRCH && error != EINVAL && error != ENOENT) {
    return fail_errno("cannot watch process " + std::to_string(pid), error);
  }
  if (::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM) {
    return fail(std::to_string(pid) + " is a thread, not a process: use -tid " +
                std::to_string(pid));
  }
  return fail("there is no process " + std::to_string(pid) + ": see ps for those that run");
}

Result<UniqueFd> open_thread(std::uint32_t pid, std::uint32_t tid) {
  const auto exists = [](long result) { return result == 0 || errno == EPERM; };
  if (!exists(::kill(static_cast<pid_t>(tid), 0))) {
    return fail("there is no thread " + std::to_string(tid) + ": see ps -eL for those that run");
  }
  if (pid != 0 && !exists(::syscall(SYS_tgkill, pid, tid, 0))) {
    return fail("thread " + std::to_string(tid) + " is none of process " + std::to_string(pid) +
                ": give -tid alone");
  }
  UniqueFd pidfd = pidfd_of(tid, kPidfdThread);
  if (!pidfd && errno != EINVAL && errno != ESRCH) {
    return fail_errno("cannot watch thread " + std::to_string(tid), errno);
  }
  return pidfd;
}

std::unexpected<Error> fail_in_container() {
  return fail(
      "this is a container, where process ids are not those of the kernel: run ior on the host, or "
      "with its process ids (docker run --pid=host)");
}

Result<void> check_pid_namespace() {
  struct stat status {};
  if (::stat("/proc/self/ns/pid", &status) != 0 || status.st_ino == kFirstPidNamespace) return {};
  return fail_in_container();
}

Result<HeldCommand> HeldCommand::start(const std::vector<std::string>& command_line,
                                       const std::function<void()>& restore) {
  auto program = find_program(command_line.front());
  if (!program) return std::unexpected(program.error());
  auto go = make_pipe();
  if (!go) return std::unexpected(go.error());
  auto error = make_pipe();
  if (!error) return std::unexpected(error.error());

  std::vector<char*> arguments;
  for (const std::string& argument : command_line) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  HeldCommand command;
  command.program_ = *program;
  command.pid_ = ::fork();
  if (command.pid_ < 0) {
    return fail_errno("cannot start " + *program +
                          " (raise the limit of processes, pids.max of the cgroup or ulimit -u, or "
                          "of memory)",
                      errno);
  }
  if (command.pid_ == 0) {
    go->second.reset();
    restore();
    run_child(go->first.get(), error->second.get(), program->c_str(), arguments.data());
  }
  command.go_ = std::move(go->second);
  command.error_ = std::move(error->first);
  command.pidfd_ = pidfd_of(static_cast<std::uint32_t>(command.pid_));
  if (!command.pidfd_) return fail_errno("cannot watch " + *program, errno);
  return command;
}

Result<void> HeldCommand::release() {
  const char word = 'x';
  if (::write(go_.get(), &word, 1) != 1) return fail_errno("cannot start " + program_, errno);
  go_.reset();
  int reason = 0;
  if (::read(error_.get(), &reason, sizeof(reason)) == sizeof(reason)) {
    wait();
    return fail_errno("cannot run " + program_, reason);
  }
  return {};
}

void HeldCommand::send_signal(int signal) const {
  ::kill(pid_, signal);
}

int HeldCommand::wait() {
  go_.reset();
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace ior
