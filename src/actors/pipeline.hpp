// The concurrent pipeline from rings to records: wires the actors into a flow graph and drives it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "actors/pairer.hpp"
#include "bpf/ring_source.hpp"
#include "model/recording.hpp"
#include "sinks/sink.hpp"

namespace ior {

struct PipelineOptions {
  int threads = 1;  // that do all the work, ring reading included
  CallFilter filter;
  CallSink* rows = nullptr;  // gets each call, if any
  bool aggregate = true;     // sum the calls into records
};

struct PipelineCounts {
  PairerCounts calls;
  std::uint64_t malformed = 0;  // records that were not understood
  std::uint64_t folded = 0;     // calls without a record of their own, because the tables are full
};

// The number of threads that suits the machine: half the CPUs that this process may use, between 1
// and 8.
int default_threads();

// Thread safety: one thread. Lifetime: source and rows outlive the pipeline.
class Pipeline {
 public:
  Pipeline(RingSource& source, PipelineOptions options);
  ~Pipeline();

  void start();
  // Reads what is left in the rings, finishes everything that was read and ends the threads.
  // Requires: nothing writes to the rings any more. The results below are complete after it.
  void stop();

  PipelineCounts counts() const;
  // Fills the recording's strings, processes and records.
  void collect(Recording& recording) const;

 private:
  struct Graph;
  std::unique_ptr<Graph> graph_;
};

}  // namespace ior
