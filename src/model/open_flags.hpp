// Open flags as text and back to what a reader wants of them.
#pragma once

#include <cstdint>
#include <string>

namespace ior {

// "O_RDWR|O_APPEND": the access mode always first, unknown bits as one hexadecimal number at the
// end.
std::string format_open_flags(std::uint32_t flags);

// The part of a kernel's file->f_flags that is the open file's status: the access mode and what
// F_SETFL can change, with O_SYNC, O_DSYNC and O_PATH; without creation flags, O_CLOEXEC (the
// fd's), O_LARGEFILE and kernel-internal bits.
std::uint32_t status_flags(std::uint32_t f_flags);

}  // namespace ior
