#include "trace/wait.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include <array>
#include <cerrno>
#include <cmath>

namespace ior {
namespace {

sigset_t stop_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  return signals;
}

UniqueFd timer_of(double seconds) {
  UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  itimerspec spec{};
  spec.it_value.tv_sec = static_cast<time_t>(seconds);
  spec.it_value.tv_nsec = static_cast<long>((seconds - std::floor(seconds)) * 1e9);
  if (spec.it_value.tv_sec == 0 && spec.it_value.tv_nsec == 0) spec.it_value.tv_nsec = 1;
  ::timerfd_settime(timer.get(), 0, &spec, nullptr);
  return timer;
}

std::optional<CaughtSignal> read_signal(int fd) {
  signalfd_siginfo info{};
  if (::read(fd, &info, sizeof(info)) != sizeof(info)) return std::nullopt;
  return CaughtSignal{static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t signals = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, &before_);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &sigpipe_before_);
  fd_.reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

void StopSignals::restore() const {
  ::sigaction(SIGPIPE, &sigpipe_before_, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<CaughtSignal> wait_for_end(const StopSignals& signals, const EndOfTrace& end) {
  const UniqueFd timer = end.duration_s ? timer_of(*end.duration_s) : UniqueFd();
  // poll() passes over entries with a negative fd; of the rows' only an error (nobody reads any
  // more) counts.
  std::array<pollfd, 4> fds = {{{signals.fd(), POLLIN, 0},
                                {timer.get(), POLLIN, 0},
                                {end.target_pidfd, POLLIN, 0},
                                {end.rows_fd, 0, 0}}};
  while (::poll(fds.data(), fds.size(), -1) < 0 && errno == EINTR) {
  }
  return fds[0].revents != 0 ? read_signal(signals.fd()) : std::nullopt;
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
