#include "verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace ior::overhead {
namespace {

constexpr double kBareToEmpty = 4;
constexpr double kToBefore = 1.03;
constexpr double kToBeforeInNoise = 1.05;

struct Limit {
  const char* workload;
  const char* configuration;
  const char* to;
  std::optional<Ratio> Figures::*ratio;
  double at_most;
};

constexpr Limit kLimits[] = {
    {"rw1", kIorRecord, kBare, &Figures::to_bare, 1.05},
    {"openclose", kIorRecord, kBare, &Figures::to_bare, 2.5},
    {"rw1", kIorOutside, kEmpty, &Figures::to_empty, 1.25},
};

Verdict judge(const Limit& limit, const std::vector<WorkloadFigures>& workloads) {
  const WorkloadFigures* figures = find_workload(workloads, limit.workload);
  const Figures* of = figures != nullptr ? find_figures(*figures, limit.configuration) : nullptr;
  const std::string what = fmt::format("{}: {} adds at most {} x what {} adds", limit.workload,
                                       limit.configuration, limit.at_most, limit.to);
  if (of == nullptr || !(of->*limit.ratio)) {
    return {false, what + ": was not measured, or is lost in noise"};
  }
  const Ratio& ratio = *(of->*limit.ratio);
  return {ratio.value <= limit.at_most,
          fmt::format("{}: {:.3f} ±{:.3f}", what, ratio.value, ratio.noise)};
}

Verdict judge_before(const WorkloadFigures& workload) {
  const Figures* now = find_figures(workload, kIorRecord);
  const Figures* before = find_figures(workload, kIorBefore);
  const std::string what =
      fmt::format("{}: {} adds no more than {}", workload.workload, kIorRecord, kIorBefore);
  if (!now || !before || now->added_ns.median <= 0 || before->added_ns.median <= 0) {
    return {false, what + ": was not measured, or is lost in noise"};
  }
  const double ratio = now->added_ns.median / before->added_ns.median;
  const double noise =
      now->added_ns.mad / now->added_ns.median + before->added_ns.mad / before->added_ns.median;
  const double at_most = std::clamp(1 + noise, kToBefore, kToBeforeInNoise);
  return {ratio <= at_most,
          fmt::format("{}: {:.1f} and {:.1f} ns, {:.3f} x ±{:.3f}; may be {:.3f}", what,
                      now->added_ns.median, before->added_ns.median, ratio, noise, at_most)};
}

}  // namespace

bool print_verdicts(const std::vector<Verdict>& verdicts) {
  for (const Verdict& verdict : verdicts) {
    fmt::print("{} {}\n", verdict.holds ? "ok  " : "FAIL", verdict.sentence);
  }
  std::fflush(stdout);
  return std::ranges::all_of(verdicts, &Verdict::holds);
}

Verdict judge_bare(const std::vector<WorkloadFigures>& workloads) {
  const auto relative_noise = [](const Ratio& ratio) { return ratio.noise / ratio.value; };
  const WorkloadFigures* best = nullptr;
  std::optional<Ratio> known;
  for (const WorkloadFigures& figures : workloads) {
    const Figures* bare = find_figures(figures, kBare);
    if (bare == nullptr || !bare->to_empty) continue;
    if (known && relative_noise(*known) <= relative_noise(*bare->to_empty)) continue;
    best = &figures;
    known = bare->to_empty;
  }
  const std::string what =
      fmt::format("the bare tracer adds at most {} x what the empty probes add", kBareToEmpty);
  if (!known) return {false, what + ": could not be measured here"};
  return {known->value <= kBareToEmpty,
          fmt::format("{}: {}: {:.2f} ±{:.2f}", best->workload, what, known->value, known->noise)};
}

std::vector<Verdict> judge_limits(const std::vector<WorkloadFigures>& workloads) {
  std::vector<Verdict> verdicts;
  for (const Limit& limit : kLimits) verdicts.push_back(judge(limit, workloads));
  return verdicts;
}

std::vector<Verdict> judge_before(const std::vector<WorkloadFigures>& workloads) {
  std::vector<Verdict> verdicts;
  for (const WorkloadFigures& workload : workloads) verdicts.push_back(judge_before(workload));
  return verdicts;
}

std::vector<Verdict> judge_against(const Report& baseline, const Report& report, double band) {
  std::vector<Verdict> verdicts;
  for (const WorkloadFigures& earlier : baseline.workloads) {
    const WorkloadFigures* now = find_workload(report.workloads, earlier.workload);
    if (now == nullptr) continue;
    for (const Figures& before : earlier.configurations) {
      const Figures* after = find_figures(*now, before.configuration);
      if (after == nullptr || after->role != Role::ior || !before.to_bare || !after->to_bare)
        continue;
      const double at_most =
          before.to_bare->value * (1 + band) + before.to_bare->noise + after->to_bare->noise;
      verdicts.push_back(
          {after->to_bare->value <= at_most,
           fmt::format("{}: {} adds {:.3f} x what bare adds, before {:.3f}; may be {:.3f}",
                       earlier.workload, before.configuration, after->to_bare->value,
                       before.to_bare->value, at_most)});
    }
  }
  if (verdicts.empty()) verdicts.push_back({false, "nothing of the baseline was measured"});
  return verdicts;
}

}  // namespace ior::overhead
