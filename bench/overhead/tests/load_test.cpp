// What ior_load says that it called is what strace sees, and what ior records.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <regex>

#include "command_tracer.hpp"
#include "ior_output.hpp"
#include "load.hpp"
#include "measure.hpp"

namespace ior::overhead {
namespace {

// Lines of strace's log in which a call begins.
Counts logged_calls(const std::string& log, const LoadResult& made) {
  const std::regex call(R"(^\d+ +(\w+)\()");
  Counts counts;
  std::ifstream in(log);
  for (std::string line; std::getline(in, line);) {
    std::smatch match;
    if (std::regex_search(line, match, call) && made.calls.contains(match[1])) ++counts[match[1]];
  }
  return counts;
}

class LoadWorkload : public testing::TestWithParam<const char*> {};

TEST_P(LoadWorkload, makes_exactly_the_calls_that_it_says) {
  Load load(IOR_LOAD_BIN, {GetParam(), "--calls", "300", "--processes", "3"}, kAnyCpu);
  load.run();  // strace begins between two runs
  Counts logged;
  CommandTracer strace(
      {.words = {"strace", "-f", "-o", "log", "-p", std::to_string(load.pid())},
       .ready_text = "attached",
       .read_output = [&logged](const Output& output, const LoadResult& made, Observed&) {
         logged = logged_calls(output.directory + "/log", made);
       }});
  const LoadResult made = load.run();
  strace.stop(made);
  EXPECT_GE(made.total_calls, 300u);
  EXPECT_EQ(total(made.calls), made.total_calls);
  EXPECT_EQ(logged, made.calls);
}

INSTANTIATE_TEST_SUITE_P(Each, LoadWorkload,
                         testing::Values("rw1", "pread4k", "openclose", "stat", "socket",
                                         "forkexec", "mixed", "paths", "counted"),
                         [](const auto& info) { return std::string(info.param); });

TEST(LoadProgram, a_workload_that_does_not_exist_is_said) {
  EXPECT_THROW(Load(IOR_LOAD_BIN, {"nothing"}, kAnyCpu), std::runtime_error);
}

TEST(Measure, each_configuration_of_the_harness_and_of_ior_has_figures) {
  std::vector<Configuration> configurations = own_configurations();
  std::ranges::move(ior_configurations(IOR_BIN), std::back_inserter(configurations));
  const WorkloadRuns runs = measure_workload(
      {.load_program = IOR_LOAD_BIN, .rounds = 1, .scale = 0.01, .say = [](const std::string&) {}},
      "rw1", configurations);
  ASSERT_EQ(runs.series.size(), configurations.size());
  for (const Series& series : runs.series) {
    ASSERT_EQ(series.samples.size(), 1u);
    const Sample& sample = series.samples.front();
    EXPECT_EQ(sample.made, runs.calls) << series.configuration.name;
    EXPECT_GT(sample.ns_per_call, 0) << series.configuration.name;
    if (series.configuration.name == kIorRecord || series.configuration.name == kBare) {
      EXPECT_EQ(sample.observed.kept, sample.made) << series.configuration.name;
      EXPECT_EQ(sample.observed.lost, 0u) << series.configuration.name;
    }
  }
}

}  // namespace
}  // namespace ior::overhead
