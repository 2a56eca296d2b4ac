// The program's version, as -version and the recording's header show it.
#pragma once

#include <string_view>

namespace ior {

inline constexpr std::string_view kVersion = IOR_VERSION;

}  // namespace ior
