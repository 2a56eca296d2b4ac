// The reference workload suite: each scenario of ioworkload under ior, held against every row of
// scenarios.tsv.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

constexpr double kDuration = 10;  // seconds that ior may trace; it ends earlier, with its target

struct Expectation {
  std::string tracepoint;
  std::string path_contains;
  std::uint64_t min_count = 0;
};

struct Scenario {
  std::string name;
  std::vector<Expectation> expectations;
};

void PrintTo(const Scenario& scenario, std::ostream* out) {
  *out << scenario.name;
}

std::vector<Scenario> read_scenarios() {
  std::ifstream in(IOR_SCENARIOS_TSV);
  std::vector<Scenario> scenarios;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.starts_with('#') || line.starts_with("scenario\t")) continue;
    std::istringstream columns(line);
    std::string name, what, tracepoint, path, count;
    std::getline(columns, name, '\t');
    std::getline(columns, what, '\t');
    std::getline(columns, tracepoint, '\t');
    std::getline(columns, path, '\t');
    std::getline(columns, count, '\t');
    if (scenarios.empty() || scenarios.back().name != name) scenarios.push_back({name, {}});
    scenarios.back().expectations.push_back({tracepoint, path, std::stoull(count)});
  }
  return scenarios;
}

// Line 1 of the workload's output, once it is there.
pid_t read_pid(const std::string& file) {
  for (int tries = 0; tries < 500; ++tries) {
    std::ifstream in(file);
    std::string line;
    if (std::getline(in, line) && !in.eof()) return std::stoi(line);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return 0;
}

std::uint64_t count_of(const Records& records, const Expectation& expectation) {
  std::uint64_t count = 0;
  for (const auto& record : records) {
    const bool matches = record["path"].get<std::string>().contains(expectation.path_contains) ||
                         record["old_path"].get<std::string>().contains(expectation.path_contains);
    if (record["tracepoint"] == expectation.tracepoint && matches) {
      count += record["count"].get<std::uint64_t>();
    }
  }
  return count;
}

class ScenarioTest : public testing::TestWithParam<Scenario> {};

TEST_P(ScenarioTest, meets_every_expectation) {
  const Scenario& scenario = GetParam();
  const TempDir directory;
  const std::string pid_file = directory.file("pid");
  Running workload({"sh", "-c", "exec \"$0\" --scenario=\"$1\" > \"$2\"", IOR_WORKLOAD_BIN,
                    scenario.name, pid_file},
                   directory.path());
  const pid_t pid = read_pid(pid_file);
  ASSERT_NE(pid, 0) << "ioworkload printed no PID within 5 s";
  Running ior({IOR_BIN, "-pid", std::to_string(pid), "-flamegraph", "-name", scenario.name,
               "-duration", std::to_string(static_cast<int>(kDuration))},
              directory.path());
  const Finished traced = ior.finish(kDuration + 3);
  const Finished worked = workload.finish(5);
  ASSERT_FALSE(traced.hung) << "ior hung";
  ASSERT_FALSE(worked.hung) << "ioworkload hung";
  ASSERT_EQ(traced.exit_code, 0) << traced.err;
  ASSERT_EQ(worked.exit_code, 0) << worked.err;
  EXPECT_EQ(lost_calls(traced.err), 0u) << traced.err;

  const Records records = export_records(recording_in(directory.path()));
  for (const auto& record : records) {
    EXPECT_EQ(record["pid"], pid) << record;
    EXPECT_EQ(record["comm"], "ioworkload") << record;
  }
  for (const Expectation& expectation : scenario.expectations) {
    EXPECT_GE(count_of(records, expectation), expectation.min_count)
        << expectation.tracepoint << " " << expectation.path_contains;
  }
}

INSTANTIATE_TEST_SUITE_P(Reference, ScenarioTest, testing::ValuesIn(read_scenarios()),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(ScenarioTable, has_all_39_scenarios) {
  EXPECT_EQ(read_scenarios().size(), 39u);
}

}  // namespace
}  // namespace ior::e2e
