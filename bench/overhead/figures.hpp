// What is said of a configuration, made from its samples. Each round compares with the untraced run
// of the same round, and ratios are those of medians of such differences.
#pragma once

#include "measure.hpp"
#include "statistics.hpp"

namespace ior::overhead {

// How often one cost lies in another, and by how much that may be off: the relative MADs of the two
// costs, added up as errors are.
struct Ratio {
  double value = 0;
  double noise = 0;
};

struct Figures {
  std::string configuration;
  Role role = Role::floor;
  Spread ns_per_call;
  Spread added_ns;
  std::optional<Ratio> to_bare;  // none where the costs cannot be told from nothing
  std::optional<Ratio> to_empty;
  double cpu_s_per_million_calls = 0;
  std::optional<std::uint64_t> peak_bytes;  // of all rounds
  std::uint64_t made = 0;                   // calls, of those runs that were counted
  std::optional<std::uint64_t> kept;
  std::optional<std::uint64_t> lost;
};

struct WorkloadFigures {
  std::string workload;
  std::uint64_t calls = 0;
  std::vector<Figures> configurations;
};

WorkloadFigures figures_of(const WorkloadRuns& runs);

// None where it was not measured.
const Figures* find_figures(const WorkloadFigures& figures, const std::string& configuration);
const WorkloadFigures* find_workload(const std::vector<WorkloadFigures>& all,
                                     const std::string& workload);

}  // namespace ior::overhead
