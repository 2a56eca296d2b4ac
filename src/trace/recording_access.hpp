// Whose a recording is: of root by itself, of the user who ran ior through sudo.
#pragma once

#include "sinks/recording_writer.hpp"

namespace ior {

// With the user and the group of SUDO_UID and SUDO_GID, as far as these are what they should be.
// Only root may give files away, and only root's environment is believed.
FileAccess recording_access(mode_t mode);

}  // namespace ior
