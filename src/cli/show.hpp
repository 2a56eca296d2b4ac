// The commands that print something and trace nothing: help, version, the catalogue, and what is in
// a recording.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "cli/options.hpp"

namespace ior {

// Prints to stdout. Errors: the recording cannot be read or is damaged, or stdout cannot be
// written.
Result<void> show(const Options& options, std::string_view version);

}  // namespace ior
