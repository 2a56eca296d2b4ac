// Figures and paths as people read them in a table. Pure functions, usable from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ior {

// "512 ns", "1.5 ms", "75.0 s".
std::string human_duration(std::uint64_t duration_ns);

// "512 B", "12.3 KiB".
std::string human_bytes(std::uint64_t bytes);

// How many columns UTF-8 text takes, one for each character.
std::size_t columns_of(std::string_view text);

// An absolute path of more columns than `columns` loses components from its middle, shown as "...";
// the last component always stays whole. Other text stays as it is.
std::string shorten_path(std::string_view path, std::size_t columns);

}  // namespace ior
