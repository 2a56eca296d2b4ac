// Exercises of family IPC: fds of events, signals, timers, watches, memory and processes.
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>

#include "calls/child.hpp"
#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "calls/isolate.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kBadOption = 1 << 20;
constexpr unsigned long kNoSignals = 0;

OpenFile new_inotify() {
  return adopt(::inotify_init1(0), O_RDONLY);
}

OpenFile new_timer() {
  return adopt(::timerfd_create(CLOCK_MONOTONIC, 0), O_RDWR);
}

OpenFile own_pidfd() {
  return adopt(::syscall(SYS_pidfd_open, own_tid(), 0), O_RDWR);
}

}  // namespace

void inotify_init(const Calls& calls) {
  calls.opens({}, O_RDONLY);
  allow_no_fds();
  calls.fails(EMFILE, {});
}

void inotify_init1(const Calls& calls) {
  calls.opens({IN_NONBLOCK}, O_RDONLY | O_NONBLOCK);
  calls.fails(EINVAL, {kBadOption});
}

void inotify_add_watch(const Calls& calls) {
  const OpenFile watches = new_inotify();
  calls.returns(1, {watches.fd, calls.directory(), IN_CREATE}, at(calls.directory()));
  calls.fails(ENOENT, {watches.fd, "absent", IN_CREATE}, at(calls.file("absent")));
}

void inotify_rm_watch(const Calls& calls) {
  const OpenFile watches = new_inotify();
  const int watch = ::inotify_add_watch(watches.fd, "/", IN_CREATE);
  calls.returns(0, {watches.fd, watch}, on(watches));
  calls.fails(EINVAL, {watches.fd, watch}, on(watches));
}

void fanotify_init(const Calls& calls) {
  calls.opens({FAN_CLASS_NOTIF, O_RDONLY}, O_RDWR);
  calls.fails(EINVAL, {kBadOption, O_RDONLY});
}

void fanotify_mark(const Calls& calls) {
  const OpenFile marks = adopt(::fanotify_init(FAN_CLASS_NOTIF, O_RDONLY), O_RDWR);
  calls.returns(0, {marks.fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, calls.directory()},
                at(calls.directory()));
  const OpenFile file = new_file(calls, "file");
  calls.returns(0, {marks.fd, FAN_MARK_ADD, FAN_OPEN, file.fd, nullptr}, on(file));
  calls.fails(ENOENT, {marks.fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "absent"},
              at(calls.file("absent")));
}

void signalfd(const Calls& calls) {
  calls.opens({-1, &kNoSignals, sizeof kNoSignals}, O_RDWR);
  calls.fails(EINVAL, {-1, &kNoSignals, 1});
}

void signalfd4(const Calls& calls) {
  calls.opens({-1, &kNoSignals, sizeof kNoSignals, SFD_NONBLOCK}, O_RDWR | O_NONBLOCK);
  calls.fails(EINVAL, {-1, &kNoSignals, sizeof kNoSignals, kBadOption});
}

void eventfd(const Calls& calls) {
  calls.opens({3}, O_RDWR);
  allow_no_fds();
  calls.fails(EMFILE, {3});
}

void eventfd2(const Calls& calls) {
  calls.opens({3, EFD_NONBLOCK}, O_RDWR | O_NONBLOCK);
  calls.fails(EINVAL, {3, kBadOption});
}

void timerfd_create(const Calls& calls) {
  calls.opens({CLOCK_MONOTONIC, TFD_NONBLOCK}, O_RDWR | O_NONBLOCK);
  calls.fails(EINVAL, {kBadOption, 0});
}

void timerfd_settime(const Calls& calls) {
  const OpenFile timer = new_timer();
  const itimerspec later = {.it_interval = {0, 0}, .it_value = {1000, 0}};
  calls.returns(0, {timer.fd, 0, &later, nullptr}, on(timer));
  calls.fails(EINVAL, {timer.fd, kBadOption, &later, nullptr}, on(timer));
}

void timerfd_gettime(const Calls& calls) {
  const OpenFile timer = new_timer();
  const OpenFile file = new_file(calls, "file");
  itimerspec left{};
  calls.returns(0, {timer.fd, &left}, on(timer));
  calls.fails(EINVAL, {file.fd, &left}, on(file));
}

void memfd_create(const Calls& calls) {
  calls.opens({"some memory", 0}, O_RDWR);
  calls.fails(EINVAL, {"some memory", kBadOption}, at("some memory"));
}

void memfd_secret(const Calls& calls) {
  calls.opens({0}, O_RDWR);
  calls.fails(EINVAL, {kBadOption});
}

void userfaultfd(const Calls& calls) {
  calls.opens({O_NONBLOCK}, O_RDONLY | O_NONBLOCK);
  calls.fails(EINVAL, {kBadOption});
}

void pidfd_open(const Calls& calls) {
  calls.opens({own_tid(), 0}, O_RDWR);
  calls.fails(EINVAL, {-1, 0});
}

void pidfd_send_signal(const Calls& calls) {
  const OpenFile process = own_pidfd();
  calls.returns(0, {process.fd, 0, nullptr, 0}, on(process));
  calls.fails(EINVAL, {process.fd, 0, nullptr, kBadOption}, on(process));
}

void pidfd_getfd(const Calls& calls) {
  const OpenFile process = own_pidfd();
  calls.succeeds({process.fd, process.fd, 0}, on(process));
  calls.fails(EBADF, {process.fd, kClosedFd, 0}, on(process));
}

}  // namespace ioworkload::exercise
