// Draws up what came of every traced call, for the recording: the kernel side's own totals and
// counters, beside what the pipeline saw of the records. Pure, usable from any thread.
#pragma once

#include <cstdint>

#include "actors/pipeline.hpp"
#include "bpf/session.hpp"
#include "model/recording.hpp"

namespace ior {

// Fills losses, cpu_losses, totals, calls_seen and calls_recorded. `in_flight` are the calls that
// had not ended when the probes were detached. Each lost call is counted under one cause;
// unexplained() says what is left over.
void draw_up_ledger(const KernelCounts& kernel, const PipelineCounts& pipeline,
                    std::uint64_t in_flight, Recording& recording);

}  // namespace ior
