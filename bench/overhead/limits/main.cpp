// ior_limits: whether ior keeps what it promises on this machine, to be run where nothing else
// runs. Exit code: 0 all that was asked holds, 1 something does not or failed, 2 wrong arguments.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "limits/limits.hpp"
#include "process.hpp"

namespace ior::overhead {
namespace {

struct Promise {
  const char* name;
  const char* about;
  std::vector<Verdict> (*run)(const LimitSettings& settings);
};

constexpr auto kPromises = std::to_array<Promise>({
    {"flatout", "one core of ior keeps up with one core of calls, and nothing is lost",
     run_flatout},
    {"mixed", "little is lost where all cores are busy, and nothing is unexplained", run_mixed},
    {"startstop", "it starts and stops at once, and idles for nothing", run_startstop},
    {"paths", "a million files fit", run_paths},
    {"conservation", "each call is recorded, or lost under one cause", run_conservation},
});

struct Options {
  LimitSettings settings;
  std::vector<std::string> names;
};

void add_options(CLI::App& app, Options& options) {
  std::vector<std::string> names;
  std::string about = "Promises:\n";
  for (const Promise& promise : kPromises) {
    names.emplace_back(promise.name);
    about += fmt::format("  {}: {}\n", promise.name, promise.about);
  }
  app.add_option("promise", options.names, "Which to judge (default: all)")
      ->type_name("PROMISE")
      ->check(CLI::IsMember(names));
  app.add_option("--ior", options.settings.ior, "The program to judge")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path)
      ->capture_default_str();
  app.add_option("--scale", options.settings.scale, "Of how long the runs are")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.footer(about);
}

bool is_asked(const Options& options, const std::string& name) {
  return options.names.empty() || std::ranges::find(options.names, name) != options.names.end();
}

// A promise that cannot be run does not hold.
bool judge(const Promise& promise, const LimitSettings& settings) {
  try {
    return print_verdicts(promise.run(settings));
  } catch (const std::exception& error) {
    return print_verdicts({{false, fmt::format("{}: {}", promise.name, error.what())}});
  }
}

}  // namespace
}  // namespace ior::overhead

int main(int argc, char** argv) {
  using namespace ior::overhead;
  Options options{
      {.ior = beside_this_program("../../ior"), .load_program = beside_this_program("ior_load")},
      {}};
  CLI::App app("Judges whether ior keeps what it promises on this machine.");
  add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  bool holds = true;
  for (const Promise& promise : kPromises) {
    if (is_asked(options, promise.name)) holds &= judge(promise, options.settings);
  }
  return holds ? 0 : 1;
}
