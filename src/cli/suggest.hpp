// For a misspelt name: the names that the user may have meant, as the end of an error message.
// Pure functions, usable from any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ior {

// ", did you mean openat or openat2?" with the nearest of the names, at most three; empty where
// none is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> names);

}  // namespace ior
