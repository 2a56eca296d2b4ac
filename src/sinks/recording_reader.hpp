// Gets a recording back from its file. Usable from any thread.
#pragma once

#include <string>

#include "base/result.hpp"
#include "model/recording.hpp"

namespace ior {

// All of the file is checked; an error says what file, what is wrong with it and what to do.
Result<Recording> read_recording(const std::string& file);

}  // namespace ior
