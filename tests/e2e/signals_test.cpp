// What ends ior, and what it leaves behind then: signals, terminals that go away, limits, and
// whose the recording is.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>

#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

using testing::HasSubstr;

// Every signal whose default is to end the program, but those that a fault raises.
std::vector<int> fatal_signals() {
  const std::set<int> others = {SIGKILL, SIGSTOP, SIGCONT,  SIGTSTP, SIGTTIN, SIGTTOU,
                                SIGCHLD, SIGURG,  SIGWINCH, SIGSEGV, SIGBUS,  SIGILL,
                                SIGFPE,  SIGABRT, SIGTRAP,  SIGSYS};
  std::vector<int> fatal;
  for (int signal = 1; signal <= SIGSYS; ++signal) {
    if (!others.contains(signal)) fatal.push_back(signal);
  }
  for (const int signal : {SIGRTMIN, SIGRTMIN + 7, SIGRTMAX}) fatal.push_back(signal);
  return fatal;
}

// What is in a directory, but what the tests themselves write there.
std::vector<std::string> left_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    if (!name.ends_with(".out") && !name.ends_with(".err")) names.push_back(name);
  }
  return names;
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status;
}

// The signals that a process's status names in this line, as bits.
std::uint64_t signals_of(pid_t pid, const std::string& line_name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(line_name)) return std::stoull(line.substr(line_name.size()), nullptr, 16);
  }
  ADD_FAILURE() << "no " << line_name;
  return 0;
}

std::uint64_t bit(int signal) {
  return std::uint64_t{1} << (signal - 1);
}

// While it lives, what this process starts is given these signals otherwise.
class GivenSignals {
 public:
  GivenSignals(std::vector<int> ignored, const std::vector<int>& blocked)
      : ignored_(std::move(ignored)) {
    for (const int signal : ignored_) ::signal(signal, SIG_IGN);
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : blocked) ::sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, &mask_);
  }
  ~GivenSignals() {
    for (const int signal : ignored_) ::signal(signal, SIG_DFL);
    ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
  }

 private:
  std::vector<int> ignored_;
  sigset_t mask_;
};

class EverySignal : public testing::TestWithParam<int> {};

TEST_P(EverySignal, that_would_end_ior_leaves_a_complete_recording_and_nothing_else) {
  const TempDir directory;
  Running ior =
      start_tracing({"-flamegraph", "-pid", std::to_string(::getpid())}, directory.path());
  EXPECT_EQ(left_in(directory.path()), std::vector<std::string>());
  run({"true"}, directory.path());
  ior.send_signal(GetParam());
  const Finished finished = ior.finish(10);
  EXPECT_FALSE(finished.hung);
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(left_in(directory.path()).size(), 1u);
  EXPECT_FALSE(export_records(recording_in(directory.path())).empty());
}

INSTANTIATE_TEST_SUITE_P(Stopping, EverySignal, testing::ValuesIn(fatal_signals()),
                         [](const auto& tested) {
                           const char* name = ::sigabbrev_np(tested.param);
                           return name ? name : "RT" + std::to_string(tested.param - SIGRTMIN);
                         });

TEST(Stopping, signals_that_ior_was_given_as_ignored_do_not_end_it) {
  const TempDir directory;
  const std::vector<int> ignored = {SIGHUP, SIGUSR1, SIGQUIT, SIGALRM, SIGRTMIN + 3};
  const GivenSignals given(ignored, {});
  Running ior = start_tracing({"-flamegraph"}, directory.path());
  const std::uint64_t blocked = signals_of(ior.pid(), "SigBlk:");
  for (const int signal : ignored) {
    EXPECT_EQ(blocked & bit(signal), 0u) << signal;
    ior.send_signal(signal);
  }
  EXPECT_NE(blocked & bit(SIGUSR2), 0u);
  run({"cat", "/etc/hostname"}, directory.path());
  ior.send_signal(SIGTERM);
  EXPECT_EQ(ior.finish(10).exit_code, 0);
  const Records records = export_records(recording_in(directory.path()));
  EXPECT_GE(sum_of(records, "enter_openat", "/etc/hostname").count, 1u);
}

// A shell without job control starts what is in the background so.
TEST(Stopping, an_interrupt_ends_the_trace_also_where_it_was_ignored) {
  const TempDir directory;
  const GivenSignals given({SIGINT}, {});
  Running ior = start_tracing({"-flamegraph"}, directory.path());
  ior.send_signal(SIGINT);
  EXPECT_EQ(ior.finish(10).exit_code, 0);
  recording_in(directory.path());
}

TEST(Command, has_the_signals_that_ior_was_given) {
  const TempDir directory;
  const GivenSignals given({SIGUSR1, SIGXFSZ, SIGPIPE}, {SIGUSR2, SIGTERM, SIGRTMIN + 1});
  // Not SigQ, which counts what is queued to all of the user's processes.
  const std::vector<std::string> show = {"grep", "Sig[PBIC]", "/proc/self/status"};
  std::vector<std::string> traced = {IOR_BIN, "-flamegraph", "--"};
  traced.insert(traced.end(), show.begin(), show.end());
  const Finished alone = run(show, directory.path());
  EXPECT_THAT(alone.out, HasSubstr("SigBlk:\t00000004"));
  EXPECT_EQ(run(traced, directory.path()).out, alone.out);
}

TEST(Command, gets_a_signal_that_only_ior_got) {
  const TempDir directory;
  for (const int signal : {SIGHUP, SIGUSR1}) {
    Running ior = start_tracing({"-plain", "--", "sleep", "60"}, directory.path());
    ior.send_signal(signal);
    EXPECT_EQ(ior.finish(10).exit_code, 128 + signal);
  }
}

// ior as the leader of a session whose terminal goes away: SIGHUP, and EIO for what it writes.
TEST(Stopping, a_terminal_that_goes_away_loses_no_recording) {
  const TempDir directory;
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_TRUE(terminal >= 0 && ::grantpt(terminal) == 0 && ::unlockpt(terminal) == 0);
  const std::string name = ::ptsname(terminal);
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe2(ready.data(), O_CLOEXEC), 0);
  const pid_t ior = ::fork();
  if (ior == 0) {
    ::setsid();
    const int fd = ::open(name.c_str(), O_RDWR);
    for (const int standard : {0, 1, 2}) ::dup2(fd, standard);
    ::ioctl(fd, TIOCSCTTY, 0);
    ::fcntl(ready[1], F_SETFD, 0);
    const std::string ready_fd = std::to_string(ready[1]);
    if (::chdir(directory.path().c_str()) == 0) {
      ::execl(IOR_BIN, IOR_BIN, "-flamegraph", "-ready-fd", ready_fd.c_str(), nullptr);
    }
    ::_exit(126);
  }
  ::close(ready[1]);
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::close(ready[0]);
  ::close(terminal);
  int status = 0;
  ASSERT_EQ(::waitpid(ior, &status, 0), ior);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(left_in(directory.path()).size(), 1u);
  export_records(recording_in(directory.path()));
}

TEST(Stopping, a_reader_of_messages_that_reads_none_holds_up_no_recording) {
  const TempDir directory;
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  ASSERT_GT(::fcntl(pipe[1], F_SETPIPE_SZ, 4096), 0);
  const std::string all(4000, 'x');  // room for the messages of the start, not for the summary
  ASSERT_EQ(::write(pipe[1], all.data(), all.size()), 4000);
  Running ior(
      {"sh", "-c",
       std::string("exec ") + IOR_BIN + " -flamegraph -duration 0.2 2>&" + std::to_string(pipe[1])},
      directory.path(), {pipe[1]});
  const auto is_written = [&directory] {
    return std::ranges::any_of(left_in(directory.path()),
                               [](const std::string& name) { return name.ends_with(".ior.zst"); });
  };
  for (int i = 0; i < 1000 && !is_written(); ++i) ::usleep(10'000);
  EXPECT_TRUE(is_written());
  ::close(pipe[0]);
  EXPECT_EQ(ior.finish(10).exit_code, 0);
  export_records(recording_in(directory.path()));
}

TEST(Stopping, a_file_size_limit_is_an_error_and_leaves_nothing) {
  const TempDir directory;
  const Finished finished = run({"sh", "-c",
                                 std::string("{ (ulimit -f 0; ") + IOR_BIN +
                                     " -flamegraph -duration 0.2); echo status $?; } 2>&1 | cat"},
                                directory.path());
  EXPECT_THAT(finished.out, HasSubstr("File too large"));
  EXPECT_THAT(finished.out, HasSubstr("status 1\n"));
  EXPECT_EQ(left_in(directory.path()), std::vector<std::string>());
}

TEST(Stopping, a_kill_leaves_nothing) {
  const TempDir directory;
  Running ior = start_tracing({"-flamegraph"}, directory.path());
  ior.send_signal(SIGKILL);
  EXPECT_EQ(ior.finish(10).exit_code, 128 + SIGKILL);
  EXPECT_EQ(left_in(directory.path()), std::vector<std::string>());
}

TEST(Recordings, are_private_whatever_the_umask_unless_a_mode_is_given) {
  const std::vector<std::pair<std::string, mode_t>> cases = {{"", 0600}, {"-mode 0640", 0640}};
  for (const std::string umask : {"000", "077"}) {
    for (const auto& [option, mode] : cases) {
      const TempDir directory;
      run({"sh", "-c", "umask " + umask + "; " + IOR_BIN + " -flamegraph " + option + " -- true"},
          directory.path());
      EXPECT_EQ(status_of(recording_in(directory.path())).st_mode & 07777, mode);
    }
  }
}

TEST(Recordings, are_of_the_user_who_ran_sudo) {
  struct Case {
    const char* user;
    const char* group;
    uid_t uid;
    gid_t gid;
  };
  for (const Case& each :
       {Case{"65534", "65533", 65534, 65533}, Case{"65534", "x", 65534, ::getegid()},
        Case{"0x5", "5", ::geteuid(), ::getegid()},
        Case{"4294967295", "5", ::geteuid(), ::getegid()},
        Case{"-1", "5", ::geteuid(), ::getegid()}, Case{"", "", ::geteuid(), ::getegid()}}) {
    const TempDir directory;
    run({"env", std::string("SUDO_UID=") + each.user, std::string("SUDO_GID=") + each.group,
         IOR_BIN, "-flamegraph", "--", "true"},
        directory.path());
    const struct stat status = status_of(recording_in(directory.path()));
    EXPECT_EQ(status.st_uid, each.uid) << each.user;
    EXPECT_EQ(status.st_gid, each.gid) << each.group;
    EXPECT_EQ(status.st_mode & 07777, 0600u);
  }
}

TEST(Recordings, are_written_without_proc) {
  const TempDir directory;
  const Finished finished =
      run({"unshare", "-m", "sh", "-c",
           std::string("umount -l /proc && ") + IOR_BIN + " -flamegraph -duration 0.2"},
          directory.path());
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  export_records(recording_in(directory.path()));
}

}  // namespace
}  // namespace ior::e2e
