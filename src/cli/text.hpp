// Small work on the texts of a command line. Pure functions, usable from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ior {

// The items between commas, without blanks around them; none of an empty text. The items are parts
// of `list`.
std::vector<std::string_view> split_list(std::string_view list);

// ASCII only.
std::string to_lower(std::string_view text);

}  // namespace ior
