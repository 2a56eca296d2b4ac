// What ior says to its user on standard error. Every message goes this way, because any may hold
// names that others chose.
#pragma once

#include <string_view>

#include "base/escape.hpp"

namespace ior {

// Prints a line, "ior: MESSAGE". Thread safety: any thread.
void say(std::string_view message, Escape when = Escape::automatic);

}  // namespace ior
