// What came of every traced call: its record arrived, or it is lost under one cause, or nobody
// knows. Pure functions, usable from any thread.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <string_view>

#include "model/recording.hpp"

namespace ior {

// The sum of all counts of a severity.
std::uint64_t total_of(const Recording& recording, Severity severity);

// That of one loss, by its name; 0 where there is none.
std::uint64_t count_of(const Recording& recording, std::string_view loss);

// The kernel side's total, less the calls that were seen, less those lost by any cause: 0 where the
// books balance. Below 0: more was seen or lost than there was.
std::int64_t unexplained(const Recording& recording);

// How many calls of a tracepoint happened and were not seen. Lifetime: the recording's.
class MissingCalls {
 public:
  explicit MissingCalls(const Recording& recording);
  // 0 of one that has no total.
  std::uint64_t of(std::string_view tracepoint) const;

 private:
  absl::flat_hash_map<std::string_view, std::uint64_t> by_tracepoint_;
};
// The same of all tracepoints.
std::uint64_t missing(const Recording& recording);

}  // namespace ior
