// The books of a trace: calls made = recorded + lost by a cause, to the last call, whatever is
// lost.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr int kProcesses = 4;
constexpr std::uint64_t kRounds = 100'000;
constexpr std::uint64_t kFailed = kProcesses * kRounds / 10;

// Now and then a record is large.
std::string missing_file(std::uint64_t round) {
  std::string path = "/no/such/file";
  if (round % 1000 == 0) {
    for (int i = 0; i < 30; ++i) path += '/' + std::string(100, 'x');
  }
  return path;
}

// Each process writes 2 bytes kRounds times, looks for a missing file and closes no fd every tenth.
void make_calls() {
  for (int i = 0; i < kProcesses; ++i) {
    if (::fork() != 0) continue;
    const int fd = ::open("/dev/null", O_WRONLY);
    for (std::uint64_t round = 0; round < kRounds; ++round) {
      (void)!::write(fd, "xy", 2);
      if (round % 10 != 0) continue;
      ::access(missing_file(round).c_str(), F_OK);
      ::syscall(SYS_close, -1);
    }
    ::_exit(0);
  }
  while (::wait(nullptr) > 0) {
  }
}

json report_of(const std::string& directory) {
  const Finished report = run({IOR_BIN, "report", "--json", recording_in(directory)}, directory);
  EXPECT_EQ(report.exit_code, 0) << report.err;
  return json::parse(report.out);
}

const json& syscall_of(const json& report, std::string_view name) {
  for (const json& row : report["syscalls"]) {
    if (row["name"] == name) return row;
  }
  ADD_FAILURE() << "no total of " << name;
  return report;
}

std::uint64_t lost_by_causes(const json& report) {
  std::uint64_t sum = 0;
  for (const auto& [cause, calls] : report["losses"]["calls_lost"].items()) {
    sum += calls.get<std::uint64_t>();
  }
  return sum;
}

// Traces what make_calls() does, and does `meanwhile` while it does.
json trace_calls(std::vector<std::string> options,
                 const std::function<void(const Running&)>& meanwhile) {
  const TempDir directory;
  const pid_t child = ::fork();
  if (child == 0) {
    ::raise(SIGSTOP);
    make_calls();
    ::_exit(0);
  }
  ::waitpid(child, nullptr, WUNTRACED);
  options.insert(options.end(), {"-pid", std::to_string(child), "-f", "-flamegraph",
                                 "-trace-syscalls", "write,access,close"});
  Running ior = start_tracing(options, directory.path());
  ::kill(child, SIGCONT);
  meanwhile(ior);
  const Finished traced = ior.finish(60);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(traced.exit_code, 0) << traced.err;
  return report_of(directory.path());
}

void expect_all_counted(const json& report) {
  EXPECT_EQ(report["losses"]["unexplained"], 0) << report.dump(2);
  EXPECT_EQ(syscall_of(report, "write")["calls"], kProcesses * kRounds);
  EXPECT_EQ(syscall_of(report, "write")["bytes_written"], 2 * kProcesses * kRounds);
  EXPECT_EQ(syscall_of(report, "access")["calls"], kFailed);
  EXPECT_EQ(syscall_of(report, "access")["errors"], kFailed);
  EXPECT_EQ(syscall_of(report, "close")["errors"], kFailed);
  std::uint64_t missing = 0;
  for (const json& row : report["syscalls"]) {
    EXPECT_EQ(row["recorded"], row["seen"]) << row;
    missing += row["missing"].get<std::uint64_t>();
  }
  EXPECT_EQ(missing, lost_by_causes(report)) << report.dump(2);
}

TEST(Ledger, balances_when_nothing_is_lost) {
  const json report = trace_calls({"-mapSize", "64M"}, [](const Running&) {});
  expect_all_counted(report);
  EXPECT_EQ(lost_by_causes(report), 0u);
}

TEST(Ledger, balances_when_the_rings_are_tiny) {
  const json report = trace_calls({"-mapSize", "4096"}, [](const Running&) {});
  expect_all_counted(report);
  EXPECT_GT(lost_by_causes(report), 0u);
}

TEST(Ledger, balances_when_the_reader_stops_for_a_while) {
  const json report = trace_calls({"-mapSize", "65536"}, [](const Running& ior) {
    std::this_thread::sleep_for(milliseconds(20));
    ior.send_signal(SIGSTOP);
    std::this_thread::sleep_for(milliseconds(200));
    ior.send_signal(SIGCONT);
  });
  expect_all_counted(report);
  EXPECT_GT(lost_by_causes(report), 0u);
}

// Full and empty by turns, a ring's segments go from place to place: no record may be damaged by
// it.
TEST(Ledger, balances_when_the_reader_stops_again_and_again) {
  const json report = trace_calls({"-mapSize", "1M"}, [](const Running& ior) {
    for (int i = 0; i < 6; ++i) {
      std::this_thread::sleep_for(milliseconds(10));
      ior.send_signal(SIGSTOP);
      std::this_thread::sleep_for(milliseconds(40));
      ior.send_signal(SIGCONT);
    }
  });
  expect_all_counted(report);
  EXPECT_GT(lost_by_causes(report), 0u);
  EXPECT_EQ(report["losses"]["calls_lost"]["ring_full"], lost_by_causes(report)) << report.dump(2);
}

TEST(Ledger, table_and_figures_say_that_calls_are_missing) {
  const TempDir directory;
  const Finished traced =
      run({IOR_BIN, "-mapSize", "4096", "-flamegraph", "-trace-syscalls", "write", "-f", "--", "dd",
           "if=/dev/zero", "of=/dev/null", "bs=1", "count=300000"},
          directory.path());
  ASSERT_EQ(traced.exit_code, 0) << traced.err;
  ASSERT_GT(lost_calls(traced.err), 0u);
  const std::string file = recording_in(directory.path());
  const Finished table = run({IOR_BIN, "report", "-fields", "tracepoint", file}, directory.path());
  EXPECT_NE(table.out.find("MISSED"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("calls  enter_write"), std::string::npos) << table.out;
  const Finished figure = run({IOR_BIN, "collapsed", file}, directory.path());
  EXPECT_NE(figure.err.find("calls are missing"), std::string::npos) << figure.err;
  EXPECT_GT(export_records(file).at(0)["missing_at_most"], 0);
}

TEST(Ledger, totals_are_exact_and_folding_is_told_beyond_max_keys) {
  const TempDir directory;
  const Finished traced =
      run({IOR_BIN, "-max-keys", "40", "-flamegraph", "-trace-syscalls", "mkdir", "-f", "--", "sh",
           "-c", "for i in $(seq 100); do mkdir /no-such-directory/$i; done"},
          directory.path());
  EXPECT_EQ(lost_calls(traced.err), 0u) << traced.err;
  const json report = report_of(directory.path());
  EXPECT_EQ(report["calls"]["recorded"], 100);
  EXPECT_EQ(report["losses"]["unexplained"], 0);
  EXPECT_GT(report["losses"]["names_lost"]["folded"], 0) << report.dump(2);
  EXPECT_GT(report["losses"]["not_lost"]["folded_pid_tid"], 0) << report.dump(2);
  const auto records = export_records(recording_in(directory.path()));
  EXPECT_LE(records.size(), 40u);
  std::uint64_t calls = 0;
  for (const json& record : records) calls += record["count"].get<std::uint64_t>();
  EXPECT_EQ(calls, 100u);
}

}  // namespace
}  // namespace ior::e2e
