// The limit of open files: ior needs some for each CPU, more than the usual soft limit on a large
// machine. One for the process, from before the first file is opened.
#pragma once

#include <sys/resource.h>

namespace ior {

class OpenFileLimit {
 public:
  // As high as it may be.
  OpenFileLimit();
  // As ior was given it, for a program that it starts: some go through all numbers up to it.
  void restore() const;

 private:
  rlimit before_{};
};

}  // namespace ior
