// Measurements made up for tests.
#pragma once

#include <string>
#include <vector>

#include "figures.hpp"

namespace ior::overhead {

inline Series series(const std::string& name, Role role, const std::vector<double>& ns_per_call) {
  Series made{.configuration = {.name = name, .role = role}};
  for (const double ns : ns_per_call) made.samples.push_back({ns, 1'000, {}});
  return made;
}

// Figures with nothing in them but what ior's cost is to the others'.
inline Figures ratios(const std::string& name, Role role, std::optional<Ratio> to_bare,
                      std::optional<Ratio> to_empty = std::nullopt) {
  Figures of;
  of.configuration = name;
  of.role = role;
  of.to_bare = to_bare;
  of.to_empty = to_empty;
  return of;
}

}  // namespace ior::overhead
