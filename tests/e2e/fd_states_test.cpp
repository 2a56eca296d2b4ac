// Random steps with fds, in threads and processes: each call shows the file that /proc said at that
// moment, and its result. The steps are those of fd_steps (tests/e2e/fd_steps/main.cpp), which logs
// the rows that ior must show. tools/fd_states runs more of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <sstream>

#include "tests/e2e/fd_steps/calls.hpp"
#include "tests/e2e/trace.hpp"
#include "tests/support/rows.hpp"

namespace ior::e2e {
namespace {

constexpr int kFirstSeed = 1, kSeeds = 20, kSteps = 1'000;
constexpr std::uint64_t kShownMax = 20;

struct Row {
  std::string name, result, file;
  auto operator<=>(const Row&) const = default;
};

// A thread's calls have an order, its requests of io_uring have none.
struct ThreadRows {
  std::vector<Row> calls, requests;

  void add(const Row& row) {
    (row.name.starts_with("io_uring_") ? requests : calls).push_back(row);
  }
};

// By the name of the program (comm) and the thread.
using Rows = std::map<std::string, ThreadRows>;

struct Outcome {
  std::uint64_t rows = 0, requests = 0, wrong_names = 0, unnamed = 0, wrong_results = 0,
                missing = 0, shown = 0;
  std::uint64_t all() const { return wrong_names + unnamed + wrong_results + missing; }
};

std::string next_field(std::istream& in) {
  std::string field;
  std::getline(in, field, ',');
  return field;
}

Row rest_of_row(std::istream& in) {
  Row row{next_field(in), next_field(in), ""};
  std::getline(in, row.file);
  return row;
}

Rows logged_rows(const std::string& path) {
  Rows rows;
  std::ifstream lines(path);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in(line);
    const std::string comm = next_field(in), thread = next_field(in);
    rows[comm + " " + thread].add(rest_of_row(in));
  }
  return rows;
}

// Only those of programs that have named themselves.
Rows traced_rows(const std::string& text) {
  Rows rows;
  const test::Rows read = test::read_rows(text);
  for (const test::Row& row : read.rows) {
    const std::string& comm = row.at("comm");
    if (comm.size() < 2 || comm[0] != 'g' || comm[1] < '0' || comm[1] > '9') continue;
    rows[comm + " " + row.at("tid")].add({row.at("name"), row.at("ret"), row.at("file")});
  }
  return rows;
}

// Where a thread's calls are not the same, in the same order, what follows cannot be compared.
void compare_calls(const std::string& thread, const std::vector<Row>& logged,
                   const std::vector<Row>& traced, Outcome& outcome) {
  const auto show = [&](std::size_t at, const char* what) {
    if (++outcome.shown > kShownMax) return;
    const auto text = [at](const std::vector<Row>& rows) {
      return at < rows.size() ? rows[at].name + " " + rows[at].result + " " + rows[at].file
                              : "none";
    };
    std::cout << what << ", thread " << thread << ", call " << at << "\n  made:  " << text(logged)
              << "\n  shown: " << text(traced) << "\n";
  };
  for (std::size_t i = 0; i < std::max(logged.size(), traced.size()); ++i) {
    if (i >= logged.size() || i >= traced.size() || logged[i].name != traced[i].name) {
      outcome.missing += std::max(logged.size(), traced.size()) - i;
      return show(i, "missing or extra call");
    }
    ++outcome.rows;
    if (logged[i].result != traced[i].result) {
      ++outcome.wrong_results;
      show(i, "wrong result");
    }
    // What a link of procfs led to at that moment the log does not tell.
    const bool is_link = logged[i].file.starts_with("/proc/thread-self/fd/");
    // Nor does it name the roots of two files that start from different ones.
    static const std::regex kRoots("mnt:\\[\\d+\\]|\\[mount \\d+\\]");
    const std::string file = std::regex_replace(traced[i].file, kRoots, "");
    if (logged[i].file == file || is_link) continue;
    ++(traced[i].file.contains("[unknown") ? outcome.unnamed : outcome.wrong_names);
    show(i, "wrong file");
  }
}

// Those that are not among the others, and how often each; both are sorted.
std::vector<Row> without(const std::vector<Row>& rows, const std::vector<Row>& others) {
  std::vector<Row> left;
  std::ranges::set_difference(rows, others, std::back_inserter(left));
  return left;
}

void compare_thread(const std::string& thread, ThreadRows logged, ThreadRows traced,
                    Outcome& outcome) {
  compare_calls(thread, logged.calls, traced.calls, outcome);
  std::ranges::sort(logged.requests);
  std::ranges::sort(traced.requests);
  const std::vector<Row> wrong = without(logged.requests, traced.requests);
  outcome.requests += logged.requests.size() - wrong.size();
  compare_calls(thread + ", requests", wrong, without(traced.requests, logged.requests), outcome);
}

void compare(const Rows& logged, const Rows& traced, Outcome& outcome) {
  static const ThreadRows kNone;
  const auto rows_of = [](const Rows& rows, const std::string& thread) -> const auto& {
    const auto found = rows.find(thread);
    return found == rows.end() ? kNone : found->second;
  };
  for (const auto& [thread, rows] : logged) {
    compare_thread(thread, rows, rows_of(traced, thread), outcome);
  }
  for (const auto& [thread, rows] : traced) {
    if (!logged.contains(thread)) compare_thread(thread, kNone, rows, outcome);
  }
}

void run_script(int seed, int steps, Outcome& outcome) {
  const TempDir directory;
  std::string calls;
  for (const std::string_view name : fd_steps::kCallNames) calls += std::string(name) + ",";
  calls.pop_back();
  const Finished traced =
      run({IOR_BIN, "-f", "-plain", "-trace-syscalls", calls, "--", FD_STEPS_BIN,
           std::to_string(seed), std::to_string(steps), directory.path()},
          directory.path(), 60 + steps / 100.);
  ASSERT_FALSE(traced.hung);
  ASSERT_EQ(traced.exit_code, 0) << traced.err;
  ASSERT_EQ(lost_calls(traced.err), 0u) << traced.err;
  compare(logged_rows(directory.file("steps.log")), traced_rows(traced.out), outcome);
}

int setting(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value ? std::atoi(value) : otherwise;
}

TEST(FdStates, random_steps_show_the_names_that_proc_gave_at_each) {
  const int first = setting("IOR_FD_STATES_FIRST", kFirstSeed);
  const int seeds = setting("IOR_FD_STATES_SEEDS", kSeeds);
  const int steps = setting("IOR_FD_STATES_STEPS", kSteps);
  Outcome outcome;
  for (int seed = first; seed < first + seeds; ++seed) {
    const std::uint64_t before = outcome.all();
    run_script(seed, steps, outcome);
    const std::string repeat =
        "tools/fd_states 1 " + std::to_string(steps) + " " + std::to_string(seed) + " repeats it";
    EXPECT_EQ(outcome.all(), before) << repeat;
    if (HasFatalFailure()) FAIL() << repeat;
  }
  std::cout << "seeds " << seeds << ", steps " << std::int64_t{seeds} * steps << ", calls "
            << outcome.rows << ", io_uring requests " << outcome.requests << ", wrong names "
            << outcome.wrong_names << ", unnamed " << outcome.unnamed << ", wrong results "
            << outcome.wrong_results << ", missing or extra " << outcome.missing << "\n";
  EXPECT_GT(outcome.rows, 0u);
  EXPECT_GT(outcome.requests, 0u);
}

}  // namespace
}  // namespace ior::e2e
