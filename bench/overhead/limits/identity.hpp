// No call is forgotten: what a workload made is what was recorded and what was lost, by cause.
#pragma once

#include <string>
#include <vector>

#include "limits/ior_run.hpp"
#include "load.hpp"
#include "verdict.hpp"

namespace ior::overhead {

// Requires: the report is of a trace of the workload alone, of all calls that it made.
std::vector<Verdict> judge_identity(const std::string& name, const IorReport& report,
                                    const LoadResult& made);

}  // namespace ior::overhead
