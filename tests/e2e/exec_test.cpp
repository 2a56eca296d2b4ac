// Calls whose exit has another number, table or thread id than their enter: execs, and forks and
// execs that a debugger stops. Each is one row, whatever else is traced; and what execs were called
// with.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>

#include "tests/e2e/call32.hpp"
#include "tests/e2e/trace.hpp"
#include "tests/e2e/untouched.hpp"

namespace ior::e2e {
namespace {

constexpr const char* kProgram = "/usr/bin/true";
constexpr const char* kMissing = "/no/such/program";
constexpr std::array<char*, 2> kArguments = {const_cast<char*>("true"), nullptr};
constexpr std::array<char*, 1> kEnvironment = {nullptr};

void must(bool holds) {
  if (!holds) ::_exit(6);
}

long exec(const char* path) {
  return ::syscall(SYS_execve, path, kArguments.data(), kEnvironment.data());
}

long exec_at(int dirfd, const char* path, int flags = 0) {
  return ::syscall(SYS_execveat, dirfd, path, kArguments.data(), kEnvironment.data(), flags);
}

// Runs `work`, which execs, in a process of its own and waits for its end.
template <typename Work>
void in_a_child(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(1);
  }
  int status = 0;
  must(::waitpid(child, &status, 0) == child && status == 0);
}

// The kernel's own totals are those of the rows, and nothing is left over.
void expect_balance(const Traced& traced) {
  const Recording& recording = traced.recording;
  for (const SyscallTotal& total : recording.totals) {
    EXPECT_EQ(sum_of(traced.records, total.tracepoint).count, total.calls) << total.tracepoint;
  }
  for (const char* nothing : {"exit_only", "died_in_call", "in_flight_at_start",
                              "in_flight_at_stop", "enter_only", "unmatched"}) {
    EXPECT_EQ(counted(recording, nothing), 0u) << nothing;
  }
}

// What is traced, and how many rows of each there must be then.
struct Selection {
  const char* syscalls;
  std::uint64_t execves;
  std::uint64_t execveats;
};

class Execs : public testing::TestWithParam<Selection> {};

// Each of the two calls, with success and with failure, of the first call of a process and of later
// ones.
TEST_P(Execs, are_one_row_each_whatever_else_is_traced) {
  const Traced traced = trace_child(
      [] {
        for (int round = 0; round < 5; ++round) {
          in_a_child([] { exec(kProgram); });
          in_a_child([] { exec_at(AT_FDCWD, kProgram); });
          in_a_child([] {
            must(exec(kMissing) == -1 && exec_at(AT_FDCWD, kMissing) == -1);
            exec_at(AT_FDCWD, kProgram);
          });
          in_a_child([] {
            must(exec_at(AT_FDCWD, kMissing) == -1 && exec(kMissing) == -1);
            exec(kProgram);
          });
        }
      },
      {"-f", "-trace-syscalls", GetParam().syscalls});
  EXPECT_EQ(sum_of(traced.records, "enter_execve", kProgram).count, GetParam().execves);
  EXPECT_EQ(sum_of(traced.records, "enter_execve", kMissing).errors, GetParam().execves);
  EXPECT_EQ(sum_of(traced.records, "enter_execveat", kProgram).count, GetParam().execveats);
  EXPECT_EQ(sum_of(traced.records, "enter_execveat", kMissing).errors, GetParam().execveats);
  EXPECT_EQ(sum_of(traced.records, "enter_execveat").count, 2 * GetParam().execveats);
  EXPECT_EQ(sum_of(traced.records, "enter_execve").count, 2 * GetParam().execves);
  expect_balance(traced);
}

INSTANTIATE_TEST_SUITE_P(Selections, Execs,
                         testing::Values(Selection{"execve", 10, 0}, Selection{"execveat", 0, 10},
                                         Selection{"execve,execveat", 10, 10}));

TEST(Exec, an_empty_path_is_the_file_of_its_fd) {
  const Traced traced = trace_child(
      [] {
        const int program = ::open(kProgram, O_RDONLY | O_CLOEXEC);
        must(::fcntl(program, F_DUPFD_CLOEXEC, 1000) == 1000);
        for (const int fd : {program, 1000}) {
          in_a_child([fd] { exec_at(fd, untouched(""), AT_EMPTY_PATH); });
          in_a_child([fd] { exec_at(fd, "", AT_EMPTY_PATH); });
        }
      },
      {"-f", "-trace-syscalls", "execve,execveat"});
  EXPECT_EQ(sum_of(traced.records, "enter_execveat", kProgram).count, 4u);
  EXPECT_EQ(sum_of(traced.records, "enter_execveat").count, 4u);
}

TEST(Exec, a_path_from_a_dirfd_is_shown_from_there) {
  const Traced traced = trace_child(
      [] {
        const int directory = ::open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (const char* path : {"bin/true", "/usr/bin/true"}) {
          in_a_child([=] { exec_at(directory, untouched(path)); });
        }
        must(::chdir("/usr/bin") == 0);
        in_a_child([] { exec_at(AT_FDCWD, untouched("true")); });
        in_a_child([] { exec(untouched("true")); });
      },
      {"-f", "-trace-syscalls", "execve,execveat"});
  EXPECT_EQ(sum_of(traced.records, "enter_execveat", kProgram).count, 3u);
  EXPECT_EQ(sum_of(traced.records, "enter_execveat").count, 3u);
  EXPECT_EQ(sum_of(traced.records, "enter_execve", kProgram).count, 1u);
}

// A program of the 32-bit table that does nothing but end.
std::string i386_program() {
  constexpr std::array<unsigned char, 96> kBytes = {
      0x7f, 'E',  'L', 'F', 1,    1,    1,    0,    0,    0,    0,    0,  0,    0,    0,    0, 2,
      0,    3,    0,   1,   0,    0,    0,    0x54, 0x80, 0x04, 0x08, 52, 0,    0,    0,  // entry
      0,    0,    0,   0,   0,    0,    0,    0,    52,   0,    32,   0,  1,    0,    0,    0, 0,
      0,    0,    0,   1,   0,    0,    0,    0,    0,    0,    0,    0,  0x80, 0x04, 0x08, 0, 0x80,
      0x04, 0x08,  // one segment
      96,   0,    0,   0,   96,   0,    0,    0,    5,    0,    0,    0,  0,    0x10, 0,    0, 0xb8,
      1,    0,    0,   0,   0x31, 0xdb, 0xcd, 0x80,  // mov $1,%eax; xor %ebx,%ebx; int $0x80
  };
  return {kBytes.begin(), kBytes.end()};
}

void exec32(const char* name, const char* program) {
  Low low;
  const long path = low.text(program);
  auto* const arguments = reinterpret_cast<std::uint32_t*>(low.take(16));
  arguments[0] = static_cast<std::uint32_t>(path);
  arguments[1] = 0;
  const long argv = Low::address_of(arguments), envp = Low::address_of(arguments + 1);
  if (std::string_view(name) == "execve")
    call32("execve", path, argv, envp);
  else
    call32("execveat", AT_FDCWD, path, argv, envp, 0);
}

class TwoTables : public testing::TestWithParam<Selection> {};

// The exit has the number of the new program's table.
TEST_P(TwoTables, an_exec_into_the_other_table_is_one_row) {
  const TempDir directory;
  const std::string program = directory.file("i386");
  const int file = ::open(program.c_str(), O_WRONLY | O_CREAT, 0700);
  ASSERT_EQ(::write(file, i386_program().data(), i386_program().size()), 96);
  ::close(file);
  const Traced traced = trace_child(
      [&] {
        in_a_child([&] { exec(program.c_str()); });
        in_a_child([&] { exec_at(AT_FDCWD, program.c_str()); });
        in_a_child([&] { exec32("execve", program.c_str()); });
        in_a_child([&] { exec32("execveat", program.c_str()); });
        in_a_child([] { exec32("execve", kProgram); });
        in_a_child([] { exec32("execveat", kProgram); });
      },
      {"-f", "-trace-syscalls", GetParam().syscalls});
  const auto [syscalls, execves, execveats] = GetParam();
  for (const std::string& path : {program, std::string(kProgram)}) {
    EXPECT_EQ(sum_of(traced.records, "enter_i386_execve", path).count, execves) << path;
    EXPECT_EQ(sum_of(traced.records, "enter_i386_execveat", path).count, execveats) << path;
  }
  EXPECT_EQ(sum_of(traced.records, "enter_execve").count, execves);
  EXPECT_EQ(sum_of(traced.records, "enter_execve", program).count, execves);
  EXPECT_EQ(sum_of(traced.records, "enter_execveat").count, execveats);
  EXPECT_EQ(sum_of(traced.records, "enter_execveat", program).count, execveats);
  expect_balance(traced);
}

INSTANTIATE_TEST_SUITE_P(Selections, TwoTables,
                         testing::Values(Selection{"execve", 1, 0}, Selection{"execveat", 0, 1},
                                         Selection{"execve,execveat", 1, 1}));

TEST(Exec, by_a_thread_that_is_not_the_first_is_a_row) {
  const Traced traced = trace_child(
      [] {
        in_a_child([] {
          pthread_t thread;
          ::pthread_create(
              &thread, nullptr,
              [](void*) -> void* {
                exec_at(AT_FDCWD, kProgram);
                return nullptr;
              },
              nullptr);
          ::pthread_join(thread, nullptr);
        });
      },
      {"-f", "-trace-syscalls", "execveat"});
  EXPECT_EQ(sum_of(traced.records, "enter_execveat", kProgram).count, 1u);
}

// Lets the child run on from each stop; at those within a call it is told that it is in none.
void debug(pid_t child) {
  int status = 0;
  must(::waitpid(child, &status, 0) == child && WIFSTOPPED(status));
  must(::ptrace(PTRACE_SETOPTIONS, child, nullptr,
                PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                    PTRACE_O_TRACEEXEC) == 0);
  must(::ptrace(PTRACE_CONT, child, nullptr, nullptr) == 0);
  while (true) {
    const pid_t stopped = ::waitpid(-1, &status, __WALL);
    if (stopped < 0) return;
    if (!WIFSTOPPED(status)) continue;
    if (status >> 16 != 0 && stopped == child) {
      must(::ptrace(PTRACE_POKEUSER, stopped, offsetof(user, regs.orig_rax), -1L) == 0);
    }
    must(::ptrace(PTRACE_CONT, stopped, nullptr, nullptr) == 0);
  }
}

// Lets a traced thread go on to where the call begins.
void go_to_entry(pid_t child, unsigned long long number) {
  user_regs_struct registers{};
  const auto no_result = static_cast<unsigned long long>(-ENOSYS);
  while (registers.orig_rax != number || registers.rax != no_result) {
    int status = 0;
    must(::ptrace(PTRACE_SYSCALL, child, 0, 0) == 0 && ::waitpid(child, &status, 0) == child);
    must(WIFSTOPPED(status) && ::ptrace(PTRACE_GETREGS, child, 0, &registers) == 0);
  }
}

TEST(Debugged, and_killed_where_a_call_begins_has_no_row_of_it) {
  const Traced traced = trace_child(
      [] {
        const pid_t child = ::fork();
        if (child == 0) {
          must(::ptrace(PTRACE_TRACEME, 0, 0, 0) == 0 && ::raise(SIGSTOP) == 0);
          ::access("/made", F_OK);
          ::access("/never-made", F_OK);
          ::_exit(0);
        }
        int status = 0;
        must(::waitpid(child, &status, 0) == child && WIFSTOPPED(status));
        go_to_entry(child, SYS_access);
        go_to_entry(child, SYS_access);
        must(::kill(child, SIGKILL) == 0 && ::waitpid(child, &status, 0) == child);
      },
      {"-f", "-trace-syscalls", "access"});
  EXPECT_EQ(sum_of(traced.records, "enter_access", "/made").count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_access").count, 1u);
}

TEST(Debugged, forks_and_execs_that_end_without_a_number_are_rows) {
  const Traced traced = trace_child(
      [] {
        const pid_t child = ::fork();
        if (child == 0) {
          must(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0);
          ::raise(SIGSTOP);
          for (const long number : {SYS_fork, SYS_clone}) {
            if (::syscall(number, SIGCHLD, 0, 0, 0, 0) == 0) ::_exit(0);
          }
          if (::vfork() == 0) ::_exit(0);
          exec_at(AT_FDCWD, kProgram);
          ::_exit(1);
        }
        debug(child);
      },
      {"-f", "-trace-syscalls", "fork,vfork,clone,execveat"});
  for (const char* tracepoint : {"enter_fork", "enter_vfork"}) {
    EXPECT_EQ(sum_of(traced.records, tracepoint).count, 1u) << tracepoint;
  }
  EXPECT_EQ(sum_of(traced.records, "enter_clone").count, 2u) << "with the one that made the child";
  EXPECT_EQ(sum_of(traced.records, "enter_execveat", kProgram).count, 1u);
  expect_balance(traced);
}

}  // namespace
}  // namespace ior::e2e
