// The measuring itself: a workload under each configuration in turn, round after round, so that
// whatever else happens on the machine falls on all of them alike.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "configuration.hpp"

namespace ior::overhead {

struct MeasureSettings {
  std::string load_program;
  int rounds = 9;
  double scale = 1;  // of the number of calls in a round
  int load_cpu = 0;
  int tracer_cpu = 1;
  std::function<void(const std::string&)> say;  // progress, and what is left out
};

// One run of the workload under one configuration.
struct Sample {
  double ns_per_call = 0;
  std::uint64_t made = 0;
  Observed observed;
};

struct Series {
  Configuration configuration;
  std::vector<Sample> samples = {};     // one for each round
  std::optional<Sample> counting = {};  // where what is kept is counted apart
  bool is_left_out = false;             // it failed
};

struct WorkloadRuns {
  std::string workload;
  std::uint64_t calls = 0;  // of a round, where the configuration does not get fewer
  std::vector<Series> series;
};

// A peer that fails is said and left out; a failure of another configuration throws
// std::runtime_error.
WorkloadRuns measure_workload(const MeasureSettings& settings, const std::string& workload,
                              const std::vector<Configuration>& configurations);

}  // namespace ior::overhead
