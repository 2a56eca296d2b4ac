// Makes calls of this process fail, as on a kernel or a file system that lacks what they ask for.
#pragma once

#include <cstdint>

namespace ior::test {

struct DeniedCall {
  int number = 0;
  unsigned argument = 0;    // fails where of this one...
  std::uint32_t mask = 0;   // ...these bits...
  std::uint32_t value = 0;  // ...are these
  int error = 0;            // its errno
};

// From now on, for this process and those that it makes. Only adds to what is denied already.
void deny(const DeniedCall& call);

}  // namespace ior::test
