#include "tests/e2e/fd_steps/actor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace fd_steps {
namespace {

constexpr int kTries = 6;

Text component(Choice& choice, bool is_directory) {
  if (choice.one_in(12)) return is_directory ? kDirectoryLink : kFileLink;
  Text name(is_directory ? "d" : "f");
  name += choice.below(3);
  return name;
}

// Of one to `longest` components.
Text path_below(Choice& choice, int longest) {
  Text path;
  for (int above = choice.below(longest); above > 0; --above) {
    path += component(choice, true).view();
    path += choice.one_in(12) ? "/../" : "/";
  }
  path += component(choice, choice.one_in(2)).view();
  return path;
}

bool exists(const Place& place) {
  return ::faccessat(place.dirfd, place.path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

// Whether something could be made there.
bool is_free(const Place& place) {
  if (exists(place) || errno != ENOENT) return false;
  const std::string_view path = place.path.view();
  const std::size_t end = path.rfind('/');
  return exists({place.dirfd, end == path.npos ? Text(".") : Text(path.substr(0, end))});
}

// `starts`: how many of absolute, from the working directory, from an fd.
Place pick_place(const Actor& actor, Choice& choice, int starts, Wanted wanted) {
  Place place{AT_FDCWD, {}};
  const bool may_miss = choice.one_in(5);
  for (int i = 0; i < kTries; ++i) {
    const int start = choice.below(starts);
    place = {AT_FDCWD, {}};
    if (start == 2) {
      const int directory = some_directory(actor, choice);
      if (directory >= 0) place.dirfd = directory;
    }
    if (start == 0) {
      place.path = tree_of(actor);
      place.path += "/";
    }
    place.path += path_below(choice, start == 0 ? 3 : 2).view();
    if (may_miss || (wanted == Wanted::existing ? exists(place) : is_free(place))) break;
  }
  return place;
}

}  // namespace

int some_fd(const Actor& actor, Choice& choice) {
  const auto start = static_cast<std::size_t>(choice.below(kFdsOfActor));
  for (std::size_t i = 0; i < kFdsOfActor; ++i) {
    const int fd = actor.fds[(start + i) % kFdsOfActor];
    if (fd >= 0) return fd;
  }
  return -1;
}

int some_directory(const Actor& actor, Choice& choice) {
  int fd = -1;
  for (int i = 0; i < kTries; ++i) {
    struct stat status {};
    fd = some_fd(actor, choice);
    if (fd >= 0 && ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) break;
  }
  return fd;
}

int zone_fd(const Actor& actor, Choice& choice) {
  return actor.zone + choice.below(kZoneFds);
}

void keep(Actor& actor, Choice& choice, int fd) {
  if (fd < 0) return;
  if (std::ranges::find(actor.fds, fd) == actor.fds.end()) {
    auto slot = std::ranges::find(actor.fds, -1);
    if (slot == actor.fds.end()) {
      slot = actor.fds.begin() + choice.below(kFdsOfActor);
      call_on_fd(call::close_, *slot, arguments(*slot));
    }
    *slot = fd;
  }
  check(actor, fd);
}

void close_fd(Actor& actor, int fd) {
  call_on_fd(call::close_, fd, arguments(fd));
  std::ranges::replace(actor.fds, fd, -1);
}

void forget_closed(Actor& actor) {
  for (int& fd : actor.fds) {
    if (fd >= 0 && !is_open(fd)) fd = -1;
  }
}

void leave_workers(Actor& actor) {
  actor.left_workers = actor.left_workers || actor.has_workers;
}

bool is_settled(const Actor& actor, int fd) {
  return actor.takes_turns || actor.has_process || (fd >= actor.zone && fd < actor.zone + kZoneFds);
}

void check(Actor& actor, int fd) {
  constexpr long kMarksOfActor = 1 << 20;
  const long mark = (&actor - shared().actors.data()) * kMarksOfActor + ++actor.marks;
  if (mark % 4 == 0)
    call_on_fd(call::fcntl_, fd, arguments(fd, F_GETFD));
  else
    call_on_fd(call::lseek_, fd, arguments(fd, mark, SEEK_SET));
}

Text tree_of(const Actor& actor) {
  Text path = shared().directory;
  path += "/tree";
  path += actor.tree;
  return path;
}

Text some_path(const Actor& actor, Choice& choice) {
  return pick_place(actor, choice, 1, Wanted::existing).path;
}

Place some_place(const Actor& actor, Choice& choice, Wanted wanted) {
  return pick_place(actor, choice, 2, wanted);
}

Place some_place_at(const Actor& actor, Choice& choice, Wanted wanted) {
  return pick_place(actor, choice, 3, wanted);
}

}  // namespace fd_steps
