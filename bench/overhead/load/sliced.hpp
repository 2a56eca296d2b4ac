// Runs what one thread does over and over, in slices: between two of them it looks at the clock,
// and the fastest one tells what the work costs where nothing disturbs it.
#pragma once

#include <algorithm>
#include <limits>

#include "workload.hpp"

namespace ior::load {

inline constexpr std::uint64_t kSlices = 32;

// `slice(units, tally)` does so many units, each of `calls_per_unit` calls. Where the limit is a
// number of calls, it is rounded up to whole units.
template <typename Slice>
Measured run_in_slices(const Limit& limit, std::uint64_t calls_per_unit,
                       std::uint64_t units_per_timed_slice, Slice slice) {
  Measured measured;
  std::uint64_t units_left = limit.calls != 0 ? (limit.calls + calls_per_unit - 1) / calls_per_unit
                                              : std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t units_per_slice =
      limit.calls != 0 ? (units_left + kSlices - 1) / kSlices : units_per_timed_slice;
  double best = std::numeric_limits<double>::infinity();
  const std::uint64_t start_ns = now_ns();
  std::uint64_t before_ns = start_ns, after_ns = start_ns;
  while (units_left > 0 && (limit.time_ns == 0 || after_ns - start_ns < limit.time_ns)) {
    const std::uint64_t units = std::min(units_left, units_per_slice);
    slice(units, measured.calls);
    after_ns = now_ns();
    best = std::min(best, static_cast<double>(after_ns - before_ns) /
                              static_cast<double>(units * calls_per_unit));
    units_left -= units;
    before_ns = after_ns;
  }
  measured.elapsed_ns = after_ns - start_ns;
  measured.best_slice_ns_per_call = best;
  return measured;
}

}  // namespace ior::load
