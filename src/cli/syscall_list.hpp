// The catalogue as text for people: the table of `ior syscalls`, and docs/SYSCALLS.md.
// Pure functions, usable from any thread.
#pragma once

#include <string>

namespace ior {

// One line per row in aligned columns, under a line of headings.
std::string list_syscalls();

// The whole of docs/SYSCALLS.md.
std::string syscalls_markdown();

}  // namespace ior
