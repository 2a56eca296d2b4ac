#include "figures.hpp"

#include <algorithm>
#include <cmath>

namespace ior::overhead {
namespace {

const Series* find_series(const WorkloadRuns& runs, const std::string& configuration) {
  const auto found = std::ranges::find(
      runs.series, configuration, [](const Series& series) { return series.configuration.name; });
  return found != runs.series.end() ? &*found : nullptr;
}

Spread ns_per_call_of(const Series& series) {
  std::vector<double> values;
  for (const Sample& sample : series.samples) values.push_back(sample.ns_per_call);
  return spread_of(values);
}

Spread added_ns_of(const Series& series, const Series& untraced) {
  std::vector<double> values;
  for (std::size_t round = 0; round < series.samples.size(); ++round) {
    values.push_back(series.samples[round].ns_per_call - untraced.samples[round].ns_per_call);
  }
  return spread_of(values);
}

std::optional<Ratio> ratio_of(const Spread& cost, const Figures* to) {
  if (to == nullptr || to->added_ns.median <= 2 * to->added_ns.mad) return std::nullopt;
  const double value = cost.median / to->added_ns.median;
  const double own = cost.mad / to->added_ns.median;
  const double others = value * to->added_ns.mad / to->added_ns.median;
  return Ratio{value, std::hypot(own, others)};
}

void add(std::optional<std::uint64_t>& sum, const std::optional<std::uint64_t>& value) {
  if (value) sum = sum.value_or(0) + *value;
}

void add_observations(Figures& figures, const Series& series) {
  double cpu_s = 0;
  std::uint64_t calls = 0;
  for (const Sample& sample : series.samples) {
    cpu_s += sample.observed.cpu_s;
    calls += sample.made;
    figures.peak_bytes = std::max(figures.peak_bytes, sample.observed.peak_bytes);
  }
  figures.cpu_s_per_million_calls = cpu_s / static_cast<double>(calls) * 1e6;
  const std::vector<Sample> counted =
      series.counting ? std::vector{*series.counting} : series.samples;
  for (const Sample& sample : counted) {
    figures.made += sample.made;
    add(figures.kept, sample.observed.kept);
    add(figures.lost, sample.observed.lost);
  }
}

}  // namespace

WorkloadFigures figures_of(const WorkloadRuns& runs) {
  WorkloadFigures figures{runs.workload, runs.calls, {}};
  const Series* untraced = find_series(runs, kUntraced);
  for (const Series& series : runs.series) {
    Figures& of = figures.configurations.emplace_back();
    of.configuration = series.configuration.name;
    of.role = series.configuration.role;
    of.ns_per_call = ns_per_call_of(series);
    if (untraced != nullptr) of.added_ns = added_ns_of(series, *untraced);
    add_observations(of, series);
  }
  const Figures* bare = find_figures(figures, kBare);
  const Figures* empty = find_figures(figures, kEmpty);
  for (Figures& of : figures.configurations) {
    of.to_bare = ratio_of(of.added_ns, bare);
    of.to_empty = ratio_of(of.added_ns, empty);
  }
  return figures;
}

const Figures* find_figures(const WorkloadFigures& figures, const std::string& configuration) {
  const auto found =
      std::ranges::find(figures.configurations, configuration, &Figures::configuration);
  return found != figures.configurations.end() ? &*found : nullptr;
}

const WorkloadFigures* find_workload(const std::vector<WorkloadFigures>& all,
                                     const std::string& workload) {
  const auto found = std::ranges::find(all, workload, &WorkloadFigures::workload);
  return found != all.end() ? &*found : nullptr;
}

}  // namespace ior::overhead
