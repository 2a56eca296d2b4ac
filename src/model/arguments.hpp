// The arguments of a call as text, by their names and meanings: "fd=3 size=4096 offset=0",
// "domain=AF_INET type=SOCK_STREAM|SOCK_CLOEXEC protocol=0". Paths, which a row shows as its files,
// are left out; a number that has no name is shown as such. Thread safety: free functions.
#pragma once

#include <string>

#include "model/call.hpp"

namespace ior {

// Appends the call's arguments, with a space between them; nothing where it has none.
void append_arguments(std::string& out, const Call& call);

}  // namespace ior
