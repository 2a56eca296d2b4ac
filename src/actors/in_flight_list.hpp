// The calls that had not ended when tracing did: of many, the oldest ones.
//
// Thread safety: one thread. Bound: twice kMost calls.
#pragma once

#include <cstddef>
#include <vector>

#include "model/recording.hpp"

namespace ior {

class InFlightList {
 public:
  static constexpr std::size_t kMost = 1000;

  void add(CallInFlight call);
  void absorb(InFlightList& other);
  // Moves them out, the oldest first.
  std::vector<CallInFlight> release();

 private:
  void drop_young();

  std::vector<CallInFlight> calls_;
};

}  // namespace ior
