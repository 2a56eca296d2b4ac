#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "tests/e2e/fd_steps/steps.hpp"

namespace fd_steps {
namespace {

constexpr std::uint32_t kDepthMax = 3;
constexpr int kChildStepsMax = 12;

void wait_for(pid_t process) {
  int status = 0;
  if (::waitpid(process, &status, 0) != process || status != 0) fail("a child failed");
}

[[noreturn]] void be_child(Actor& actor) {
  take_all_steps(actor);
  ::_exit(0);
}

// With a copy of the actor's fds; its steps are taken from the actor's.
Actor* child_of(Actor& actor, Choice& choice) {
  const auto wanted = static_cast<std::uint32_t>(1 + choice.below(kChildStepsMax));
  Actor* child = new_actor();
  if (!child) return nullptr;
  *child = actor;
  child->script = choice.script();
  child->step = 0;
  child->steps = std::min(wanted, actor.steps - actor.step);
  actor.steps -= child->steps;
  ++child->depth;
  if (!actor.has_process && !actor.takes_turns) child->has_foreign_fds = true;
  child->has_process = true;
  child->may_unshare = true;
  child->has_workers = child->left_workers = false;
  child->child = 0;
  child->marks = 0;
  child->mounted = {};
  return child;
}

void wait_for_child(Actor& actor) {
  if (actor.child != 0) wait_for(actor.child);
  actor.child = 0;
}

// One whose files are the actor's alone leaves them to the child until that has ended.
void meet_child(Actor& actor, Choice& choice, pid_t process) {
  wait_for_child(actor);
  actor.child = process;
  if (!actor.takes_turns || choice.one_in(2)) wait_for_child(actor);
}

void fork_copy(Actor& actor, Choice& choice) {
  constexpr std::array kFlags = {0, CLONE_FS, 0};
  const int flags = kFlags[static_cast<std::size_t>(choice.below(kFlags.size()))];
  const bool by_clone = choice.one_in(2);
  Actor* child = child_of(actor, choice);
  if (!child) return;
  const Call& call = by_clone ? call::clone_ : call::fork_;
  const long process = invoke(call, arguments(flags | SIGCHLD, 0, 0, 0, 0));
  if (process == 0) be_child(*child);
  log_call(call, process, "");
  if (process < 0) fail("cannot fork");
  meet_child(actor, choice, static_cast<pid_t>(process));
}

void fork_by_vfork(Actor& actor, Choice& choice) {
  Actor* child = child_of(actor, choice);
  if (!child) return;
  child->shares_memory = true;
  const pid_t process = ::vfork();
  if (process == 0) be_child(*child);
  log_call(call::vfork_, process, "");
  if (process < 0) fail("cannot vfork");
  meet_child(actor, choice, process);
}

// The child goes on as the same actor.
void fork_with_same_table(Actor& actor, Choice& choice) {
  const bool has_process = actor.has_process, may_unshare = actor.may_unshare;
  const std::uint32_t until = std::min(
      actor.steps, actor.step + 1 + static_cast<std::uint32_t>(choice.below(kChildStepsMax)));
  wait_for_child(actor);
  actor.has_process = actor.may_unshare = false;
  const long process = invoke(call::clone_, arguments(CLONE_FILES | SIGCHLD, 0, 0, 0, 0));
  if (process == 0) {
    take_steps(actor, until);
    wait_for_child(actor);
    ::_exit(0);
  }
  log_call(call::clone_, process, "");
  if (process < 0) fail("cannot clone");
  wait_for(static_cast<pid_t>(process));
  actor.has_process = has_process;
  actor.may_unshare = may_unshare;
}

struct NewImage {
  Text actor;
  std::array<const char*, 4> arguments;

  explicit NewImage(const Actor& of) {
    actor += &of - shared().actors.data();
    arguments = {shared().self.c_str(), "resume", actor.c_str(), nullptr};
  }
};

// What is logged of an exec that succeeds must be logged before.
[[noreturn]] void exec_by_path(const Actor& actor) {
  const NewImage image(actor);
  log_call(call::execve_, 0, shared().self.view());
  invoke(call::execve_, arguments(shared().self.c_str(), image.arguments.data(), environ));
  fail("cannot exec");
}

[[noreturn]] void exec_by_fd(const Actor& actor) {
  const NewImage image(actor);
  const char* path = shared().self.c_str();
  const long fd = call_for_fd(call::openat_, path, arguments(AT_FDCWD, path, O_PATH | O_CLOEXEC));
  log_call(call::execveat_, 0, file_of(static_cast<int>(fd)).view());
  invoke(call::execveat_, arguments(fd, "", image.arguments.data(), environ, AT_EMPTY_PATH));
  fail("cannot exec by fd");
}

// The thread that made this one cannot log that any more.
int exec_in_thread(void* actor) {
  log_call_of(::getpid(), call::clone_, ::syscall(SYS_gettid), "");
  exec_by_path(*static_cast<const Actor*>(actor));
}

// The kernel ends this thread and gives its id to the one that execs.
[[noreturn]] void exec_by_thread(Actor& actor) {
  constexpr std::size_t kStackBytes = 256 << 10;
  void* stack = ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) fail("no stack");
  if (::clone(exec_in_thread, static_cast<char*>(stack) + kStackBytes,
              CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, &actor) < 0)
    fail("cannot make a thread");
  while (true) ::pause();
}

}  // namespace

void fork_process(Actor& actor, Choice& choice) {
  if (actor.depth >= kDepthMax) return;
  const int kind = choice.below(5);
  if (kind < 2)
    fork_copy(actor, choice);
  else if (kind < 4)
    fork_by_vfork(actor, choice);
  else
    fork_with_same_table(actor, choice);
}

void unshare_table(Actor& actor, Choice& choice) {
  if (!actor.may_unshare) return;
  const Turn turn(actor.takes_turns);
  call_plain(call::unshare_, arguments(CLONE_FILES));
  leave_workers(actor);
  check_one(actor, choice);
}

void exec_itself(Actor& actor, Choice& choice) {
  const int kind = choice.below(3);
  if (!actor.has_process) return;
  if (kind == 0 && !actor.shares_memory) exec_by_thread(actor);
  if (kind == 1) exec_by_fd(actor);
  exec_by_path(actor);
}

void change_cpu(Actor&, Choice& choice) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(static_cast<std::size_t>(choice.below(shared().cpus)), &cpus);
  ::sched_setaffinity(0, sizeof(cpus), &cpus);
}

void take_all_steps(Actor& actor) {
  take_steps(actor, actor.steps);
  wait_for_child(actor);
  actor.thread = 0;
}

}  // namespace fd_steps
