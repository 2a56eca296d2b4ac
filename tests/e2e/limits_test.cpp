// ior where it is given too little: files, memory, threads, permission, process ids.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "tests/e2e/trace.hpp"
#include "tests/support/denied_calls.hpp"

namespace ior::e2e {
namespace {

using test::DeniedCall;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kTooOld = "Linux 5.19 or later";
constexpr const char* kContainer = "ior: this is a container, where process ids are not those of";

// What a run under a shell's words, such as limits, says and leaves behind.
struct Limited {
  Finished ior;
  std::vector<std::string> left;
};

Limited run_after(const std::string& words, const std::string& options) {
  const TempDir output, directory;
  const std::string script = "cd " + directory.path() + "; ulimit -c 0; " + words + "; exec " +
                             IOR_BIN + " -flamegraph -duration 0.1 " + options;
  Limited limited{run({"sh", "-c", script}, output.path(), 40), {}};
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    const std::string name = entry.path().filename();
    if (!name.ends_with(".ior.zst") || name.starts_with(".")) limited.left.push_back(name);
  }
  return limited;
}

// A message and a status, whatever was too little.
void expect_an_orderly_end(const Limited& limited, const std::string& what) {
  EXPECT_FALSE(limited.ior.hung) << what;
  EXPECT_LE(limited.ior.exit_code, 2) << what << ": " << limited.ior.err;
  EXPECT_EQ(limited.left, std::vector<std::string>()) << what;
  EXPECT_THAT(limited.ior.err, HasSubstr("ior: ")) << what;
  EXPECT_THAT(limited.ior.err, Not(HasSubstr(kTooOld))) << what;
  if (limited.ior.exit_code == 2) {
    EXPECT_THAT(limited.ior.err, Not(HasSubstr("ior: tracing"))) << what;
    EXPECT_THAT(limited.ior.err, HasSubstr("ulimit")) << what;
  }
}

TEST(Limits, of_memory_end_ior_in_order) {
  std::size_t refused = 0, traced = 0;
  for (const int threads : {1, 3}) {
    for (int kib = 20'000; kib <= 300'000; kib += 28'000) {
      const Limited limited =
          run_after("ulimit -v " + std::to_string(kib), "-threads " + std::to_string(threads));
      expect_an_orderly_end(limited, std::to_string(kib) + " KiB");
      refused += limited.ior.exit_code == 2;
      traced += limited.ior.exit_code == 0;
    }
  }
  EXPECT_GT(refused, 5u);
  EXPECT_GT(traced, 3u);
}

TEST(Limits, of_open_files_end_ior_in_order) {
  std::size_t refused = 0;
  for (int files = 5; files <= 130; files += 5) {
    const Limited limited = run_after("ulimit -n " + std::to_string(files), "-- true");
    expect_an_orderly_end(limited, std::to_string(files) + " files");
    refused += limited.ior.exit_code == 2;
    if (limited.ior.exit_code == 2) {
      EXPECT_THAT(limited.ior.err, HasSubstr("ulimit -Hn"));
    }
  }
  EXPECT_GT(refused, 5u);
  EXPECT_LT(refused, 26u);
}

TEST(Limits, of_open_files_that_may_be_raised_are) {
  EXPECT_EQ(run_after("ulimit -Sn 16", "").ior.exit_code, 0);
}

TEST(Limits, are_for_the_command_what_ior_was_given) {
  const TempDir directory;
  const Finished finished = run({"sh", "-c",
                                 std::string("ulimit -Sn 77; ulimit -Hn 1000; exec ") + IOR_BIN +
                                     " -flamegraph -- sh -c 'ulimit -Sn; ulimit -Hn'"},
                                directory.path());
  EXPECT_EQ(finished.out, "77\n1000\n");
}

// A group of processes of which there may only be so many.
class PidsGroup {
 public:
  PidsGroup() {
    path_ = std::filesystem::exists("/sys/fs/cgroup/pids") ? "/sys/fs/cgroup/pids/ior-e2e-"
                                                           : "/sys/fs/cgroup/ior-e2e-";
    path_ += std::to_string(::getpid());
    std::filesystem::create_directory(path_);
  }
  ~PidsGroup() {
    for (int i = 0; i < 100 && ::rmdir(path_.c_str()) != 0; ++i) ::usleep(10'000);
  }
  std::string enter_with(int most) const {
    return "echo $$ > " + path_ + "/cgroup.procs; echo " + std::to_string(most) + " > " + path_ +
           "/pids.max";
  }

 private:
  std::string path_;
};

TEST(Limits, of_threads_end_ior_in_order) {
  const PidsGroup group;
  for (int most = 1; most <= 6; ++most) {
    for (const int threads : {1, 2, 3, 5}) {
      const Limited limited =
          run_after(group.enter_with(most), "-threads " + std::to_string(threads));
      const std::string what = std::to_string(threads) + " of " + std::to_string(most);
      expect_an_orderly_end(limited, what);
      EXPECT_EQ(limited.ior.exit_code, threads < most ? 0 : 2) << what << limited.ior.err;
      if (limited.ior.exit_code == 2) {
        EXPECT_THAT(limited.ior.err, HasSubstr("pids.max"));
      }
    }
  }
}

struct Refused {
  DeniedCall call;
  std::string message;  // part of it
  bool too_old = false;
};

// Everything that bpf() may refuse, from the first load to the last iterator.
TEST(Refusals, of_bpf_name_the_remedy_of_their_errno) {
  const auto of_command = [](std::uint32_t command, int error) {
    return DeniedCall{SYS_bpf, 0, ~0u, command, error};
  };
  const std::vector<Refused> refusals = {
      {of_command(BPF_PROG_LOAD, EPERM), "seccomp"},
      {of_command(BPF_PROG_LOAD, EACCES), "seccomp"},
      {of_command(BPF_PROG_LOAD, ENOSYS), "seccomp"},
      {of_command(BPF_PROG_LOAD, ENOMEM), "-mapSize"},
      {of_command(BPF_PROG_LOAD, EMFILE), "ulimit -Hn"},
      {of_command(BPF_PROG_LOAD, ENFILE), "fs.file-max"},
      {of_command(BPF_PROG_LOAD, EINVAL), kTooOld, true},
      {of_command(BPF_PROG_LOAD, E2BIG), kTooOld, true},
      {of_command(BPF_MAP_CREATE, EPERM), "seccomp"},
      {of_command(BPF_MAP_CREATE, ENOMEM), "-mapSize"},
      {of_command(BPF_LINK_CREATE, EPERM), "seccomp"},
      {of_command(BPF_LINK_CREATE, ENOMEM), "ulimit -v"},
      {of_command(BPF_LINK_CREATE, EMFILE), "ulimit -Hn"},
      {{SYS_fcntl, 1, ~0u, F_DUPFD_CLOEXEC, EMFILE}, "ulimit -Hn"},
      {{SYS_pidfd_open, 0, 0, 0, EMFILE}, "ulimit -Hn"},
      {{SYS_signalfd4, 0, 0, 0, EMFILE}, "ulimit -Hn"},
      {{SYS_timerfd_create, 0, 0, 0, EMFILE}, "ulimit -Hn"},
  };
  for (const Refused& refused : refusals) {
    const TempDir directory;
    Running ior({IOR_BIN, "-flamegraph", "-pid", std::to_string(::getpid()), "-duration", "0.1"},
                directory.path(), {}, [&refused] { test::deny(refused.call); });
    const Finished finished = ior.finish(20);
    EXPECT_EQ(finished.exit_code, 2) << refused.message << ": " << finished.err;
    EXPECT_THAT(finished.err, HasSubstr(refused.message));
    if (!refused.too_old) {
      EXPECT_THAT(finished.err, Not(HasSubstr(kTooOld)));
    }
    EXPECT_THAT(finished.err, Not(HasSubstr("ior: tracing")));
  }
}

TEST(Refusals, in_a_user_namespace_say_so) {
  const TempDir directory;
  const Finished finished =
      run({"unshare", "-Ur", IOR_BIN, "-duration", "0.1"}, directory.path(), 20);
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_THAT(finished.err, HasSubstr("this is a user namespace"));
  EXPECT_THAT(finished.err, Not(HasSubstr(kTooOld)));
}

TEST(Refusals, in_a_pid_namespace_do_not_depend_on_proc) {
  const std::string ior = std::string("exec ") + IOR_BIN;
  const std::string fake_proc =
      "umount -l /proc; mount -t tmpfs none /proc && mkdir -p /proc/self/ns && "
      "touch /proc/self/ns/pid; ";
  const std::vector<std::string> scripts = {
      "unshare -m -p -f sh -c \"umount -l /proc; " + ior + " -- cat /etc/hostname\"",
      "unshare -m -p -f sh -c \"umount -l /proc; " + ior + " -pid 1 -duration 0.1\"",
      "unshare -m -p -f sh -c \"" + fake_proc + ior + " -duration 0.1\"",
      "unshare -m -p -f --mount-proc sh -c \"" + ior + " -duration 0.1\"",
      "unshare -m -p -f sh -c \"" + ior + " -duration 0.1\"",
      "unshare -p -f unshare -m -p -f sh -c \"umount -l /proc; " + ior + " -duration 0.1\"",
  };
  for (const std::string& script : scripts) {
    const TempDir directory;
    const Finished finished = run({"sh", "-c", script}, directory.path(), 20);
    EXPECT_EQ(finished.exit_code, 2) << script << finished.err;
    EXPECT_THAT(finished.err, testing::StartsWith(kContainer)) << script;
    EXPECT_EQ(finished.out, "");
  }
}

// As with docker run --pid=host.
TEST(Command, is_traced_in_other_namespaces_than_that_of_pids) {
  const TempDir directory;
  const Finished finished =
      run({"unshare", "-m", "-n", "-u", "-i", "sh", "-c",
           std::string("umount -l /proc; exec ") + IOR_BIN + " -plain -- cat /etc/hostname"},
          directory.path(), 20);
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("openat"));
}

}  // namespace
}  // namespace ior::e2e
