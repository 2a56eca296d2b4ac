// The parts of the help texts that no single option owns. Pure functions, usable from any thread.
#pragma once

#include <string>
#include <string_view>

#include "cli/options.hpp"

namespace ior {

// One line: what the command does.
std::string_view about(Command command);

// How the command is called.
std::string_view usage_of(Command command);

// Of tracing: how a selection is made up, families, kinds, examples and the exit status.
std::string trace_help_footer();

}  // namespace ior
