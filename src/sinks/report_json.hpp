// What became of a trace's calls, as JSON for programs: totals, losses by cause and CPU, and what
// each syscall misses. docs/REPORT.md has the fields. Usable from any thread.
#pragma once

#include <ostream>

#include "model/recording.hpp"

namespace ior {

// One object, indented, with `ascii` in printable ASCII. Whether writing worked, the stream knows.
// Requires: check_recording took the recording.
void write_report_json(const Recording& recording, std::ostream& out, bool ascii = false);

}  // namespace ior
