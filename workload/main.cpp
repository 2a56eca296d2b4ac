// ioworkload: runs one named scenario of file syscalls, or the calls of a family of syscalls, so
// that a tracer has something of known content to trace. It prints its PID, waits for the tracer to
// attach, runs, cleans up, and writes down what a tracer must show of the calls.
// Exit code: 0 done, 1 a step failed, 2 wrong arguments.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "calls/exercise.hpp"
#include "scenario.hpp"
#include "temp_dir.hpp"

namespace ioworkload {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

struct Options {
  std::string scenario;
  std::string family;
  std::string expect_file;
  std::uint32_t delay_ms = 2000;
  bool list = false;
};

void add_options(CLI::App& app, Options& options) {
  CLI::Option* scenario =
      app.add_option("--scenario", options.scenario, "The scenario to run")->type_name("NAME");
  CLI::Option* calls = app.add_option("--calls", options.family,
                                      "The family of syscalls to call, in child processes")
                           ->check(CLI::IsMember(families()))
                           ->excludes(scenario);
  app.add_option("--expect", options.expect_file, "Where to say what a tracer must show of them")
      ->type_name("FILE")
      ->needs(calls);
  app.add_option("--delay-ms", options.delay_ms, "Time between printing the PID and running")
      ->type_name("N")
      ->capture_default_str();
  app.add_flag("--list", options.list, "Print the names of the scenarios")
      ->excludes(scenario)
      ->excludes(calls);
}

int usage_error(const std::string& what) {
  std::cerr << "ioworkload: " << what
            << "; see --list for the scenarios and --help for the options\n";
  return kExitUsage;
}

void flush_stdout() {
  std::cout.flush();
  if (!std::cout) throw std::runtime_error("writing to stdout failed");
}

void print_list() {
  for (const Scenario& scenario : all_scenarios()) std::cout << scenario.name << '\n';
  flush_stdout();
}

void wait_for_tracer(std::uint32_t delay_ms) {
  std::cout << ::getpid() << '\n';
  flush_stdout();
  std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
}

void run_calls(const Options& options) {
  wait_for_tracer(options.delay_ms);
  TempDir dir("calls-" + options.family);
  const std::string expected = run_exercises(exercises_of(options.family), dir.path());
  dir.remove();
  if (options.expect_file.empty()) return;
  std::ofstream out(options.expect_file, std::ios::binary);
  out << expected << std::flush;
  if (!out) throw std::runtime_error("writing " + options.expect_file + " failed");
}

void run_scenario(const Scenario& scenario, std::uint32_t delay_ms) {
  wait_for_tracer(delay_ms);
  // The directory comes after the wait: its making is part of what a tracer is to see.
  TempDir dir(scenario.name);
  scenario.run(dir);
  dir.remove();
}

int run(const Options& options) {
  if (options.list) {
    print_list();
    return 0;
  }
  if (!options.family.empty()) {
    run_calls(options);
    return 0;
  }
  if (options.scenario.empty()) return usage_error("no scenario and no family given");
  const std::optional<Scenario> scenario = find_scenario(options.scenario);
  if (!scenario) return usage_error("unknown scenario '" + options.scenario + "'");
  try {
    run_scenario(*scenario, options.delay_ms);
    return 0;
  } catch (const std::exception& error) {
    throw std::runtime_error(options.scenario + ": " + error.what());
  }
}

int parse_and_run(int argc, char** argv) {
  CLI::App app("Makes syscalls of known content for a tracer to see: a scenario, or a family's",
               "ioworkload");
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return usage_error(error.what());
  }
  return run(options);
}

}  // namespace
}  // namespace ioworkload

int main(int argc, char** argv) {
  try {
    return ioworkload::parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "ioworkload: " << error.what() << '\n';
    return ioworkload::kExitFailed;
  }
}
