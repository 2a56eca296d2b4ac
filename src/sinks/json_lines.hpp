// One JSON object per record and line, for programs that read recordings. Pure, usable from any
// thread.
#pragma once

#include <ostream>

#include "model/recording.hpp"

namespace ior {

// Keys, in this order: path, old_path, tracepoint, comm, pid, tid, root, flags, count,
// errors, duration_ns, gap_ns, bytes_read, bytes_written, at_most, unmeasured. A figure that is not
// known is null. Names are bytes and JSON is UTF-8: what is no UTF-8 in a name becomes U+FFFD; with
// `ascii` whatever is not of printable ASCII is written as \uNNNN. Whether writing worked, the
// stream knows. Requires: check_recording took the recording.
void write_json_lines(const Recording& recording, std::ostream& out, bool ascii = false);

}  // namespace ior
