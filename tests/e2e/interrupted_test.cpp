// Calls that signals interrupt, and calls that seccomp denies.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <ctime>

#include "tests/e2e/trace.hpp"
#include "tests/support/rows.hpp"

namespace ior::e2e {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;

void must(bool holds) {
  if (!holds) ::_exit(6);
}

void sleep_ms(long ms) {
  const timespec time = {0, ms * 1'000'000};
  ::nanosleep(&time, nullptr);
}

// "name,ret" of the rows of a thread, which names itself "waiter".
std::vector<std::string> calls_of_waiter(const Traced& traced) {
  std::vector<std::string> calls;
  const test::Rows read = test::read_rows(traced.ior.out);
  for (const test::Row& row : read.rows) {
    if (row.at("comm") == "waiter") calls.push_back(row.at("name") + "," + row.at("ret"));
  }
  return calls;
}

// A child that waits in `wait`, while its parent does `meanwhile` to it.
Traced trace_waiter(const std::function<void()>& wait,
                    const std::function<void(pid_t)>& meanwhile) {
  return trace_child(
      [&] {
        const pid_t waiter = ::fork();
        if (waiter == 0) {
          ::prctl(PR_SET_NAME, "waiter");
          wait();
          ::_exit(0);
        }
        sleep_ms(100);
        meanwhile(waiter);
        must(::waitpid(waiter, nullptr, 0) == waiter);
      },
      {"-f", "-plain", "-trace-syscalls", "read,nanosleep,clock_nanosleep,restart_syscall"});
}

void stop_and_continue(pid_t waiter) {
  ::kill(waiter, SIGSTOP);
  must(::waitpid(waiter, nullptr, WUNTRACED) == waiter);
  ::kill(waiter, SIGCONT);
}

TEST(Interrupted, a_read_that_goes_on_by_itself_is_one_row) {
  std::array<int, 2> pipe{};
  must(::pipe(pipe.data()) == 0);
  const auto read = [&] {
    char byte;
    must(::read(pipe[0], &byte, 1) == 1);
  };
  const Traced traced = trace_waiter(read, [&](pid_t waiter) {
    stop_and_continue(waiter);
    sleep_ms(50);
    must(::write(pipe[1], "x", 1) == 1);
  });
  EXPECT_THAT(calls_of_waiter(traced), ElementsAre("read,1"));
}

TEST(Interrupted, a_sleep_that_restart_syscall_goes_on_with_is_one_row) {
  const Traced traced = trace_waiter([] { sleep_ms(300); }, stop_and_continue);
  EXPECT_THAT(calls_of_waiter(traced), ElementsAre("clock_nanosleep,0"));
}

TEST(Interrupted, a_read_with_a_handler_in_between_is_two_rows) {
  std::array<int, 2> pipe{};
  must(::pipe(pipe.data()) == 0);
  const auto read = [&] {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGUSR1, &action, nullptr);
    char byte;
    must(::read(pipe[0], &byte, 1) == 1);
  };
  const Traced traced = trace_waiter(read, [&](pid_t waiter) {
    ::kill(waiter, SIGUSR1);
    sleep_ms(50);
    must(::write(pipe[1], "x", 1) == 1);
  });
  EXPECT_THAT(calls_of_waiter(traced), ElementsAre("read,-512", "read,1"));
}

TEST(Interrupted, a_read_that_its_threads_death_ends_is_a_row) {
  std::array<int, 2> pipe{};
  must(::pipe(pipe.data()) == 0);
  const auto read = [&] {
    char byte;
    (void)!::read(pipe[0], &byte, 1);
  };
  const Traced traced = trace_waiter(read, [](pid_t waiter) { ::kill(waiter, SIGTERM); });
  EXPECT_THAT(calls_of_waiter(traced), ElementsAre("read,-512"));
}

// As a debugger does that has a stopped thread make a call: with registers that it restores after.
void read_in_between(pid_t waiter, int fd) {
  int status;
  must(::ptrace(PTRACE_SEIZE, waiter, nullptr, nullptr) == 0);
  must(::ptrace(PTRACE_INTERRUPT, waiter, nullptr, nullptr) == 0);
  must(::waitpid(waiter, &status, 0) == waiter);
  user_regs_struct before{};
  must(::ptrace(PTRACE_GETREGS, waiter, nullptr, &before) == 0);
  user_regs_struct other = before;
  other.orig_rax = ~0ull;
  other.rax = SYS_read;
  other.rdi = fd;
  other.rip -= 2;  // to the syscall instruction
  must(::ptrace(PTRACE_SETREGS, waiter, nullptr, &other) == 0);
  for (int stop = 0; stop < 2; ++stop) {
    must(::ptrace(PTRACE_SYSCALL, waiter, nullptr, nullptr) == 0);
    must(::waitpid(waiter, &status, 0) == waiter);
  }
  must(::ptrace(PTRACE_SETREGS, waiter, nullptr, &before) == 0);
  must(::ptrace(PTRACE_DETACH, waiter, nullptr, nullptr) == 0);
}

TEST(Interrupted, a_call_that_a_debugger_makes_in_between_is_a_row_of_its_own) {
  std::array<int, 2> pipe{};
  must(::pipe(pipe.data()) == 0);
  const int zeros = ::open("/dev/zero", O_RDONLY);
  std::array<char, 2> bytes;
  const auto read = [&] { must(::read(pipe[0], bytes.data(), 2) == 1); };
  const Traced traced = trace_waiter(read, [&](pid_t waiter) {
    read_in_between(waiter, zeros);
    must(::write(pipe[1], "x", 1) == 1);
  });
  EXPECT_THAT(calls_of_waiter(traced), ElementsAre("read,-512", "read,2", "read,1"));
  EXPECT_THAT(traced.rows, Contains(EndsWith(",read,2,/dev/zero")));
  ::close(zeros);
}

// Does as seccomp is told with openat, before it is entered.
void filter_openat(std::uint32_t action) {
  std::array<sock_filter, 4> filter = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, action),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  sock_fprog program = {filter.size(), filter.data()};
  must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  must(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

constexpr std::uint32_t kDenied = SECCOMP_RET_ERRNO | EPERM;

TEST(Denied, calls_are_rows_with_their_files) {
  const Traced traced = trace_child(
      [] {
        filter_openat(kDenied);
        must(::chdir("/tmp") == 0);
        const char path[] = "denied";  // in memory, for nobody else reads it
        must(::open(path, O_RDONLY) == -1 && errno == EPERM);
        must(::access("/etc/hostname", F_OK) == 0);
      },
      {"-plain"});
  EXPECT_THAT(traced.rows, Contains(EndsWith(",openat,-1,/tmp/denied")));
  EXPECT_THAT(traced.rows, Contains(EndsWith(",access,0,/etc/hostname")));
}

TEST(Denied, the_first_call_of_a_new_process_is_a_row) {
  const Traced traced = trace_child(
      [] {
        filter_openat(kDenied);
        const pid_t child = ::fork();
        if (child == 0) {
          const char path[] = "/etc/denied";  // in memory, for nobody else reads it
          must(::syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0) == -1);
          ::_exit(0);
        }
        must(::waitpid(child, nullptr, 0) == child);
      },
      {"-f", "-plain", "-trace-syscalls", "openat"});
  EXPECT_THAT(traced.rows, Contains(EndsWith(",openat,-1,/etc/denied")));
}

// There the kernel leaves the call's number where its result would be.
TEST(Denied, a_call_answered_with_SIGSYS_has_no_result) {
  const Traced traced = trace_child(
      [] {
        ::signal(SIGSYS, [](int) {});
        filter_openat(SECCOMP_RET_TRAP);
        must(::chdir("/tmp") == 0);
        const char path[] = "/etc/trapped";  // in memory, for nobody else reads it
        ::open(path, O_RDONLY);
        must(::access("/etc/hostname", F_OK) == 0);
      },
      {"-plain"});
  EXPECT_THAT(traced.rows, Contains(EndsWith(",openat,,/etc/trapped")));
  EXPECT_THAT(traced.rows, Contains(EndsWith(",access,0,/etc/hostname")));
}

}  // namespace
}  // namespace ior::e2e
