// Where finished calls go one by one, as a trace runs.
#pragma once

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
  // After the last batch. The first error that writing met.
  virtual Result<void> finish() = 0;
};

}  // namespace ior
