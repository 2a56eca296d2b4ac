#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <csignal>

#include "tests/e2e/fd_steps/steps.hpp"

namespace fd_steps {
namespace {

int open_flags(Choice& choice) {
  constexpr std::array kKinds = {O_RDWR | O_CREAT,
                                 O_RDONLY | O_CREAT,
                                 O_RDONLY,
                                 O_RDWR | O_CREAT | O_EXCL,
                                 O_PATH,
                                 O_RDONLY | O_DIRECTORY,
                                 O_RDONLY | O_NONBLOCK,
                                 O_RDONLY | O_DIRECTORY,
                                 O_WRONLY | O_CREAT | O_TRUNC,
                                 O_PATH | O_NOFOLLOW,
                                 O_RDWR | O_TMPFILE,
                                 O_RDONLY};
  const int kind = kKinds[static_cast<std::size_t>(choice.below(kKinds.size()))];
  return kind | choice.flag(O_CLOEXEC);
}

long open_by_openat2(const Place& place, int flags, Choice& choice) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags);
  if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) how.mode = 0600;
  if (choice.one_in(3)) how.resolve = choice.one_in(2) ? RESOLVE_BENEATH : RESOLVE_NO_SYMLINKS;
  return call_for_fd(call::openat2_, name_of(place),
                     arguments(place.dirfd, place.path.c_str(), &how, sizeof(how)));
}

void dup_into_zone(Actor& actor, Choice& choice, int fd) {
  const int to = zone_fd(actor, choice);
  if (choice.one_in(2))
    call_over_fd(call::dup2_, fd, to, arguments(fd, to));
  else
    call_over_fd(call::dup3_, fd, to, arguments(fd, to, choice.flag(O_CLOEXEC)));
  if (is_open(to)) keep(actor, choice, to);
}

int make_unnamed(Choice& choice) {
  const int kind = choice.below(6);
  long fd = -1;
  if (kind == 0) {
    fd = call_for_fd(call::eventfd2_, "", arguments(0, choice.flag(EFD_CLOEXEC)));
  } else if (kind == 1) {
    Text name("memory");
    name += choice.below(100);
    fd = call_for_fd(call::memfd_create_, name, arguments(name.c_str(), choice.flag(MFD_CLOEXEC)));
  } else if (kind == 2) {
    fd = call_for_fd(call::epoll_create1_, "", arguments(choice.flag(EPOLL_CLOEXEC)));
  } else if (kind == 3) {
    fd = call_for_fd(call::timerfd_create_, "",
                     arguments(CLOCK_MONOTONIC, choice.flag(TFD_CLOEXEC)));
  } else if (kind == 4) {
    fd = call_for_fd(call::inotify_init1_, "", arguments(choice.flag(IN_CLOEXEC)));
  } else {
    constexpr std::uint64_t kSignals = 1;
    fd = call_for_fd(call::signalfd4_, "",
                     arguments(-1, &kSignals, sizeof(kSignals), choice.flag(SFD_CLOEXEC)));
  }
  return static_cast<int>(fd);
}

// The lowest of a range, -1 where none is open.
int first_open(int first, int last) {
  for (int fd = first; fd <= last; ++fd) {
    if (is_open(fd)) return fd;
  }
  return -1;
}

}  // namespace

void open_file(Actor& actor, Choice& choice) {
  const int kind = choice.below(8), flags = open_flags(choice);
  const bool creates = kind == 0 || flags & O_CREAT;
  const Wanted wanted = creates && !choice.one_in(4) ? Wanted::missing : Wanted::existing;
  const Place place =
      kind < 2 ? some_place(actor, choice, wanted) : some_place_at(actor, choice, wanted);
  const Text name = name_of(place);
  const char* path = place.path.c_str();
  long fd = -1;
  if (kind == 0)
    fd = call_for_fd(call::creat_, name, arguments(path, 0600));
  else if (kind == 1)
    fd = call_for_fd(call::open_, name, arguments(path, flags, 0600));
  else if (kind < 5)
    fd = call_for_fd(call::openat_, name, arguments(place.dirfd, path, flags, 0600));
  else
    fd = open_by_openat2(place, flags, choice);
  keep(actor, choice, static_cast<int>(fd));
}

void reopen_fd(Actor& actor, Choice& choice) {
  Text path("/proc/thread-self/fd/");
  path += some_fd(actor, choice);
  const int flags = O_NONBLOCK | choice.flag(O_CLOEXEC);
  keep(
      actor, choice,
      static_cast<int>(call_for_fd(call::openat_, path, arguments(AT_FDCWD, path.c_str(), flags))));
}

void open_unnamed(Actor& actor, Choice& choice) {
  if (choice.one_in(2)) {
    const int fd = make_unnamed(choice);
    check(actor, fd);
    close_fd(actor, fd);  // what is made next may lie in the same memory
  }
  keep(actor, choice, make_unnamed(choice));
}

void open_pair(Actor& actor, Choice& choice) {
  std::array<int, 2> fds = {-1, -1};
  if (choice.one_in(2))
    call_plain(call::pipe2_, arguments(fds.data(), choice.flag(O_CLOEXEC)));
  else
    call_plain(call::socketpair_,
               arguments(AF_UNIX, SOCK_STREAM | choice.flag(SOCK_CLOEXEC), 0, fds.data()));
  for (const int fd : fds) keep(actor, choice, fd);
}

void duplicate(Actor& actor, Choice& choice) {
  const int kind = choice.below(5), fd = some_fd(actor, choice);
  if (fd < 0) return;
  if (kind == 0) {
    keep(actor, choice, static_cast<int>(call_on_fd(call::dup_, fd, arguments(fd))));
  } else if (kind < 3) {
    dup_into_zone(actor, choice, fd);
  } else {
    const int command = kind == 3 ? F_DUPFD : F_DUPFD_CLOEXEC;
    const long copy = call_on_fd(call::fcntl_, fd, arguments(fd, command, zone_fd(actor, choice)));
    keep(actor, choice, static_cast<int>(copy));
  }
  if (is_settled(actor, fd)) check(actor, fd);
}

void close_one(Actor& actor, Choice& choice) {
  const int fd = choice.one_in(8) ? zone_fd(actor, choice) : some_fd(actor, choice);
  if (fd < 0) return;
  close_fd(actor, fd);
  if (is_settled(actor, fd)) check(actor, fd);
}

void close_many(Actor& actor, Choice& choice) {
  const bool is_all = actor.has_process && !actor.has_foreign_fds && choice.one_in(4);
  const int first = is_all ? kFirstFreeFd : zone_fd(actor, choice);
  const int last = is_all ? actor.zone + kZoneFds - 1
                          : std::min(first + choice.below(24), actor.zone + kZoneFds - 1);
  const int unshare = actor.may_unshare && choice.one_in(4) ? CLOSE_RANGE_UNSHARE : 0;
  const int flags = unshare | (choice.one_in(3) ? CLOSE_RANGE_CLOEXEC : 0);
  const int lowest = first_open(first, last);
  if (lowest < 0)
    call_plain(call::close_range_, arguments(first, last, flags));
  else
    call_on_fd(call::close_range_, lowest, arguments(first, last, flags));
  if (unshare != 0) leave_workers(actor);
  forget_closed(actor);
  check(actor, lowest < 0 ? last : lowest);
}

void check_one(Actor& actor, Choice& choice) {
  const int fd = choice.one_in(8) ? zone_fd(actor, choice) : some_fd(actor, choice);
  if (fd >= 0) check(actor, fd);
}

}  // namespace fd_steps
