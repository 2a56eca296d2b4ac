// The benchmarks of the whole pipeline that are not known before the program runs.
#pragma once

namespace ior::bench {

// One for each file of recorded rings in tests/data. False, and a message, when a file cannot be
// read.
bool register_recorded_replays();

}  // namespace ior::bench
