// What all threads and processes of fd_steps share, in one mapping that lasts through fork and
// exec: the actors, the lock under which some of them take turns, and the log of the calls made.
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "tests/e2e/fd_steps/text.hpp"

namespace fd_steps {

// Fds that no step closes: the mapping, and the two ends of a socket that carries fds between
// processes.
enum { kSharedFd = 3, kMailOut = 4, kMailIn = 5, kFirstFreeFd = 10 };

enum { kZoneFds = 64, kFdsOfActor = 16, kActorsMax = 4096 };

// One thread's part in the script. Its state is here so that it goes on after an exec.
struct Actor {
  std::uint64_t script = 0;
  std::uint32_t step = 0;
  std::uint32_t steps = 0;
  std::uint32_t depth = 0;  // of forks above it
  // Takes turns with all others of this kind, with which it shares files; one that does not has
  // files of its own.
  bool takes_turns = false;
  bool has_process = false;  // is its only thread, with an fd table that nobody else has
  bool may_unshare = true;
  // Its table was copied from one that others use as well: they may rename the files of some fds.
  bool has_foreign_fds = false;
  bool shares_memory = false;  // made by vfork
  // Its rings have threads of the kernel's, which keep the fd table that they began with.
  bool has_workers = false;
  bool left_workers = false;  // has another fd table than they: no ring opens fds for it any more
  int zone = 0;               // the first of kZoneFds fd numbers of its own
  int tree = 0;               // number of the directory in which its files are
  pid_t thread = 0;           // of the first actors, while they take steps
  int child = 0;              // a process that it has not waited for
  long marks = 0;
  std::array<int, kFdsOfActor> fds{};  // -1: none
  Text mounted;
};

struct Shared {
  pthread_mutex_t turn;
  std::atomic<std::uint32_t> images;  // programs begun, by fork of the first or by exec
  std::atomic<std::uint32_t> actors_made;
  std::atomic<bool> failed;
  int cpus;
  Text self;
  Text directory;
  std::array<pid_t, 2> processes;  // those whose actors take turns
  std::array<Actor, kActorsMax> actors;
  std::size_t log_capacity;
  std::atomic<std::size_t> log_size;

  char* log_bytes() { return reinterpret_cast<char*>(this + 1); }
};

Shared& shared();

// Makes the mapping, as kSharedFd; false where it cannot be made.
bool make_shared_mapping(std::size_t log_capacity);
// Maps it again in a program begun by exec.
bool map_shared();

// A new actor, null when there are too many.
Actor* new_actor();

// What goes wrong makes the whole run fail.
[[noreturn]] void fail(std::string_view what);

// Gives this program's threads a name (comm) that no other has: thread ids pass on at exec.
void name_image();

void append_to_log(const Text& line);

class Turn {
 public:
  explicit Turn(bool is_needed) : is_needed_(is_needed) {
    if (is_needed_) ::pthread_mutex_lock(&shared().turn);
  }
  ~Turn() {
    if (is_needed_) ::pthread_mutex_unlock(&shared().turn);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  bool is_needed_;
};

}  // namespace fd_steps
