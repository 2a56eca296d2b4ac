// One trace from start to end: checks, loads, attaches, waits, drains, writes. The order of the
// last steps is the shutdown order: stop the probes, drain the rings, wait for the graph, finish
// the sinks.
#pragma once

#include "base/result.hpp"
#include "cli/options.hpp"

namespace ior {

// What a trace that was begun ended with.
struct Outcome {
  int exit_code = 0;  // the command's own, where ior started one
};

// An error that `is_usage` of TraceError says came before anything was attached; nothing was traced
// then.
struct TraceError {
  std::string message;
  bool before_attach = false;
};

std::expected<Outcome, TraceError> run_trace(const Options& options);

}  // namespace ior
