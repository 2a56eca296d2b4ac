// What the kernel side is told before it is loaded: whom it traces, and what it does about each
// call, worked out of the catalogue so that a probe has one byte to look at.
#pragma once

#include <cstdint>

#include "bpf/session.hpp"
#include "bpf/settings.h"

namespace ior {

ior_settings kernel_settings(const SessionSettings& settings, std::uint64_t ring_bytes);

}  // namespace ior
