#include <fcntl.h>
#include <linux/fs.h>
#include <sys/mount.h>

#include "tests/e2e/fd_steps/steps.hpp"

namespace fd_steps {
namespace {

constexpr int kRemoveDirectory = 0x200;  // AT_REMOVEDIR

}  // namespace

void check_some(Actor& actor, Choice& choice) {
  for (int i = 0; i < 3; ++i) check_one(actor, choice);
}

void make_directory(Actor& actor, Choice& choice) {
  if (choice.one_in(2)) {
    const Place place = some_place(actor, choice, Wanted::missing);
    call_on_path(call::mkdir_, place, arguments(place.path.c_str(), 0700));
  } else {
    const Place place = some_place_at(actor, choice, Wanted::missing);
    call_on_path(call::mkdirat_, place, arguments(place.dirfd, place.path.c_str(), 0700));
  }
}

void rename_path(Actor& actor, Choice& choice) {
  constexpr std::array kFlags = {RENAME_EXCHANGE, RENAME_NOREPLACE, 0, RENAME_EXCHANGE};
  const int kind = choice.below(3);
  const int flags = kFlags[static_cast<std::size_t>(choice.below(kFlags.size()))];
  const bool replaces = kind == 2 ? flags == RENAME_EXCHANGE : choice.one_in(3);
  const Wanted wanted = replaces ? Wanted::existing : Wanted::missing;
  const auto some = kind == 0 ? some_place : some_place_at;
  const Place from = some(actor, choice, Wanted::existing), to = some(actor, choice, wanted);
  const char *old_path = from.path.c_str(), *new_path = to.path.c_str();
  if (kind == 0)
    call_on_paths(call::rename_, from, to, arguments(old_path, new_path));
  else if (kind == 1)
    call_on_paths(call::renameat_, from, to, arguments(from.dirfd, old_path, to.dirfd, new_path));
  else
    call_on_paths(call::renameat2_, from, to,
                  arguments(from.dirfd, old_path, to.dirfd, new_path, flags));
  check_some(actor, choice);
}

void link_path(Actor& actor, Choice& choice) {
  const bool is_plain = choice.one_in(2);
  const auto some = is_plain ? some_place : some_place_at;
  const Place from = some(actor, choice, Wanted::existing);
  const Place to = some(actor, choice, Wanted::missing);
  const char *old_path = from.path.c_str(), *new_path = to.path.c_str();
  if (is_plain)
    call_on_paths(call::link_, from, to, arguments(old_path, new_path));
  else
    call_on_paths(call::linkat_, from, to, arguments(from.dirfd, old_path, to.dirfd, new_path, 0));
  check_one(actor, choice);
}

void remove_path(Actor& actor, Choice& choice) {
  const int kind = choice.below(4);
  const Place place = kind < 2 ? some_place(actor, choice) : some_place_at(actor, choice);
  const char* path = place.path.c_str();
  if (kind == 0)
    call_on_path(call::unlink_, place, arguments(path));
  else if (kind == 1)
    call_on_path(call::rmdir_, place, arguments(path));
  else
    call_on_path(call::unlinkat_, place,
                 arguments(place.dirfd, path, kind == 2 ? 0 : kRemoveDirectory));
  check_some(actor, choice);
}

void change_directory(Actor& actor, Choice& choice) {
  const int fd = some_directory(actor, choice);
  if (fd >= 0 && choice.one_in(2)) {
    call_on_fd(call::fchdir_, fd, arguments(fd));
  } else {
    const Place place =
        choice.one_in(4) ? Place{AT_FDCWD, tree_of(actor)} : some_place(actor, choice);
    call_on_path(call::chdir_, place, arguments(place.path.c_str()));
  }
  open_file(actor, choice);
}

void mount_directory(Actor& actor, Choice& choice) {
  if (!actor.mounted.view().empty()) {
    const Place place{AT_FDCWD, actor.mounted};
    const int flags = choice.flag(MNT_DETACH);
    const long result = call_on_path(call::umount_, place, arguments(place.path.c_str(), flags));
    if (result == 0 || choice.one_in(4)) actor.mounted = {};
  } else {
    const Text from = some_path(actor, choice), to = some_path(actor, choice);
    Text names = from;
    names += " -> ";
    names += to.view();
    const long result =
        invoke(call::mount_, arguments(from.c_str(), to.c_str(), "none", MS_BIND, ""));
    log_call(call::mount_, result, names.view());
    if (result == 0) actor.mounted = to;
  }
  check_some(actor, choice);
  open_file(actor, choice);
}

}  // namespace fd_steps
