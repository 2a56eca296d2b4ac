// Exercises of family Process: what makes, executes, awaits and ends processes.
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <fstream>
#include <string>

#include "calls/child.hpp"
#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kBadOption = 1 << 30;
constexpr const char* kProgram = "/bin/true";

const std::array<const char*, 2> program_arguments = {kProgram, nullptr};
const std::array<const char*, 1> no_environment = {nullptr};

// Of a call that returns in the child, too.
void made(const Calls& calls, long child) {
  if (child == 0) ::_exit(0);
  if (child < 0) throw SyscallError("making a process", errno);
  calls.note(child, {}, own_tid());
  end_of_child(static_cast<pid_t>(child));
}

void wait_until_asleep(pid_t child) {
  const std::string file = "/proc/" + std::to_string(child) + "/stat";
  for (std::string pid, comm, state; state != "S";) std::ifstream(file) >> pid >> comm >> state;
}

}  // namespace

void clone(const Calls& calls) {
  made(calls, ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  calls.fails(EINVAL, {CLONE_THREAD, nullptr, nullptr, nullptr, nullptr});
}

void clone3(const Calls& calls) {
  clone_args how{};
  how.exit_signal = SIGCHLD;
  made(calls, ::syscall(SYS_clone3, &how, sizeof how));
  calls.fails(EINVAL, {&how, 1});
}

void fork(const Calls& calls) {
  made(calls, ::syscall(SYS_fork));
  calls.never_fails("only for want of memory or by a limit");
}

void vfork(const Calls& calls) {
  made(calls, ::vfork());
  calls.never_fails("only for want of memory or by a limit");
}

void execve(const Calls& calls) {
  const auto* const arguments = program_arguments.data();
  const auto* const environment = no_environment.data();
  create_file("script", "#!/bin/true\n");
  ::chmod("script", 0700);
  run_child([&] {
    calls.note(0, at(calls.file("script")), own_tid());
    ::syscall(SYS_execve, "script", arguments, environment);
  });
  calls.fails(ENOENT, {"absent", arguments, environment}, at(calls.file("absent")));
  calls.fails(EACCES, {calls.directory(), arguments, environment}, at(calls.directory()));
  calls.fails(EFAULT, {kBadAddress, arguments, environment}, at_bad_address());
  calls.fails(EFAULT, {nullptr, arguments, environment}, at_no_path());
  calls.note(0, at(kProgram), own_tid());
  ::syscall(SYS_execve, kProgram, arguments, environment);
  throw SyscallError("execve", errno);
}

void execveat(const Calls& calls) {
  const auto* const arguments = program_arguments.data();
  const auto* const environment = no_environment.data();
  const OpenFile program = adopt(::open(kProgram, O_RDONLY | O_CLOEXEC), O_RDONLY);
  const OpenFile directory = adopt(::open("/bin/", O_RDONLY | O_DIRECTORY), O_RDONLY);
  run_child([&] {
    calls.note(0, at(program.path), own_tid());
    ::syscall(SYS_execveat, program.fd, "", arguments, environment, AT_EMPTY_PATH);
  });
  calls.fails(ENOENT, {directory.fd, "absent", arguments, environment, 0},
              at(directory.path + "/absent"));
  calls.fails(EBADF, {kClosedFd, "absent", arguments, environment, 0},
              at(on_closed_fd().path + "/absent"));
  calls.note(0, at(directory.path + "/true"), own_tid());
  ::syscall(SYS_execveat, directory.fd, "true", arguments, environment, 0);
  throw SyscallError("execveat", errno);
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
  int status = 0;
  const pid_t child = start_child([] {});
  calls.returns(child, {child, &status, 0, nullptr});
  calls.fails(ECHILD, {child, &status, 0, nullptr});
}

void waitid(const Calls& calls) {
  siginfo_t end{};
  const pid_t child = start_child([] {});
  calls.returns(0, {P_PID, child, &end, WEXITED, nullptr});
  calls.fails(ECHILD, {P_PID, child, &end, WEXITED, nullptr});
}

void restart_syscall(const Calls& calls) {
  const pid_t sleeper = start_child([] {
    constexpr ::timespec kLongEnough = {.tv_sec = 0, .tv_nsec = 200'000'000};
    ::nanosleep(&kLongEnough, nullptr);
  });
  wait_until_asleep(sleeper);
  ::kill(sleeper, SIGSTOP);
  ::waitpid(sleeper, nullptr, WUNTRACED);
  ::kill(sleeper, SIGCONT);
  const std::string end = end_of_child(sleeper);
  expect(end.empty(), "the sleeping process " + end);
  calls.note(0, {}, sleeper);
  calls.fails(EINTR, {});
}

void getpid(const Calls& calls) {
  calls.returns(own_tid(), {});
  calls.never_fails("it has no error");
}

void gettid(const Calls& calls) {
  calls.returns(own_tid(), {});
  calls.never_fails("it has no error");
}

void getppid(const Calls& calls) {
  calls.succeeds({});
  calls.never_fails("it has no error");
}

void set_tid_address(const Calls& calls) {
  static int tid = 0;
  calls.returns(own_tid(), {&tid});
  calls.never_fails("it has no error");
}

void kcmp(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  const int same = ::dup(file.fd);
  calls.returns(0, {own_tid(), own_tid(), KCMP_FILE, file.fd, same});
  calls.fails(EINVAL, {own_tid(), own_tid(), kBadOption, file.fd, same});
}

void unshare(const Calls& calls) {
  calls.returns(0, {CLONE_FS});
  calls.fails(EINVAL, {kBadOption | 1});
}

void setns(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  const OpenFile host_name = adopt(::open("/proc/self/ns/uts", O_RDONLY), O_RDONLY);
  const OpenFile process = adopt(::syscall(SYS_pidfd_open, own_tid(), 0), O_RDWR);
  calls.returns(0, {host_name.fd, CLONE_NEWUTS}, on(host_name));
  calls.returns(0, {process.fd, CLONE_NEWUTS}, on(process));
  calls.fails(EINVAL, {file.fd, CLONE_NEWUTS}, on(file));
  calls.fails(EBADF, {kClosedFd, CLONE_NEWUTS}, on_closed_fd());
}

void pivot_root(const Calls& calls) {
  leave_mounts_alone();
  const std::string root = calls.file("root"), old_root = root + "/old";
  sys::mkdir(root);
  calls.fails(ENOENT, {root, old_root}, at(root).from(old_root));
  if (::mount("tmpfs", root.c_str(), "tmpfs", 0, nullptr) != 0) throw SyscallError("mount", errno);
  sys::mkdir(old_root);
  calls.returns(0, {root, old_root}, at(root).from(old_root));
}

}  // namespace ioworkload::exercise
