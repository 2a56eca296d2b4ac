#include "statistics.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ior::overhead {

double median_of(std::vector<double> values) {
  if (values.empty()) throw std::logic_error("the median of no values");
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Spread spread_of(const std::vector<double>& values) {
  const double median = median_of(values);
  std::vector<double> distances;
  distances.reserve(values.size());
  for (const double value : values) distances.push_back(std::abs(value - median));
  const auto [min, max] = std::ranges::minmax(values);
  return {median, min, max, median_of(distances)};
}

}  // namespace ior::overhead
