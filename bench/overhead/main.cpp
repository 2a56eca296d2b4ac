// ior_overhead: what tracing costs the traced program, and the tracer. Runs workloads under ior,
// its peers and the least that any tracer can do, in turn, and prints what each adds to a call.
// Exit code: 0 done and all that was asked holds, 1 something does not hold or failed, 2 wrong
// arguments.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "measure.hpp"
#include "process.hpp"
#include "report.hpp"
#include "table.hpp"
#include "verdict.hpp"

namespace ior::overhead {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

struct Options {
  MeasureSettings measure;
  std::string ior;
  std::string before;
  std::vector<std::string> workloads = {"rw1",    "pread4k",  "openclose", "stat",
                                        "socket", "forkexec", "mixed"};
  std::vector<std::string> configurations;
  std::string json;
  std::string baseline;
  double band = 0.15;
  bool check = false;
};

void say(const std::string& text) {
  fmt::print(stderr, "ior_overhead: {}\n", text);
}

Options default_options() {
  Options options;
  options.measure.load_program = beside_this_program("ior_load");
  options.measure.say = say;
  if (std::thread::hardware_concurrency() < 2) options.measure.tracer_cpu = 0;
  options.ior = beside_this_program("../../ior");
  return options;
}

void add_options(CLI::App& app, Options& options) {
  app.add_option("--rounds", options.measure.rounds, "How often each configuration is measured")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--scale", options.measure.scale, "Of the number of calls in a round")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--workloads", options.workloads, "Only these, by ior_load's names")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--configs", options.configurations, "Only these, and what they are compared with")
      ->delimiter(',');
  app.add_option("--ior", options.ior, "The program to measure")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path)
      ->capture_default_str();
  app.add_option("--before", options.before,
                 "Also measure this build of ior, and fail where --ior adds more than it")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path);
  const CLI::Range cpus(kAnyCpu, static_cast<int>(std::thread::hardware_concurrency()) - 1);
  app.add_option("--workload-cpu", options.measure.load_cpu, "-1: any")
      ->check(cpus)
      ->capture_default_str();
  app.add_option("--tracer-cpu", options.measure.tracer_cpu, "-1: any")
      ->check(cpus)
      ->capture_default_str();
  app.add_option("--json", options.json, "Also write the figures to this file");
  app.add_option("--baseline", options.baseline,
                 "Fail where ior costs more than in this earlier --json file")
      ->check(CLI::ExistingFile);
  app.add_option("--band", options.band, "What --baseline allows, beside the noise of both runs")
      ->capture_default_str();
  app.add_flag("--check", options.check, "Fail where ior costs more than it may");
}

std::vector<Configuration> all_configurations(const Options& options) {
  std::vector<Configuration> all = own_configurations();
  std::ranges::move(ior_configurations(options.ior), std::back_inserter(all));
  if (!options.before.empty()) all.push_back(ior_before(options.before));
  std::ranges::move(peer_configurations(), std::back_inserter(all));
  return all;
}

// Those that are asked for and can run here. Throws std::runtime_error for a name that is none.
std::vector<Configuration> chosen_configurations(const Options& options) {
  std::vector<Configuration> all = all_configurations(options);
  std::set<std::string> asked(options.configurations.begin(), options.configurations.end());
  for (const std::string& name : asked) {
    if (std::ranges::find(all, name, &Configuration::name) == all.end()) {
      throw std::runtime_error("there is no configuration " + name);
    }
  }
  asked.insert({kUntraced, kEmpty, kBare});
  if (!options.before.empty()) asked.insert({kIorRecord, kIorBefore});
  std::erase_if(all, [&](const Configuration& configuration) {
    if (!options.configurations.empty() && !asked.contains(configuration.name)) return true;
    if (configuration.program.empty() || is_installed(configuration.program)) return false;
    say(fmt::format("left out: {}: {} is not installed", configuration.name,
                    configuration.program));
    return true;
  });
  return all;
}

// More than this runs beside the harness, in the last minute's mean.
constexpr double kQuietLoad = 0.5;

void warn_of_others() {
  double load = 0;
  if (::getloadavg(&load, 1) == 1 && load > kQuietLoad) {
    say(fmt::format("the machine is not quiet (load average {:.1f}): expect noise", load));
  }
}

std::string cpu_text(int cpu) {
  return cpu == kAnyCpu ? "any CPU" : fmt::format("CPU {}", cpu);
}

Report measure(const Options& options, const std::vector<Configuration>& configurations) {
  Report report{this_machine(),
                options.measure.load_cpu,
                options.measure.tracer_cpu,
                options.measure.rounds,
                {}};
  fmt::print(
      "{}, {} cores, {}; workload on {}, tracers on {}, all at the highest priority; {} rounds\n{}",
      report.machine.cpu, report.machine.cores, report.machine.kernel, cpu_text(report.load_cpu),
      cpu_text(report.tracer_cpu), report.rounds, format_legend(configurations));
  for (const std::string& workload : options.workloads) {
    report.workloads.push_back(
        figures_of(measure_workload(options.measure, workload, configurations)));
    fmt::print("{}", format_table(report.workloads.back()));
    std::fflush(stdout);
  }
  return report;
}

// Throws std::runtime_error where the file is no baseline.
Report read_baseline(const std::string& file) {
  const auto baseline = from_json(read_file(file));
  if (!baseline) throw std::runtime_error(file + ": " + baseline.error().message);
  if (baseline->machine != this_machine()) {
    say(fmt::format("the baseline is of another machine: {}, {} cores, {}", baseline->machine.cpu,
                    baseline->machine.cores, baseline->machine.kernel));
  }
  return *baseline;
}

bool run(const Options& options) {
  std::optional<Report> baseline;
  if (!options.baseline.empty()) baseline = read_baseline(options.baseline);
  warn_of_others();
  const Report report = measure(options, chosen_configurations(options));
  fmt::print("\n");
  bool holds = print_verdicts({judge_bare(report.workloads)});
  if (options.check) holds &= print_verdicts(judge_limits(report.workloads));
  if (!options.before.empty()) holds &= print_verdicts(judge_before(report.workloads));
  if (baseline) holds &= print_verdicts(judge_against(*baseline, report, options.band));
  if (!options.json.empty() && !(std::ofstream(options.json) << to_json(report)).flush()) {
    throw std::runtime_error("cannot write " + options.json);
  }
  return holds;
}

}  // namespace
}  // namespace ior::overhead

int main(int argc, char** argv) {
  ior::overhead::Options options = ior::overhead::default_options();
  CLI::App app("Measures what tracing costs: see \"Measuring the overhead\" in README.md.");
  ior::overhead::add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : ior::overhead::kExitUsage;
  }
  // Whatever else runs on the machine gets in the way of neither the workload nor a tracer.
  ::setpriority(PRIO_PROCESS, 0, -20);
  try {
    return ior::overhead::run(options) ? 0 : ior::overhead::kExitFailed;
  } catch (const std::exception& error) {
    ior::overhead::say(error.what());
    return ior::overhead::kExitFailed;
  }
}
