// Exercises of family Process: making processes and other programs, waiting for them, ending.
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

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
  const std::string program = std::string(kProgramDirectory) + "/" + kProgram;
  calls.fails(ENOENT, {"absent", kArguments.data(), kEnvironment.data()}, at(calls.file("absent")));
  calls.becomes({program, kArguments.data(), kEnvironment.data()}, at(program));
}

void execveat(const Calls& calls) {
  const OpenFile directory = open_dir(kProgramDirectory);
  calls.fails(ENOENT, {AT_FDCWD, "absent", kArguments.data(), kEnvironment.data(), 0},
              at(calls.file("absent")));
  calls.becomes({directory.fd, kProgram, kArguments.data(), kEnvironment.data(), 0},
                at(directory.path + "/" + kProgram));
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
  calls.returns(0, {space.fd, CLONE_NEWUTS}, on(space));
  calls.fails(EINVAL, {file.fd, CLONE_NEWUTS}, on(file));
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
  calls.never_succeeds("only the kernel makes a program call it, after a stop");
}

void set_tid_address(const Calls& calls) {
  calls.returns(own_tid(), {nullptr});
  calls.never_fails("it has no error");
}

void kcmp(const Calls& calls) {
  calls.returns(0, {own_tid(), own_tid(), KCMP_VM, 0, 0});
  calls.fails(ESRCH, {kAbsentPid, own_tid(), KCMP_VM, 0, 0});
}

}  // namespace ioworkload::exercise
