// ior as a user starts it: with a command of its own, with signals, with what is wrong.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <set>
#include <thread>

#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::size_t tasks_of(pid_t pid) {
  std::size_t tasks = 0;
  for ([[maybe_unused]] const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    ++tasks;
  }
  return tasks;
}

TEST(Command, its_descendants_are_traced_with_f_and_its_output_is_its_own) {
  const TempDir directory;
  const Finished traced = run({IOR_BIN, "-f", "-flamegraph", "-name", "x", "--", "sh", "-c",
                               "for i in $(seq 200); do cat /etc/hostname; done"},
                              directory.path());
  ASSERT_EQ(traced.exit_code, 0) << traced.err;
  EXPECT_EQ(std::ranges::count(traced.out, '\n'), 200);
  EXPECT_EQ(lost_calls(traced.err), 0u);
  const Records records = export_records(recording_in(directory.path()));
  const Sum opens = sum_of(records, "enter_openat", "/etc/hostname");
  EXPECT_EQ(opens.count - opens.errors, 200u);
  EXPECT_EQ(opens.errors, 0u);
  for (const auto& record : records) EXPECT_NE(record["comm"], "ior") << record;
}

TEST(Command, only_the_command_itself_is_traced_without_f) {
  const TempDir directory;
  const Finished traced =
      run({IOR_BIN, "-flamegraph", "--", "sh", "-c", "cat /etc/hostname; true"}, directory.path());
  ASSERT_EQ(traced.exit_code, 0) << traced.err;
  const Records records = export_records(recording_in(directory.path()));
  EXPECT_EQ(sum_of(records, "enter_openat", "/etc/hostname").count, 0u);
  EXPECT_FALSE(records.empty());
}

TEST(Command, its_status_is_iors) {
  const TempDir directory;
  EXPECT_EQ(run({IOR_BIN, "--", "sh", "-c", "exit 7"}, directory.path()).exit_code, 7);
  EXPECT_EQ(run({IOR_BIN, "--", "sh", "-c", "kill -KILL $$"}, directory.path()).exit_code, 128 + 9);
  EXPECT_EQ(run({IOR_BIN, "--", "true"}, directory.path()).exit_code, 0);
}

TEST(Command, without_a_recording_or_rows_there_is_a_table) {
  const TempDir directory;
  const Finished traced = run({IOR_BIN, "--", "cat", "/etc/hostname"}, directory.path());
  EXPECT_THAT(traced.err, HasSubstr("/etc/hostname"));
  EXPECT_THAT(traced.err, HasSubstr("ior: syscalls seen"));
  EXPECT_THAT(traced.err, HasSubstr("ring_full"));
  EXPECT_EQ(std::ranges::count(traced.out, '\n'), 1);  // the command's own
  const Finished host = run({IOR_BIN, "-duration", "0.3"}, directory.path());
  EXPECT_EQ(host.exit_code, 0);
  EXPECT_FALSE(host.out.empty());
  EXPECT_THAT(host.err, HasSubstr("ior: tracing"));
}

TEST(Command, what_the_kernel_lacks_is_said_before_tracing_begins) {
  const TempDir directory;
  const Finished traced = run(
      {"env", "IOR_WITHOUT=rdonly_cast,io_uring", IOR_BIN, "-plain", "--", "cat", "/etc/hostname"},
      directory.path());
  EXPECT_EQ(traced.exit_code, 0);
  EXPECT_THAT(traced.err, testing::MatchesRegex("ior: this kernel has no bpf_rdonly_cast [^\n]*\n"
                                                "ior: io_uring requests are not traced: [^\n]*\n"
                                                "ior: tracing\n(.|\n)*"));
  EXPECT_THAT(traced.out, HasSubstr(",/etc/hostname\n"));
}

TEST(Stopping, signals_end_the_trace_with_a_complete_recording) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const TempDir directory;
    Running ior = start_tracing({"-flamegraph", "-name", "signal"}, directory.path());
    run({"cat", "/etc/hostname"}, directory.path());
    ior.send_signal(signal);
    const Finished finished = ior.finish(5);
    ASSERT_FALSE(finished.hung);
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_GE(
        sum_of(export_records(recording_in(directory.path())), "enter_openat", "/etc/hostname")
            .count,
        1u);
  }
}

TEST(Stopping, a_duration_ends_the_trace) {
  const TempDir directory;
  const auto start = std::chrono::steady_clock::now();
  const Finished finished = run({IOR_BIN, "-flamegraph", "--duration=0.5"}, directory.path());
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_GE(took, std::chrono::milliseconds(500));
  EXPECT_LT(took, std::chrono::seconds(4));
  recording_in(directory.path());
}

TEST(Stopping, the_end_of_a_thread_that_was_asked_for_ends_the_trace) {
  const TempDir directory;
  std::atomic<pid_t> tid{0};
  std::atomic<bool> done{false};
  std::thread thread([&] {
    tid = ::gettid();
    while (!done) ::close(::open("/dev/null", O_RDONLY));
  });
  while (tid == 0) std::this_thread::yield();
  Running ior = start_tracing({"-tid", std::to_string(tid), "-flamegraph"}, directory.path());
  done = true;
  const Finished finished = ior.finish(5);
  thread.join();
  ASSERT_FALSE(finished.hung);
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  for (const auto& record : export_records(recording_in(directory.path()))) {
    EXPECT_EQ(record["tid"], tid.load());
  }
}

// The thread goes on under its leader's id.
TEST(Stopping, an_exec_by_a_thread_that_was_asked_for_is_its_last_call) {
  const TempDir directory;
  std::array<int, 2> go{}, ids{};
  ASSERT_EQ(::pipe(go.data()), 0);
  ASSERT_EQ(::pipe(ids.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::thread([&] {
      const pid_t tid = ::gettid();
      char word;
      (void)!::write(ids[1], &tid, sizeof(tid));
      (void)!::read(go[0], &word, 1);
      ::execl("/bin/true", "true", nullptr);
    }).join();
  }
  pid_t tid = 0;
  ASSERT_EQ(::read(ids[0], &tid, sizeof(tid)), static_cast<ssize_t>(sizeof(tid)));
  Running ior = start_tracing(
      {"-tid", std::to_string(tid), "-flamegraph", "-trace-families", "Process"}, directory.path());
  ASSERT_EQ(::write(go[1], "x", 1), 1);
  ::waitpid(child, nullptr, 0);
  ior.send_signal(SIGINT);
  const Finished finished = ior.finish(5);
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  const Records records = export_records(recording_in(directory.path()));
  EXPECT_EQ(sum_of(records, "enter_execve", "/bin/true").count, 1u) << finished.err;
  for (const auto& record : records) EXPECT_EQ(record["tid"], tid);
  for (const int fd : {go[0], go[1], ids[0], ids[1]}) ::close(fd);
}

TEST(Stopping, a_reader_that_takes_no_rows_holds_nothing_up_for_long) {
  const TempDir directory;
  const Finished finished = run(
      {"sh", "-c",
       std::string("{ ") + IOR_BIN + " -plain -flamegraph -- dd if=/dev/zero of=/dev/null bs=1 " +
           "count=20000; echo $? >&2; } | sleep 9"},
      directory.path(), 20);
  EXPECT_FALSE(finished.hung);
  EXPECT_THAT(finished.err, HasSubstr("ior: rows are missing"));
  EXPECT_THAT(finished.err, testing::EndsWith("\n1\n"));
  recording_in(directory.path());
}

TEST(Stopping, more_signals_cut_nothing_short) {
  const TempDir directory;
  Running ior = start_tracing({"-flamegraph"}, directory.path());
  for (int i = 0; i < 20; ++i) {
    ior.send_signal(i % 2 == 0 ? SIGINT : SIGTERM);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_EQ(ior.finish(5).exit_code, 0);
  recording_in(directory.path());
}

TEST(Stopping, an_output_that_cannot_be_written_loses_no_recording) {
  const TempDir directory;
  const std::string ior = IOR_BIN;
  const auto status = [&](const std::string& script) {
    return run({"sh", "-c", script}, directory.path(), 20).exit_code;
  };
  EXPECT_EQ(status(ior + " -flamegraph -duration 0.2 2>/dev/full"), 0);
  std::filesystem::remove(recording_in(directory.path()));
  EXPECT_EQ(status(ior + " -flamegraph -duration 0.2 <&- >&- 2>&-"), 0);
  EXPECT_EQ(run({"zstd", "-qt", recording_in(directory.path())}, directory.path()).exit_code, 0);
  EXPECT_EQ(status(ior + " -duration 0.2 >/dev/full"), 1);
  EXPECT_EQ(status(ior + " -bogus 2>&-"), 2);
}

TEST(Stopping, rows_that_nobody_reads_any_more_end_the_trace) {
  const TempDir directory;
  const Finished finished =
      run({"sh", "-c",
           "(while sleep 0.05; do cat /etc/hostname; done) >/dev/null & calls=$!; " +
               std::string(IOR_BIN) + " -plain | head -3; kill $calls"},
          directory.path(), 20);
  EXPECT_FALSE(finished.hung);
  EXPECT_THAT(finished.out, StartsWith("time,durationToPrevNs"));
}

// The CPU that each thread of a process ran on last, and those that it may run on.
std::set<std::string> cpus_of(pid_t pid) {
  std::set<std::string> cpus;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("Cpus_allowed_list:")) cpus.insert(line.substr(line.find('\t') + 1));
    }
    std::ifstream stat(task.path() / "stat");
    std::string field;
    for (int i = 0; i < 39; ++i) stat >> field;  // comm, the second field, has no blank
    cpus.insert(field);
  }
  return cpus;
}

TEST(Threads, are_at_most_one_more_than_asked_for_and_stay_on_the_allowed_cpus) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  for (const int threads : {1, 2, 4}) {
    const TempDir directory;
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(1, &only);
    ASSERT_EQ(::sched_setaffinity(0, sizeof(only), &only), 0);
    Running ior = start_tracing({"-threads", std::to_string(threads), "-trace-families", "all"},
                                directory.path());
    ASSERT_EQ(::sched_setaffinity(0, sizeof(before), &before), 0);
    std::size_t most = 0;
    for (int i = 0; i < 50; ++i) {
      most = std::max(most, tasks_of(ior.pid()));
      run({"true"}, directory.path());
    }
    EXPECT_EQ(cpus_of(ior.pid()), std::set<std::string>{"1"});
    ior.send_signal(SIGINT);
    EXPECT_EQ(ior.finish(10).exit_code, 0);
    EXPECT_LE(most, static_cast<std::size_t>(threads) + 1);
    EXPECT_GE(most, 2u);
  }
}

struct Refusal {
  std::vector<std::string> arguments;
  std::string message;  // part of it
};

TEST(Refusals, say_what_to_do_and_exit_with_2_before_anything_is_attached) {
  const TempDir directory;
  const std::vector<Refusal> refusals = {
      {{"-pid", "99999999"}, "no process 99999999"},
      {{"-tid", "99999999"}, "no thread 99999999"},
      {{"-bogus"}, "bogus"},
      {{"-trace-families", "Nonsense"}, "Nonsense"},
      {{"-trace-syscalls", "opnat"}, "openat"},
      {{"-duration", "soon"}, "duration"},
      {{"-mapSize", "1000"}, "mapSize"},
      {{"-threads", "0"}, "threads"},
      {{"-f"}, "-f"},
      {{"-pid", "1", "-tid", std::to_string(::getpid())}, "is none of process 1"},
      {{"-name", "a/b", "-flamegraph"}, "name"},
      {{"--", "/no/such/program"}, "/no/such/program"},
      {{"--", "no-such-program"}, "no-such-program"},
      {{"collapsed", "/no/such/file"}, "/no/such/file"},
      {{"collapsed", "/etc/hostname"}, "/etc/hostname"},
      {{"export", "--format", "xml", "/etc/hostname"}, "xml"},
      {{"-ready-fd", "900", "-duration", "1"}, "ready-fd"},
  };
  for (const Refusal& refusal : refusals) {
    std::vector<std::string> command_line = refusal.arguments;
    command_line.insert(command_line.begin(), IOR_BIN);
    const Finished finished = run(command_line, directory.path(), 10);
    EXPECT_EQ(finished.exit_code, 2) << refusal.message << ": " << finished.err;
    EXPECT_THAT(finished.err, HasSubstr(refusal.message));
    EXPECT_THAT(finished.err, StartsWith("ior: "));
    EXPECT_THAT(finished.err, testing::Not(HasSubstr("ior: tracing")));
    EXPECT_EQ(finished.out, "");
  }
}

TEST(Refusals, an_unwritable_directory_is_found_before_anything_is_attached) {
  const TempDir directory;
  const Finished finished =
      run({"sh", "-c", std::string("cd /proc && ") + IOR_BIN + " -flamegraph -duration 1"},
          directory.path(), 10);
  EXPECT_EQ(finished.exit_code, 2) << finished.err;
  EXPECT_THAT(finished.err, StartsWith("ior: "));
  EXPECT_THAT(finished.err, testing::Not(HasSubstr("ior: tracing")));
}

TEST(Refusals, an_ordinary_user_is_told_what_is_needed) {
  const TempDir directory;
  ::chmod(directory.path().c_str(), 0755);
  const std::string copy = directory.file("ior");
  std::filesystem::copy_file(IOR_BIN, copy);
  const Finished finished =
      run({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", copy, "-duration", "1"},
          directory.path(), 10);
  EXPECT_EQ(finished.exit_code, 2) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr("root"));
  EXPECT_THAT(finished.err, HasSubstr("cap_bpf"));
}

}  // namespace
}  // namespace ior::e2e
