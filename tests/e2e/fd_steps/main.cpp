// fd_steps SEED STEPS DIRECTORY: takes random steps that make, copy, pass on and close fds and that
// move and remove the files behind them, in several processes and threads, and leaves in
// DIRECTORY/steps.log the rows that ior must show, each thread's in order. Only rows of programs
// that have named themselves (g1, g2, ...) count: start and end are no steps.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>
#include <vector>

#include "tests/e2e/fd_steps/steps.hpp"

namespace fd_steps {
namespace {

// The actors of each process: the first two processes' take turns.
constexpr std::array kActorsOfProcess = {3, 1, 3, 1};
constexpr int kTurnProcesses = 2;
constexpr int kActors = 8;
constexpr int kFirstZone = 1'000;

void make_tree(const Actor& actor) {
  const Text tree = tree_of(actor);
  ::mkdir(tree.c_str(), 0700);
  for (const char* below : {"/d0", "/d1", "/d0/d1", "/d0/d1/d2", "/d2"}) {
    Text path = tree;
    path += below;
    ::mkdir(path.c_str(), 0700);
  }
  Text link = tree, file = tree;
  link += "/";
  link += kDirectoryLink;
  (void)!::symlink("d1", link.c_str());
  link = tree;
  link += "/";
  link += kFileLink;
  file += "/f0";
  (void)!::symlink(file.c_str(), link.c_str());
}

void make_actors(std::uint64_t seed, std::uint32_t steps) {
  for (std::size_t process = 0; process < kActorsOfProcess.size(); ++process) {
    for (int i = 0; i < kActorsOfProcess[process]; ++i) {
      Actor& actor = *new_actor();
      const auto index = static_cast<int>(&actor - shared().actors.data());
      actor.script = mix(seed) + static_cast<std::uint64_t>(index);
      actor.steps = steps / kActors + (static_cast<std::uint32_t>(index) < steps % kActors);
      actor.takes_turns = process < kTurnProcesses;
      actor.has_process = kActorsOfProcess[process] == 1;
      actor.zone = kFirstZone + index * kZoneFds;
      actor.tree = actor.takes_turns ? 0 : index;
      actor.fds.fill(-1);
      make_tree(actor);
    }
  }
}

void enter_tree(Actor& actor) {
  actor.thread = ::gettid();
  if (!actor.takes_turns) call_plain(call::unshare_, arguments(CLONE_FS));
  const Turn turn(actor.takes_turns);
  const Place tree{AT_FDCWD, tree_of(actor)};
  call_on_path(call::chdir_, tree, arguments(tree.path.c_str()));
}

[[noreturn]] void run_process(std::size_t process, std::size_t first_actor) {
  name_image();
  Actor* actors = &shared().actors[first_actor];
  if (kActorsOfProcess[process] == 1) {
    enter_tree(*actors);
    take_all_steps(*actors);
    ::_exit(0);
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < kActorsOfProcess[process]; ++i) {
    threads.emplace_back([&actor = actors[i]] {
      enter_tree(actor);
      take_all_steps(actor);
    });
  }
  for (auto& thread : threads) thread.join();
  ::_exit(0);
}

void make_mail() {
  constexpr int kAbove = 100;  // all fds that have a meaning
  std::array<int, 2> mail{};
  if (::socketpair(AF_UNIX, SOCK_DGRAM, 0, mail.data()) != 0) fail("no socket pair");
  for (int& fd : mail) fd = ::fcntl(fd, F_DUPFD, kAbove);
  ::dup2(mail[0], kMailOut);
  ::dup2(mail[1], kMailIn);
  ::close_range(kFirstFreeFd, ~0u, 0);
}

// Mounts of the steps stay in a name space that ends with them.
void prepare(const char* directory) {
  const rlimit many{16'384, 16'384};
  ::setrlimit(RLIMIT_NOFILE, &many);
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    fail("no mount name space");
  make_mail();
  std::array<char, 1024> self{};
  if (::readlink("/proc/self/exe", self.data(), self.size() - 1) < 0) fail("no path to itself");
  shared().cpus = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  shared().self = Text(self.data());
  shared().directory = Text(directory);
}

void write_log(const char* directory) {
  Text path(directory);
  path += "/steps.log";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const std::size_t size = shared().log_size;
  std::size_t written = 0;
  while (written < size) {
    const ssize_t count = ::write(fd, shared().log_bytes() + written, size - written);
    if (count < 0) fail("cannot write the log");
    written += static_cast<std::size_t>(count);
  }
}

// Moves the actors from CPU to CPU, in the middle of their calls, until all processes have ended.
void move_until_ended(std::size_t processes) {
  for (unsigned round = 0; processes > 0; ++round) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended < 0 || status != 0) shared().failed = true;
    if (ended != 0) --processes;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(round / kActors % static_cast<unsigned>(shared().cpus), &cpus);
    const pid_t thread = shared().actors[round % kActors].thread;
    if (thread != 0) ::sched_setaffinity(thread, sizeof(cpus), &cpus);
    ::usleep(20);
  }
}

int begin(std::uint64_t seed, std::uint32_t steps, const char* directory) {
  constexpr std::size_t kLogBytesOfStep = 16 << 10, kLogBytesMin = 4 << 20;
  if (!make_shared_mapping(kLogBytesMin + steps * kLogBytesOfStep)) return 1;
  prepare(directory);
  make_actors(seed, steps);
  std::size_t first_actor = 0;
  for (std::size_t i = 0; i < kActorsOfProcess.size(); ++i) {
    const pid_t process = ::fork();
    if (process < 0) fail("cannot fork");
    if (process == 0) {
      if (i < kTurnProcesses) shared().processes[i] = ::getpid();
      run_process(i, first_actor);
    }
    first_actor += static_cast<std::size_t>(kActorsOfProcess[i]);
  }
  move_until_ended(kActorsOfProcess.size());
  write_log(directory);
  return shared().failed ? 1 : 0;
}

[[noreturn]] void resume(std::size_t index) {
  if (!map_shared()) ::_exit(1);
  name_image();
  Actor& actor = shared().actors[index];
  actor.shares_memory = actor.has_workers = actor.left_workers = false;
  {
    const Turn turn(actor.takes_turns);
    for (const int fd : actor.fds) {
      if (fd >= 0) check(actor, fd);
    }
    forget_closed(actor);
  }
  take_all_steps(actor);
  ::_exit(0);
}

}  // namespace
}  // namespace fd_steps

int main(int count, char** arguments) {
  if (count == 3) fd_steps::resume(std::strtoul(arguments[2], nullptr, 10));
  if (count != 4) return 2;
  return fd_steps::begin(std::strtoull(arguments[1], nullptr, 10),
                         static_cast<std::uint32_t>(std::strtoul(arguments[2], nullptr, 10)),
                         arguments[3]);
}
