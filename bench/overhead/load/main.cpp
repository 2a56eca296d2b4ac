// ior_load: makes a known number of I/O calls, times them, and says exactly which they were. Prints
// a line of JSON for each run. With --hold it prints `ready PID` when the workload is set up, and
// begins a run for each line that it reads, so that a tracer can be started or changed in between;
// a number in the line is that run's --calls.
// Exit code: 0 done, 1 a call failed that must not, 2 wrong arguments.
#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "temp_dir.hpp"
#include "worker.hpp"

namespace ior::load {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

struct Options {
  std::string workload;
  std::uint64_t calls = 0;
  double seconds = 0;
  bool hold = false;
  std::string directory = default_temp_parent();
  std::uint32_t processes = 20;
};

const WorkloadKind& kind_named(const std::string& name) {
  for (const WorkloadKind& kind : workload_kinds()) {
    if (name == kind.name) return kind;
  }
  throw std::logic_error("no workload " + name);
}

void add_options(CLI::App& app, Options& options) {
  std::vector<std::string> names;
  std::string about = "Workloads:\n";
  for (const WorkloadKind& kind : workload_kinds()) {
    names.emplace_back(kind.name);
    about += "  " + std::string(kind.name) + ": " + kind.about + " (" +
             std::to_string(kind.default_calls) + " calls)\n";
  }
  app.add_option("workload", options.workload, "What to run")
      ->type_name("WORKLOAD")
      ->required()
      ->check(CLI::IsMember(names));
  app.add_option("--calls", options.calls, "End a run after so many calls, rounded up");
  app.add_option("--seconds", options.seconds, "End a run after that time")
      ->check(CLI::PositiveNumber);
  app.add_flag("--hold", options.hold, "Say `ready PID`, then run once for each line of stdin");
  app.add_option("--directory", options.directory, "Where to make files")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  app.add_option("--processes", options.processes, "Those of `counted`")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.footer(about);
}

Limit limit_of(const Options& options, const WorkloadKind& kind) {
  Limit limit{options.calls, static_cast<std::uint64_t>(options.seconds * 1e9)};
  if (limit.calls == 0 && limit.time_ns == 0) limit.calls = kind.default_calls;
  return limit;
}

void print_result(const std::string& workload, pid_t pid, const Measured& measured) {
  nlohmann::ordered_json result;
  result["workload"] = workload;
  result["pid"] = pid;
  for (std::size_t i = 0; i < kCalls.size(); ++i) {
    if (measured.calls.made[i] != 0) result["calls"][kCalls[i].name] = measured.calls.made[i];
  }
  const std::uint64_t total = measured.calls.total();
  result["total_calls"] = total;
  result["elapsed_ns"] = measured.elapsed_ns;
  result["ns_per_call"] = static_cast<double>(measured.elapsed_ns) / static_cast<double>(total);
  if (measured.best_slice_ns_per_call != 0) {
    result["best_slice_ns_per_call"] = measured.best_slice_ns_per_call;
  }
  std::cout << result.dump() << std::endl;
}

void run(const Options& options) {
  const TempDir directory(options.directory);
  const WorkloadKind& kind = kind_named(options.workload);
  Worker worker([&] { return kind.make({directory.path(), options.processes}); });
  const Limit limit = limit_of(options, kind);
  const auto run_once = [&](const Limit& until) {
    print_result(kind.name, worker.pid(), worker.run(until));
  };
  if (!options.hold) return run_once(limit);
  std::cout << "ready " << worker.pid() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    run_once(line.empty() ? limit : Limit{.calls = std::stoull(line)});
  }
}

}  // namespace
}  // namespace ior::load

int main(int argc, char** argv) {
  ior::load::Options options;
  CLI::App app("Makes a known number of I/O calls and times them.");
  ior::load::add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : ior::load::kExitUsage;
  }
  try {
    ior::load::run(options);
  } catch (const std::exception& error) {
    std::cerr << "ior_load: " << error.what() << '\n';
    return ior::load::kExitFailed;
  }
  return 0;
}
