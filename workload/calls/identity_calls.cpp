// Exercises of family Process: who a process is, and what it may use.
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <asm/prctl.h>
#include <array>
#include <cerrno>

#include "calls/child.hpp"
#include "calls/exercise.hpp"
#include "calls/isolate.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kAbsentPid = 0x3fffffff;
constexpr int kBadOption = 9999;
constexpr int kNobody = 65534;
constexpr int kPriorityOfProcess = 1;     // the kernel's IOPRIO_WHO_PROCESS
constexpr int kBestEffort = 2 << 13 | 4;  // class and level
constexpr int kUsualPersonality = PER_LINUX;
constexpr int kFixedAddresses = ADDR_NO_RANDOMIZE;

std::array<char, 1024> buffer;

// Of a call that takes no argument and has no error.
void always_succeed(const Calls& calls) {
  calls.succeeds({});
  calls.never_fails("it has no error");
}

}  // namespace

void getpid(const Calls& calls) {
  calls.returns(own_tid(), {});
  calls.never_fails("it has no error");
}

void gettid(const Calls& calls) {
  calls.returns(own_tid(), {});
  calls.never_fails("it has no error");
}

void getppid(const Calls& calls) {
  always_succeed(calls);
}

void getuid(const Calls& calls) {
  always_succeed(calls);
}

void getgid(const Calls& calls) {
  always_succeed(calls);
}

void geteuid(const Calls& calls) {
  always_succeed(calls);
}

void getegid(const Calls& calls) {
  always_succeed(calls);
}

void getpgrp(const Calls& calls) {
  always_succeed(calls);
}

void setuid(const Calls& calls) {
  calls.returns(0, {kNobody});
  calls.fails(EPERM, {0});
}

void setgid(const Calls& calls) {
  calls.returns(0, {kNobody});
  become_nobody();
  calls.fails(EPERM, {0});
}

void setreuid(const Calls& calls) {
  calls.returns(0, {kNobody, kNobody});
  calls.fails(EPERM, {0, 0});
}

void setregid(const Calls& calls) {
  calls.returns(0, {kNobody, kNobody});
  become_nobody();
  calls.fails(EPERM, {0, 0});
}

void setresuid(const Calls& calls) {
  calls.returns(0, {kNobody, kNobody, kNobody});
  calls.fails(EPERM, {0, 0, 0});
}

void setresgid(const Calls& calls) {
  calls.returns(0, {kNobody, kNobody, kNobody});
  become_nobody();
  calls.fails(EPERM, {0, 0, 0});
}

void getresuid(const Calls& calls) {
  calls.returns(0, {&buffer[0], &buffer[4], &buffer[8]});
  calls.fails(EFAULT, {kBadAddress, &buffer[4], &buffer[8]});
}

void getresgid(const Calls& calls) {
  getresuid(calls);
}

void setfsuid(const Calls& calls) {
  calls.returns(0, {kNobody});
  calls.returns(kNobody, {0});
  calls.never_fails("it has no error");
}

void setfsgid(const Calls& calls) {
  setfsuid(calls);
}

void getgroups(const Calls& calls) {
  calls.succeeds({0, nullptr});
  calls.fails(EINVAL, {-1, nullptr});
}

void setgroups(const Calls& calls) {
  calls.returns(0, {0, nullptr});
  calls.fails(EINVAL, {-1, nullptr});
}

void setpgid(const Calls& calls) {
  calls.returns(0, {0, 0});
  calls.fails(ESRCH, {kAbsentPid, 0});
}

void getpgid(const Calls& calls) {
  calls.succeeds({0});
  calls.fails(ESRCH, {kAbsentPid});
}

void setsid(const Calls& calls) {
  calls.returns(own_tid(), {});
  calls.fails(EPERM, {});
}

void getsid(const Calls& calls) {
  calls.succeeds({0});
  calls.fails(ESRCH, {kAbsentPid});
}

void umask(const Calls& calls) {
  calls.succeeds({077});
  calls.returns(077, {022});
  calls.never_fails("it has no error");
}

void personality(const Calls& calls) {
  calls.returns(kUsualPersonality, {kFixedAddresses});
  calls.returns(kFixedAddresses, {0xffffffff});
  calls.never_fails("it has no error");
}

void getpriority(const Calls& calls) {
  calls.succeeds({PRIO_PROCESS, 0});
  calls.fails(EINVAL, {kBadOption, 0});
}

void setpriority(const Calls& calls) {
  calls.returns(0, {PRIO_PROCESS, 0, 5});
  calls.fails(EINVAL, {kBadOption, 0, 5});
}

void ioprio_get(const Calls& calls) {
  calls.succeeds({kPriorityOfProcess, 0});
  calls.fails(EINVAL, {kBadOption, 0});
}

void ioprio_set(const Calls& calls) {
  calls.returns(0, {kPriorityOfProcess, 0, kBestEffort});
  calls.fails(EINVAL, {kBadOption, 0, kBestEffort});
}

void getrlimit(const Calls& calls) {
  calls.returns(0, {RLIMIT_NOFILE, buffer.data()});
  calls.fails(EINVAL, {kBadOption, buffer.data()});
}

void setrlimit(const Calls& calls) {
  const rlimit no_core = {0, 0};
  calls.returns(0, {RLIMIT_CORE, &no_core});
  calls.fails(EINVAL, {kBadOption, &no_core});
}

void prlimit64(const Calls& calls) {
  calls.returns(0, {0, RLIMIT_NOFILE, nullptr, buffer.data()});
  calls.fails(ESRCH, {kAbsentPid, RLIMIT_NOFILE, nullptr, buffer.data()});
}

void getrusage(const Calls& calls) {
  calls.returns(0, {RUSAGE_SELF, buffer.data()});
  calls.fails(EINVAL, {kBadOption, buffer.data()});
}

void prctl(const Calls& calls) {
  calls.returns(0, {PR_GET_NAME, buffer.data()});
  calls.fails(EINVAL, {kBadOption, buffer.data()});
}

void arch_prctl(const Calls& calls) {
  calls.returns(0, {ARCH_GET_FS, buffer.data()});
  calls.fails(EINVAL, {kBadOption, buffer.data()});
}

}  // namespace ioworkload::exercise
