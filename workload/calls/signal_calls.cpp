// Exercises of family Signals.
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "calls/child.hpp"
#include "calls/exercise.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kAbsentPid = 0x3fffffff;
constexpr int kBadOption = 9999;
constexpr long kMaskBytes = 8;  // of the kernel's signal sets
constexpr unsigned long kNoSignals = 0;
constexpr unsigned long kUserSignal = 1ul << (SIGUSR1 - 1);
constexpr timespec kNoTime = {0, 0};

void handle(int) {}

void block_user_signal() {
  ::syscall(SYS_rt_sigprocmask, SIG_BLOCK, &kUserSignal, nullptr, kMaskBytes);
}

siginfo_t queued_info() {
  siginfo_t info{};
  info.si_code = SI_QUEUE;
  return info;
}

}  // namespace

void rt_sigaction(const Calls& calls) {
  std::array<char, 64> action{};
  calls.returns(0, {SIGUSR1, nullptr, action.data(), kMaskBytes});
  calls.fails(EINVAL, {SIGUSR1, nullptr, action.data(), 1});
}

void rt_sigprocmask(const Calls& calls) {
  calls.returns(0, {SIG_BLOCK, &kUserSignal, nullptr, kMaskBytes});
  calls.fails(EINVAL, {kBadOption, &kUserSignal, nullptr, kMaskBytes});
}

void rt_sigpending(const Calls& calls) {
  unsigned long pending = 0;
  calls.returns(0, {&pending, kMaskBytes});
  calls.fails(EINVAL, {&pending, 2 * kMaskBytes});
}

void rt_sigreturn(const Calls& calls) {
  ::signal(SIGUSR1, handle);
  ::kill(own_tid(), SIGUSR1);
  calls.note(std::nullopt, {}, own_tid());
  calls.never_fails("it ends the process where it cannot return");
}

void pause(const Calls& calls) {
  ::signal(SIGALRM, handle);
  const itimerval again_and_again = {.it_interval = {0, 5000}, .it_value = {0, 5000}};
  ::setitimer(ITIMER_REAL, &again_and_again, nullptr);
  calls.is_interrupted({});
  calls.never_succeeds("it returns only when interrupted");
}

void rt_sigsuspend(const Calls& calls) {
  ::signal(SIGUSR1, handle);
  block_user_signal();
  ::kill(own_tid(), SIGUSR1);
  calls.is_interrupted({&kNoSignals, kMaskBytes});
  calls.fails(EINVAL, {&kNoSignals, 1});
  calls.never_succeeds("it returns only when interrupted");
}

void rt_sigtimedwait(const Calls& calls) {
  block_user_signal();
  ::kill(own_tid(), SIGUSR1);
  calls.returns(SIGUSR1, {&kUserSignal, nullptr, &kNoTime, kMaskBytes});
  calls.fails(EAGAIN, {&kUserSignal, nullptr, &kNoTime, kMaskBytes});
}

void rt_sigqueueinfo(const Calls& calls) {
  block_user_signal();
  const siginfo_t info = queued_info();
  calls.returns(0, {own_tid(), SIGUSR1, &info});
  calls.fails(ESRCH, {kAbsentPid, SIGUSR1, &info});
}

void rt_tgsigqueueinfo(const Calls& calls) {
  block_user_signal();
  const siginfo_t info = queued_info();
  calls.returns(0, {own_tid(), own_tid(), SIGUSR1, &info});
  calls.fails(ESRCH, {kAbsentPid, kAbsentPid, SIGUSR1, &info});
}

void sigaltstack(const Calls& calls) {
  stack_t now{};
  const stack_t wrong = {.ss_sp = nullptr, .ss_flags = kBadOption, .ss_size = 0};
  calls.returns(0, {nullptr, &now});
  calls.fails(EINVAL, {&wrong, nullptr});
}

void kill(const Calls& calls) {
  calls.returns(0, {own_tid(), 0});
  calls.fails(ESRCH, {kAbsentPid, 0});
}

void tkill(const Calls& calls) {
  calls.returns(0, {own_tid(), 0});
  calls.fails(ESRCH, {kAbsentPid, 0});
}

void tgkill(const Calls& calls) {
  calls.returns(0, {own_tid(), own_tid(), 0});
  calls.fails(ESRCH, {own_tid(), kAbsentPid, 0});
}

}  // namespace ioworkload::exercise
