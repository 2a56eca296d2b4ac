// The benchmarks of the whole pipeline that are not known before the program runs.
#pragma once

#include <filesystem>

#include "base/result.hpp"

namespace ior::bench {

// One for a file of recorded rings; an error when it cannot be read.
Result<void> register_replay(const std::filesystem::path& file);

// One for each such file in tests/data.
Result<void> register_recorded_replays();

}  // namespace ior::bench
