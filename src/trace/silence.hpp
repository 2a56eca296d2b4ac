// Why a trace has seen no call of its target: what that does instead.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/options.hpp"

namespace ior {

// Lines for the user, of the process or thread `id` as /proc has it now; one in any case.
// `selection`: what is traced; `is_followed`: its children are, too.
std::vector<std::string> explain_silence(std::uint32_t id, const Selection& selection,
                                         bool is_followed);

}  // namespace ior
