// Where finished calls go one by one, as a trace runs.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "model/call.hpp"

namespace ior {

// Thread safety: called by one thread at a time.
class CallSink {
 public:
  virtual ~CallSink() = default;
  // The calls of a batch, in the order of each thread. Their views are good during this call only.
  virtual void write(std::span<const Call> calls) noexcept = 0;
  // Every call that ended before then has been written, but for those of which the end becomes
  // known later. What ends later may still come.
  virtual void settle(std::uint64_t before_ns) noexcept = 0;
  // After the last batch. The first error that writing met.
  virtual Result<void> finish() = 0;
};

}  // namespace ior
