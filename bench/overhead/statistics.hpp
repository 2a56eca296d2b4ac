// What is said of repeated measurements: the middle one, and how far they lie apart.
#pragma once

#include <vector>

namespace ior::overhead {

struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
  double mad = 0;  // median of the distances from the median

  bool operator==(const Spread&) const = default;
};

// Requires: at least one value.
double median_of(std::vector<double> values);
Spread spread_of(const std::vector<double>& values);

}  // namespace ior::overhead
