// What the steps of an actor have in common: its fds, the places in its tree, and the check.
#pragma once

#include "tests/e2e/fd_steps/calls.hpp"
#include "tests/e2e/fd_steps/choice.hpp"
#include "tests/e2e/fd_steps/shared.hpp"

namespace fd_steps {

using Step = void (*)(Actor&, Choice&);

// One of its fds; -1 where it has none.
int some_fd(const Actor& actor, Choice& choice);
// Most often one of a directory.
int some_directory(const Actor& actor, Choice& choice);
// An fd number of its own zone.
int zone_fd(const Actor& actor, Choice& choice);
// Takes a new fd over, for which it may have to close another, and checks it.
void keep(Actor& actor, Choice& choice, int fd);
void close_fd(Actor& actor, int fd);
// Forgets fds that are not open any more.
void forget_closed(Actor& actor);

// Makes a call on the fd, with a result that no other call of the actor has where the fd can seek.
void check(Actor& actor, int fd);
// After the actor got a table of its own.
void leave_workers(Actor& actor);
// Whether only this actor can have opened or closed the fd since it last looked.
bool is_settled(const Actor& actor, int fd);

// Symbolic links in each tree.
inline constexpr const char *kDirectoryLink = "ld", *kFileLink = "lf";

Text tree_of(const Actor& actor);

// What is most often at a place, which is random: something, or nothing yet.
enum class Wanted { existing, missing };

// An absolute path in its tree.
Text some_path(const Actor& actor, Choice& choice);
// The same, or a relative path from its working directory.
Place some_place(const Actor& actor, Choice& choice, Wanted wanted = Wanted::existing);
// The same, or from one of its fds.
Place some_place_at(const Actor& actor, Choice& choice, Wanted wanted = Wanted::existing);

}  // namespace fd_steps
