// The concurrent pipeline from rings to records: wires the actors into a flow graph and drives it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "actors/aggregator.hpp"
#include "actors/pairer.hpp"
#include "base/result.hpp"
#include "bpf/ring_source.hpp"
#include "model/recording.hpp"
#include "sinks/sink.hpp"

namespace ior {

struct PipelineOptions {
  int threads = 1;  // that do all the work, ring reading included
  CallFilter filter;
  CallSink* rows = nullptr;                    // gets each call, if any
  bool aggregate = true;                       // sum the calls into records
  std::size_t max_keys = TableRoom::kRecords;  // so many records at most
};

struct PipelineCounts {
  PairerCounts calls;
  std::uint64_t malformed = 0;  // records that were not understood
  FoldedCounts folded;          // calls without a record of their own, because the tables are full
};

// Thread safety: one thread. Lifetime: source and rows outlive the pipeline.
class Pipeline {
 public:
  Pipeline(RingSource& source, PipelineOptions options);
  ~Pipeline();

  // When this returns every thread runs that is ever needed. Errors: one could not be made.
  Result<void> start();
  // Reads what is left in the rings, finishes everything that was read and ends the threads.
  // Requires: nothing writes to the rings any more. The results below are complete after it.
  void stop();

  PipelineCounts counts() const;
  // Moves strings, processes, records and calls in flight into the recording, which has none.
  // Requires: called once.
  void collect(Recording& recording);

 private:
  struct Graph;
  std::unique_ptr<Graph> graph_;
};

}  // namespace ior
