#include "trace/wait.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdint>

namespace ior {
namespace {

// Whose default is another one than to end the program, and faults, which nobody can wait for.
constexpr std::array kOtherSignals = {SIGCONT, SIGTSTP,  SIGTTIN, SIGTTOU, SIGCHLD,
                                      SIGURG,  SIGWINCH, SIGSEGV, SIGBUS,  SIGILL,
                                      SIGFPE,  SIGABRT,  SIGTRAP, SIGSYS};

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

sigset_t stop_signals() {
  sigset_t signals;
  ::sigfillset(&signals);
  for (const int signal : kOtherSignals) ::sigdelset(&signals, signal);
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    if (signal == SIGINT || signal == SIGTERM || !is_ignored(signal)) continue;
    ::sigdelset(&signals, signal);
  }
  return signals;
}

void set_timer(int timer, double seconds) {
  itimerspec spec{};
  spec.it_value.tv_sec = static_cast<time_t>(seconds);
  spec.it_value.tv_nsec = static_cast<long>((seconds - std::floor(seconds)) * 1e9);
  if (spec.it_value.tv_sec == 0 && spec.it_value.tv_nsec == 0) spec.it_value.tv_nsec = 1;
  ::timerfd_settime(timer, 0, &spec, nullptr);
}

// The next one that is not of a write of ior's own, which has failed.
std::optional<CaughtSignal> read_signal(int fd) {
  signalfd_siginfo info{};
  while (::read(fd, &info, sizeof(info)) == sizeof(info)) {
    const bool of_write = info.ssi_signo == SIGPIPE || info.ssi_signo == SIGXFSZ;
    if (of_write && info.ssi_pid == static_cast<std::uint32_t>(::getpid())) continue;
    return CaughtSignal{static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
  }
  return std::nullopt;
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t signals = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, &before_);
  fd_.reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

void StopSignals::restore() const {
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

Result<UniqueFd> make_timer() {
  UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  if (!timer) return fail_errno("cannot make a timer", errno);
  return timer;
}

std::optional<CaughtSignal> wait_for_end(const StopSignals& signals, const EndOfTrace& end) {
  if (end.duration_s) set_timer(end.timer_fd, *end.duration_s);
  // poll() passes over entries with a negative fd; of the rows' only an error (nobody reads any
  // more) counts.
  std::array<pollfd, 5> fds = {{{signals.fd(), POLLIN, 0},
                                {end.timer_fd, POLLIN, 0},
                                {end.target_pidfd, POLLIN, 0},
                                {end.rows_fd, 0, 0},
                                {end.rows_failed_fd, POLLIN, 0}}};
  while (true) {
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    const auto signal = fds[0].revents != 0 ? read_signal(signals.fd()) : std::nullopt;
    const auto is_ready = [](const pollfd& fd) { return fd.revents != 0; };
    if (signal || std::any_of(fds.begin() + 1, fds.end(), is_ready)) return signal;
  }
}

void wait_for_exit(const StopSignals& signals, int pidfd,
                   const std::function<void(CaughtSignal)>& on_signal) {
  std::array<pollfd, 2> fds = {{{signals.fd(), POLLIN, 0}, {pidfd, POLLIN, 0}}};
  while (fds[1].revents == 0) {
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    if (fds[0].revents == 0) continue;
    if (const auto signal = read_signal(signals.fd())) on_signal(*signal);
  }
}

}  // namespace ior
