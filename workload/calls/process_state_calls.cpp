// Exercises of family Process: whose a process is, in which group and session, its limits and
// settings.
#include <asm/prctl.h>
#include <linux/reboot.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "calls/child.hpp"
#include "calls/exercise.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kRoot = 0;
constexpr int kNobody = 65534;
constexpr int kInvalidId = -1;
constexpr int kThisProcess = 0;
constexpr int kNoProcess = -1;
constexpr int kBadOption = 9999;

// As in <linux/ioprio.h>, which is no C++.
constexpr int kPriorityOfProcess = 1;
constexpr int kIdle = 3 << 13;

void have_no_privileges() {
  if (::syscall(SYS_setresuid, kNobody, kNobody, kNobody) != 0) {
    throw SyscallError("setresuid", errno);
  }
}

}  // namespace

void getuid(const Calls& calls) {
  calls.succeeds({});
  calls.never_fails("it has no error");
}

void geteuid(const Calls& calls) {
  getuid(calls);
}

void getgid(const Calls& calls) {
  getuid(calls);
}

void getegid(const Calls& calls) {
  getuid(calls);
}

void getresuid(const Calls& calls) {
  std::array<unsigned, 3> ids{};
  calls.returns(0, {&ids[0], &ids[1], &ids[2]});
  calls.fails(EFAULT, {&ids[0], &ids[1], kBadAddress});
}

void getresgid(const Calls& calls) {
  getresuid(calls);
}

void setuid(const Calls& calls) {
  calls.fails(EINVAL, {kInvalidId});
  calls.returns(0, {kNobody});
  calls.fails(EPERM, {kRoot});
}

void setgid(const Calls& calls) {
  calls.fails(EINVAL, {kInvalidId});
  calls.returns(0, {kNobody});
  have_no_privileges();
  calls.fails(EPERM, {kRoot});
}

void setreuid(const Calls& calls) {
  calls.returns(0, {kNobody, kNobody});
  calls.fails(EPERM, {kRoot, kRoot});
}

void setregid(const Calls& calls) {
  calls.returns(0, {kNobody, kNobody});
  have_no_privileges();
  calls.fails(EPERM, {kRoot, kRoot});
}

void setresuid(const Calls& calls) {
  calls.returns(0, {kNobody, kNobody, kNobody});
  calls.fails(EPERM, {kRoot, kRoot, kRoot});
}

void setresgid(const Calls& calls) {
  calls.returns(0, {kNobody, kNobody, kNobody});
  have_no_privileges();
  calls.fails(EPERM, {kRoot, kRoot, kRoot});
}

void setfsuid(const Calls& calls) {
  calls.returns(kRoot, {kNobody});
  calls.returns(kNobody, {kInvalidId});
  calls.never_fails("it returns the id before, always");
}

void setfsgid(const Calls& calls) {
  setfsuid(calls);
}

void getgroups(const Calls& calls) {
  calls.succeeds({0, nullptr});
  calls.fails(EINVAL, {-1, nullptr});
}

void setgroups(const Calls& calls) {
  const std::array<int, 2> groups = {kRoot, kNobody};
  calls.returns(0, {groups.size(), groups.data()});
  have_no_privileges();
  calls.fails(EPERM, {groups.size(), groups.data()});
}

void getpgrp(const Calls& calls) {
  calls.succeeds({});
  calls.never_fails("it has no error");
}

void getpgid(const Calls& calls) {
  calls.succeeds({kThisProcess});
  calls.fails(ESRCH, {kNoProcess});
}

void setpgid(const Calls& calls) {
  calls.returns(0, {kThisProcess, own_tid()});
  calls.fails(EINVAL, {kThisProcess, -1});
}

void getsid(const Calls& calls) {
  calls.succeeds({kThisProcess});
  calls.fails(ESRCH, {kNoProcess});
}

void setsid(const Calls& calls) {
  calls.returns(own_tid(), {});
  calls.fails(EPERM, {});
}

void vhangup(const Calls& calls) {
  if (::setsid() < 0) throw SyscallError("setsid", errno);  // away from the terminal
  calls.returns(0, {});
  have_no_privileges();
  calls.fails(EPERM, {});
}

void umask(const Calls& calls) {
  calls.succeeds({022});
  calls.returns(022, {0777});
  calls.never_fails("it has no error");
}

void personality(const Calls& calls) {
  constexpr unsigned kAsItIs = 0xffffffff;
  calls.succeeds({kAsItIs});
  calls.succeeds({ADDR_NO_RANDOMIZE});
  calls.returns(ADDR_NO_RANDOMIZE, {kAsItIs});
  calls.never_fails("x86-64 takes every number");
}

void getrlimit(const Calls& calls) {
  rlimit limit{};
  calls.returns(0, {RLIMIT_NOFILE, &limit});
  calls.fails(EINVAL, {kBadOption, &limit});
}

void setrlimit(const Calls& calls) {
  const rlimit limit = {.rlim_cur = 100, .rlim_max = 200};
  const rlimit wrong = {.rlim_cur = 200, .rlim_max = 100};
  calls.returns(0, {RLIMIT_NOFILE, &limit});
  calls.fails(EINVAL, {RLIMIT_NOFILE, &wrong});
}

void prlimit64(const Calls& calls) {
  rlimit limit{};
  calls.returns(0, {kThisProcess, RLIMIT_NOFILE, nullptr, &limit});
  calls.fails(ESRCH, {kNoProcess, RLIMIT_NOFILE, nullptr, &limit});
}

void getrusage(const Calls& calls) {
  rusage usage{};
  calls.returns(0, {RUSAGE_SELF, &usage});
  calls.fails(EINVAL, {kBadOption, &usage});
}

void getpriority(const Calls& calls) {
  calls.succeeds({PRIO_PROCESS, kThisProcess});
  calls.fails(EINVAL, {kBadOption, kThisProcess});
}

void setpriority(const Calls& calls) {
  calls.returns(0, {PRIO_PROCESS, kThisProcess, 19});
  calls.fails(ESRCH, {PRIO_PROCESS, kNoProcess, 19});
}

void ioprio_get(const Calls& calls) {
  calls.succeeds({kPriorityOfProcess, kThisProcess});
  calls.fails(EINVAL, {kBadOption, kThisProcess});
}

void ioprio_set(const Calls& calls) {
  calls.returns(0, {kPriorityOfProcess, kThisProcess, kIdle});
  calls.fails(EINVAL, {kBadOption, kThisProcess, kIdle});
}

void prctl(const Calls& calls) {
  calls.returns(0, {PR_SET_NAME, "renamed", 0, 0, 0});
  calls.returns(1, {PR_GET_DUMPABLE, 0, 0, 0, 0});
  calls.fails(EINVAL, {kBadOption, 0, 0, 0, 0});
}

void arch_prctl(const Calls& calls) {
  unsigned long base = 0;
  calls.returns(0, {ARCH_GET_FS, &base});
  calls.fails(EINVAL, {kBadOption, &base});
}

void reboot(const Calls& calls) {
  calls.fails(EINVAL, {0, 0, LINUX_REBOOT_CMD_CAD_ON, nullptr});
  calls.never_succeeds("it would change the machine");
}

}  // namespace ioworkload::exercise
