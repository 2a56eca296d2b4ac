// Exercises of family Process: making processes and other programs, waiting for them, ending.
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <string>

#include "calls/child.hpp"
#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "calls/isolate.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kAbsentPid = 0x3fffffff;
constexpr int kBadOption = 9999;
constexpr const char* kProgramDirectory = "/usr/bin";
constexpr const char* kProgram = "true";
const std::array<const char*, 2> kArguments = {kProgram, nullptr};
const std::array<const char*, 1> kEnvironment = {nullptr};

pid_t start_idle_child() {
  return start_child([] {});
}

}  // namespace

void fork(const Calls& calls) {
  calls.forks({});
  allow_no_processes();
  calls.fails(EAGAIN, {});
}

void vfork(const Calls& calls) {
  const pid_t child = ::vfork();
  if (child == 0) ::_exit(0);
  calls.note(child, {}, own_tid());
  allow_no_processes();
  calls.fails(EAGAIN, {});
}

void clone(const Calls& calls) {
  calls.forks({SIGCHLD, nullptr, nullptr, nullptr, 0});
  calls.fails(EINVAL, {CLONE_THREAD, nullptr, nullptr, nullptr, 0});
}

void clone3(const Calls& calls) {
  ::clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  calls.forks({&arguments, sizeof arguments});
  calls.fails(EINVAL, {&arguments, 1});
}

void execve(const Calls& calls) {
  const auto* const arguments = kArguments.data();
  const auto* const environment = kEnvironment.data();
  const std::string program = std::string(kProgramDirectory) + "/" + kProgram;
  create_file("script", "#!" + program + "\n");
  ::chmod("script", 0700);
  run_child([&] { calls.becomes({"script", arguments, environment}, at(calls.file("script"))); });
  calls.fails(ENOENT, {"absent", arguments, environment}, at(calls.file("absent")));
  calls.fails(EACCES, {calls.directory(), arguments, environment}, at(calls.directory()));
  calls.fails(EFAULT, {kBadAddress, arguments, environment}, at_bad_address());
  calls.fails(EFAULT, {nullptr, arguments, environment}, at_no_path());
  calls.becomes({program, arguments, environment}, at(program));
}

void execveat(const Calls& calls) {
  const auto* const arguments = kArguments.data();
  const auto* const environment = kEnvironment.data();
  const OpenFile directory = open_dir(kProgramDirectory);
  const OpenFile program = open_file(directory.path + "/" + kProgram, O_RDONLY | O_CLOEXEC);
  run_child([&] {
    calls.becomes({program.fd, "", arguments, environment, AT_EMPTY_PATH}, at(program.path));
  });
  calls.fails(ENOENT, {directory.fd, "absent", arguments, environment, 0},
              at(directory.path + "/absent"));
  calls.fails(EBADF, {kClosedFd, "absent", arguments, environment, 0},
              at(on_closed_fd().path + "/absent"));
  calls.becomes({directory.fd, kProgram, arguments, environment, 0}, at(program.path));
}

void exit(const Calls& calls) {
  calls.never_fails("it does not return");
  calls.departs({0});
}

void exit_group(const Calls& calls) {
  calls.never_fails("it does not return");
  calls.departs({0});
}

void wait4(const Calls& calls) {
  const pid_t child = start_idle_child();
  calls.returns(child, {child, nullptr, 0, nullptr});
  calls.fails(ECHILD, {child, nullptr, 0, nullptr});
}

void waitid(const Calls& calls) {
  const pid_t child = start_idle_child();
  calls.returns(0, {P_PID, child, nullptr, WEXITED, nullptr});
  calls.fails(ECHILD, {P_PID, child, nullptr, WEXITED, nullptr});
}

void unshare(const Calls& calls) {
  calls.returns(0, {CLONE_FS});
  calls.fails(EINVAL, {CLONE_PTRACE});
}

void setns(const Calls& calls) {
  const OpenFile space = adopt(::open("/proc/self/ns/uts", O_RDONLY), O_RDONLY);
  const OpenFile file = new_file(calls, "file");
  const OpenFile process = adopt(::syscall(SYS_pidfd_open, own_tid(), 0), O_RDWR);
  calls.returns(0, {space.fd, CLONE_NEWUTS}, on(space));
  calls.returns(0, {process.fd, CLONE_NEWUTS}, on(process));
  calls.fails(EINVAL, {file.fd, CLONE_NEWUTS}, on(file));
  calls.fails(EBADF, {kClosedFd, CLONE_NEWUTS}, on_closed_fd());
}

void pivot_root(const Calls& calls) {
  leave_mounts_alone();
  new_file_system("root");
  sys::mkdir("root/old");
  calls.fails(ENOENT, {"absent", "root/old"},
              at(calls.file("absent")).from(calls.file("root/old")));
  calls.returns(0, {"root", "root/old"}, at(calls.file("root")).from(calls.file("root/old")));
}

void vhangup(const Calls& calls) {
  ::setsid();  // it has no terminal then that could be hung up
  calls.returns(0, {});
  become_nobody();
  calls.fails(EPERM, {});
}

void reboot(const Calls& calls) {
  calls.fails(EINVAL, {kBadOption, kBadOption, 0, nullptr});
  calls.never_succeeds("it acts on the whole machine");
}

void restart_syscall(const Calls& calls) {
  calls.fails(EINTR, {});
  calls.never_succeeds("what it goes on with is one call, of another name");
}

void set_tid_address(const Calls& calls) {
  calls.returns(own_tid(), {nullptr});
  calls.never_fails("it has no error");
}

void kcmp(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  const OpenFile other = new_file(calls, "other");
  calls.returns(0, {own_tid(), own_tid(), KCMP_VM, 0, 0});
  calls.returns(0, {own_tid(), own_tid(), KCMP_FILE, file.fd, file.fd}, on(file).from(file.path));
  calls.fails(EBADF, {own_tid(), own_tid(), KCMP_FILE, kClosedFd, other.fd},
              on(other).from(on_closed_fd().path));
  calls.fails(ESRCH, {kAbsentPid, own_tid(), KCMP_VM, 0, 0});
}

}  // namespace ioworkload::exercise
