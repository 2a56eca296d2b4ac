#include "trace/open_files.hpp"

namespace ior {

OpenFileLimit::OpenFileLimit() {
  ::getrlimit(RLIMIT_NOFILE, &before_);
  const rlimit highest{before_.rlim_max, before_.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &highest);
}

void OpenFileLimit::restore() const {
  ::setrlimit(RLIMIT_NOFILE, &before_);
}

}  // namespace ior
