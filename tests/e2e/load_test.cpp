// Many calls at once: nothing lost, nothing mixed up.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include "model/path.hpp"
#include "tests/e2e/trace.hpp"
#include "tests/support/rows.hpp"

namespace ior::e2e {
namespace {

constexpr int kThreads = 8;
constexpr int kRounds = 10'000;

void pin(pid_t tid, int cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  ::sched_setaffinity(tid, sizeof(cpus), &cpus);
}

// Each thread reads its own number of bytes from its own file, sleeps and opens the file again,
// while another keeps moving them all.
void read_while_moved(const TempDir& directory, int cpus) {
  std::array<std::atomic<pid_t>, kThreads> tids{};
  std::atomic<int> running{kThreads};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const std::string file = directory.file("file" + std::to_string(i));
      const int fd = ::open(file.c_str(), O_RDWR | O_CREAT, 0600);
      std::array<char, 64> buffer{};
      (void)!::write(fd, buffer.data(), buffer.size());
      std::ofstream(file + ".tid") << ::gettid();
      tids[static_cast<std::size_t>(i)] = ::gettid();
      const timespec pause{0, 1000 * (i + 1)};
      for (int k = 0; k < kRounds; ++k) {
        ::syscall(SYS_pread64, fd, buffer.data(), i + 1, 0);
        ::syscall(SYS_nanosleep, &pause, nullptr);
        ::close(::open(file.c_str(), O_RDONLY));
      }
      --running;
    });
  }
  for (int round = 0; running > 0; ++round) {
    for (int i = 0; i < kThreads; ++i) {
      if (const pid_t tid = tids[static_cast<std::size_t>(i)]) pin(tid, (round + i) % cpus);
    }
  }
  for (auto& thread : threads) thread.join();
}

TEST(Load, threads_that_are_moved_between_cpus_keep_their_calls_apart) {
  const TempDir directory;
  const auto cpus = static_cast<int>(std::thread::hardware_concurrency());
  const Traced traced =
      trace_child([&] { read_while_moved(directory, cpus); },
                  {"-plain", "-trace-syscalls", "pread64,nanosleep,openat,close"});
  std::map<std::string, int> calls;  // by name, thread and file, reads by their return value, too
  const test::Rows read = test::read_rows(traced.ior.out);
  for (const test::Row& row : read.rows) {
    const std::string& name = row.at("name");
    ++calls[name + " " + row.at("tid") + " " + row.at("file") +
            (name == "pread64" ? row.at("ret") : "")];
  }
  for (int i = 0; i < kThreads; ++i) {
    const std::string file = directory.file("file" + std::to_string(i));
    std::string tid;
    std::ifstream(file + ".tid") >> tid;
    EXPECT_EQ(calls["pread64 " + tid + " " + file + std::to_string(i + 1)], kRounds) << i;
    EXPECT_EQ(calls["nanosleep " + tid + " "], kRounds) << i;
    EXPECT_EQ(calls["openat " + tid + " " + file], kRounds + 1) << i;
    EXPECT_EQ(calls["close " + tid + " " + file], kRounds) << i;
    EXPECT_EQ(calls["openat " + tid + " " + file + ".tid"], 1) << i;
    EXPECT_EQ(calls["close " + tid + " " + file + ".tid"], 1) << i;
  }
  EXPECT_EQ(calls.size(), 6u * kThreads) << "a call stands under a wrong thread, file or result";
}

TEST(Load, a_thousand_short_lived_processes_are_all_there) {
  const TempDir directory;
  const Finished traced = run({IOR_BIN, "-f", "-flamegraph", "--", "sh", "-c",
                               "i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done"},
                              directory.path());
  ASSERT_EQ(traced.exit_code, 0) << traced.err;
  EXPECT_EQ(lost_calls(traced.err), 0u);
  const Records records = export_records(recording_in(directory.path()));
  std::set<int> pids;
  for (const auto& record : records) {
    if (record["comm"] == "true") pids.insert(record["pid"].get<int>());
  }
  EXPECT_EQ(pids.size(), 1000u);
}

TEST(Load, a_whole_host_run_misses_no_file_of_a_tar) {
  const TempDir directory;
  const std::string list = directory.file("list");
  const Finished found =
      run({"sh", "-c", "find /usr/include -type f -size +0 -links 1 > list"}, directory.path());
  ASSERT_EQ(found.exit_code, 0);
  Running ior = start_tracing({"-flamegraph", "-name", "host"}, directory.path());
  const Finished packed =
      run({"sh", "-c", "tar c /usr/include 2>/dev/null | zstd > /dev/null"}, directory.path(), 100);
  ior.send_signal(SIGINT);
  const Finished traced = ior.finish(20);
  ASSERT_FALSE(traced.hung);
  ASSERT_EQ(packed.exit_code, 0) << packed.err;
  EXPECT_EQ(lost_calls(traced.err), 0u) << traced.err;

  std::set<std::string> opened, read;
  for (const auto& record : export_records(recording_in(directory.path()))) {
    const std::string path = record["path"], old_path = record["old_path"];
    if (record["tracepoint"] == "enter_openat") opened.insert(path);
    if (record["tracepoint"] == "enter_read") read.insert(path);
    if (path == unknown::kLater) continue;     // no fd
    if (record["errors"].is_null()) continue;  // a request that posts no result, in another test
    if (path.starts_with("[unknown") || old_path.starts_with("[unknown")) {
      EXPECT_EQ(record["errors"], record["count"]) << "an open fd without a name: " << record;
    }
  }
  std::ifstream in(list);
  int files = 0, missing = 0;
  for (std::string file; std::getline(in, file); ++files)
    missing += !opened.contains(file) || !read.contains(file);
  std::cout << files << " files, " << missing << " missing\n";
  EXPECT_EQ(missing, 0);
  EXPECT_GT(files, 1000);
}

// Another thread writes into the kernel's state of the one that calls.
TEST(Load, a_thread_that_others_rename_loses_no_call) {
  constexpr int kCalls = 300'000;
  const TempDir directory;
  const Traced traced = trace_child(
      [] {
        std::atomic<bool> done{false};
        std::thread renamer([&done, tid = ::gettid()] {
          const std::string comm = "/proc/self/task/" + std::to_string(tid) + "/comm";
          for (int i = 0; !done; ++i) std::ofstream(comm) << "name" << i % 10;
        });
        for (int i = 0; i < kCalls; ++i) ::syscall(SYS_faccessat, AT_FDCWD, "/", F_OK);
        done = true;
        renamer.join();
      },
      {"-trace-syscalls", "faccessat", "-mapSize", "64M"});
  EXPECT_EQ(sum_of(traced.records, "enter_faccessat", "/").count, kCalls) << traced.ior.err;
  EXPECT_EQ(lost_calls(traced.ior.err), 0u);
}

TEST(Load, what_does_not_fit_a_tiny_ring_is_counted_and_the_rest_is_right) {
  const TempDir directory;
  const std::string file = directory.file("burst");
  const pid_t child = ::fork();
  if (child == 0) {
    ::raise(SIGSTOP);
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT, 0600);
    for (int i = 0; i < 200'000; ++i) {
      (void)!::write(fd, "xy", 2);
      ::access("/", F_OK);
    }
    ::_exit(0);
  }
  Running ior = start_tracing({"-pid", std::to_string(child), "-mapSize", "4096", "-flamegraph",
                               "-trace-syscalls", "write,access"},
                              directory.path());
  ::kill(child, SIGCONT);
  const Finished traced = ior.finish(60);
  ASSERT_EQ(traced.exit_code, 0) << traced.err;
  const Records records = export_records(recording_in(directory.path()));
  const Sum writes = sum_of(records, "enter_write");
  const Sum accesses = sum_of(records, "enter_access", "/");
  EXPECT_EQ(writes.count + accesses.count + lost_calls(traced.err), 400'000u) << traced.err;
  EXPECT_EQ(sum_of(records, "enter_access").count, accesses.count) << "a wrong path";
  EXPECT_EQ(writes.bytes_written, 2 * writes.count);
  EXPECT_GT(writes.count, 0u);
  EXPECT_LT(writes.count, 200'000u);
  ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace ior::e2e
