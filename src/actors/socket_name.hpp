// The name of a socket, from what the kernel side says of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ior {

// "socket:[INODE FAMILY TYPE LOCAL->PEER]", with as much of it as the socket has: an inet socket's
// addresses, a unix socket's path (`->` before it when only the peer is bound, `@` for the zero
// byte of an abstract one). `text` is an ior_socket and a path (bpf/wire.h); what is too short for
// that gives "socket:[INODE]", as /proc/PID/fd has it.
std::string socket_name(std::string_view text, std::uint64_t inode);

}  // namespace ior
