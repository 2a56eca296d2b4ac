#include "actors/in_flight_list.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace ior {
namespace {

// One since before the trace is older than any that began in it.
bool is_older(const CallInFlight& left, const CallInFlight& right) {
  return std::tuple(!left.since_before_start, ~left.age_ns, left.tgid, left.tid) <
         std::tuple(!right.since_before_start, ~right.age_ns, right.tgid, right.tid);
}

}  // namespace

void InFlightList::add(CallInFlight call) {
  calls_.push_back(std::move(call));
  if (calls_.size() >= 2 * kMost) drop_young();
}

void InFlightList::absorb(InFlightList& other) {
  for (CallInFlight& call : other.release()) add(std::move(call));
}

std::vector<CallInFlight> InFlightList::release() {
  std::ranges::sort(calls_, is_older);
  if (calls_.size() > kMost) calls_.resize(kMost);
  return std::exchange(calls_, {});
}

void InFlightList::drop_young() {
  std::ranges::nth_element(calls_, calls_.begin() + kMost, is_older);
  calls_.resize(kMost);
}

}  // namespace ior
