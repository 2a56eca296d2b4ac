// The calls that had not ended when tracing did, as lines of the summary. Pure function, usable
// from any thread.
#pragma once

#include <string>

#include "model/recording.hpp"

namespace ior {

// "" where there are none to show.
std::string format_in_flight(const Recording& recording);

}  // namespace ior
