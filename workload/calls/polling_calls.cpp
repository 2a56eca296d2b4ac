// Exercises of family Polling.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kBadOption = 9999;
constexpr timespec kNoTime = {0, 0};

std::array<epoll_event, 4> events;

pollfd writable_end() {
  return {.fd = new_pipe().in.fd, .events = POLLOUT, .revents = 0};
}

// One that says that a pipe can be written to.
OpenFile new_epoll() {
  OpenFile epoll = adopt(::epoll_create1(0), O_RDWR);
  epoll_event writable{};
  writable.events = EPOLLOUT;
  if (::epoll_ctl(epoll.fd, EPOLL_CTL_ADD, new_pipe().in.fd, &writable) != 0) {
    throw SyscallError("epoll_ctl", errno);
  }
  return epoll;
}

// Of a call that waits for events; what follows says for how long.
void wait_on_epoll(const Calls& calls, const Argument& fourth, const Argument& fifth = 0) {
  const OpenFile epoll = new_epoll();
  const OpenFile file = new_file(calls, "file");
  calls.returns(1, {epoll.fd, events.data(), events.size(), fourth, fifth}, on(epoll));
  calls.fails(EINVAL, {epoll.fd, events.data(), 0, fourth, fifth}, on(epoll));
  calls.fails(EINVAL, {file.fd, events.data(), events.size(), fourth, fifth}, on(file));
}

}  // namespace

void poll(const Calls& calls) {
  pollfd end = writable_end();
  calls.returns(1, {&end, 1, 0});
  calls.fails(EFAULT, {kBadAddress, 1, 0});
}

void ppoll(const Calls& calls) {
  pollfd end = writable_end();
  const timespec never = {-1, 0};
  calls.returns(1, {&end, 1, &kNoTime, nullptr, 0});
  calls.fails(EINVAL, {&end, 1, &never, nullptr, 0});
}

void select(const Calls& calls) {
  timeval no_time = {0, 0};
  calls.returns(0, {0, nullptr, nullptr, nullptr, &no_time});
  calls.fails(EINVAL, {-1, nullptr, nullptr, nullptr, &no_time});
}

void pselect6(const Calls& calls) {
  const int fd = new_pipe().in.fd;
  fd_set fds{};
  FD_SET(fd, &fds);
  calls.returns(1, {fd + 1, nullptr, &fds, nullptr, &kNoTime, nullptr});
  calls.fails(EINVAL, {-1, nullptr, &fds, nullptr, &kNoTime, nullptr});
}

void epoll_create(const Calls& calls) {
  calls.opens({1}, O_RDWR);
  calls.fails(EINVAL, {0});
}

void epoll_create1(const Calls& calls) {
  calls.opens({EPOLL_CLOEXEC}, O_RDWR);
  calls.fails(EINVAL, {kBadOption});
}

void epoll_ctl(const Calls& calls) {
  const OpenFile epoll = adopt(::epoll_create1(0), O_RDWR);
  const Pipe pipe = new_pipe();
  calls.returns(0, {epoll.fd, EPOLL_CTL_ADD, pipe.out.fd, events.data()}, on(epoll));
  calls.fails(EEXIST, {epoll.fd, EPOLL_CTL_ADD, pipe.out.fd, events.data()}, on(epoll));
}

void epoll_wait(const Calls& calls) {
  wait_on_epoll(calls, 0);
}

void epoll_pwait(const Calls& calls) {
  wait_on_epoll(calls, 0, nullptr);
}

void epoll_pwait2(const Calls& calls) {
  wait_on_epoll(calls, &kNoTime, nullptr);
}

void epoll_ctl_old(const Calls& calls) {
  calls.fails(ENOSYS, {kClosedFd, EPOLL_CTL_ADD, kClosedFd, events.data()});
  calls.never_succeeds("removed from the kernel");
}

void epoll_wait_old(const Calls& calls) {
  calls.fails(ENOSYS, {kClosedFd, events.data(), events.size(), 0});
  calls.never_succeeds("removed from the kernel");
}

}  // namespace ioworkload::exercise
