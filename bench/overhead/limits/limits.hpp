// What ior promises of itself, run and judged: one function for each promise, in a file of its
// name. Each prints nothing and says all in its verdicts.
// To add one: a function here and a row in main.cpp.
#pragma once

#include <string>
#include <vector>

#include "verdict.hpp"

namespace ior::overhead {

struct LimitSettings {
  std::string ior;
  std::string load_program;
  double scale = 1;  // of how long the runs are
};

// Throw std::runtime_error where something cannot be run.
std::vector<Verdict> run_flatout(const LimitSettings& settings);
std::vector<Verdict> run_mixed(const LimitSettings& settings);
std::vector<Verdict> run_startstop(const LimitSettings& settings);
std::vector<Verdict> run_paths(const LimitSettings& settings);
std::vector<Verdict> run_conservation(const LimitSettings& settings);

}  // namespace ior::overhead
