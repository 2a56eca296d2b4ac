// What the exit status stands for: whether the bare tracer may be called so, whether ior keeps to
// its limits, and whether it costs more than an earlier run says.
#pragma once

#include <string>
#include <vector>

#include "report.hpp"

namespace ior::overhead {

struct Verdict {
  bool holds = false;
  std::string sentence;
};

// Prints each on a line of its own. Returns whether all hold.
bool print_verdicts(const std::vector<Verdict>& verdicts);

// The bare tracer adds at most 4 x what the empty probes add: on that workload where the ratio is
// known best.
Verdict judge_bare(const std::vector<WorkloadFigures>& workloads);

// What ior may add. A limit that was not measured does not hold.
std::vector<Verdict> judge_limits(const std::vector<WorkloadFigures>& workloads);

// What ior adds, as a multiple of what the build that --before names adds in the same run: at most
// 1.03, or where the two runs' relative MADs are larger, 1 and these, but 1.05 at most.
std::vector<Verdict> judge_before(const std::vector<WorkloadFigures>& workloads);

// ior's ratios to the bare tracer. One is worse when it is more than `band` (0.15: 15 %) and the
// noise of both runs above the earlier one. What is in only one of the runs is not judged; none
// that is in both is a failure.
std::vector<Verdict> judge_against(const Report& baseline, const Report& report, double band);

}  // namespace ior::overhead
