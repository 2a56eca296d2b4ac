#include "measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace ior::overhead {
namespace {

// Fewer calls than this take no time that could be measured.
constexpr std::uint64_t kFewestCalls = 2000;

class Rounds {
 public:
  Rounds(const MeasureSettings& settings, const std::string& workload)
      : settings_(settings),
        load_(settings.load_program, {workload}, settings.load_cpu),
        target_{.pid = load_.pid(),
                .call_names = {},
                .load_cpu = settings.load_cpu,
                .tracer_cpu = settings.tracer_cpu} {
    const LoadResult usual = load_.run();
    for (const auto& [name, count] : usual.calls) target_.call_names.push_back(name);
    const double calls = static_cast<double>(usual.total_calls) * settings.scale;
    calls_ = std::max(kFewestCalls, static_cast<std::uint64_t>(calls));
  }

  std::uint64_t calls() const { return calls_; }

  Sample sample(const Configuration& configuration, bool is_counting) {
    target_.is_counting = is_counting;
    const auto tracer = configuration.start(target_);
    const LoadResult made = load_.run(std::max(kFewestCalls, calls_ / configuration.fewer));
    return {made.ns_per_call, made.total_calls, tracer->stop(made)};
  }

 private:
  const MeasureSettings& settings_;
  Load load_;
  Target target_;
  std::uint64_t calls_ = 0;
};

void add_sample(const MeasureSettings& settings, Rounds& rounds, Series& series, bool is_counting) {
  if (series.is_left_out) return;
  const Configuration& configuration = series.configuration;
  try {
    const Sample sample = rounds.sample(configuration, is_counting);
    if (is_counting) {
      series.counting = sample;
    } else {
      series.samples.push_back(sample);
    }
  } catch (const std::exception& error) {
    if (configuration.role == Role::floor || configuration.role == Role::ior) throw;
    settings.say(fmt::format("left out: {}: {}", configuration.name, error.what()));
    series.is_left_out = true;
  }
}

}  // namespace

WorkloadRuns measure_workload(const MeasureSettings& settings, const std::string& workload,
                              const std::vector<Configuration>& configurations) {
  Rounds rounds(settings, workload);
  WorkloadRuns runs{workload, rounds.calls(), {}};
  for (const Configuration& configuration : configurations) {
    runs.series.push_back({.configuration = configuration});
  }
  for (int round = 0; round < settings.rounds; ++round) {
    settings.say(fmt::format("{}: round {} of {}", workload, round + 1, settings.rounds));
    for (Series& series : runs.series) add_sample(settings, rounds, series, false);
  }
  for (Series& series : runs.series) {
    if (series.configuration.counts_apart) add_sample(settings, rounds, series, true);
  }
  std::erase_if(runs.series, [](const Series& series) { return series.is_left_out; });
  return runs;
}

}  // namespace ior::overhead
