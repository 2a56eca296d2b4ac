// All figures of a run as JSON, with the machine that they are of: what a baseline is.
#pragma once

#include <string>

#include "base/result.hpp"
#include "figures.hpp"

namespace ior::overhead {

struct Machine {
  std::string cpu;
  std::string kernel;
  unsigned cores = 0;
  std::uint64_t memory_mib = 0;

  bool operator==(const Machine&) const = default;
};

Machine this_machine();

struct Report {
  Machine machine;
  int load_cpu = 0;  // kAnyCpu: was not pinned
  int tracer_cpu = 0;
  int rounds = 0;
  std::vector<WorkloadFigures> workloads;
};

std::string to_json(const Report& report);
// Reads what a comparison needs: the machine, and of each configuration its ratios.
Result<Report> from_json(const std::string& text);

}  // namespace ior::overhead
