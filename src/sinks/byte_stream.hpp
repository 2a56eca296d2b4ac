// How bytes move between the parts of a recording's file: a writer pushes into a sink, a reader
// pulls from a source, so that neither holds a whole file in memory. Used by one thread at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include "base/result.hpp"

namespace ior {

using ByteSink = std::function<Result<void>(std::string_view bytes)>;

// Fills the front of `out` (which is not empty) and says how much of it; 0 only at the end.
using ByteSource = std::function<Result<std::size_t>(std::span<char> out)>;

}  // namespace ior
