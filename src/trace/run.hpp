// One trace from start to end: checks, loads, attaches, waits, drains, writes. The order of the
// last steps is the shutdown order: stop the probes, drain the rings, wait for the graph, finish
// the sinks.
#pragma once

#include <expected>
#include <string>

#include "cli/options.hpp"

namespace ior {

struct TraceError {
  std::string message;
  bool before_attach = false;  // nothing was traced
};

// The exit code: 0, or the command's own where ior started one.
std::expected<int, TraceError> run_trace(const Options& options);

}  // namespace ior
