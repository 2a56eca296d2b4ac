#include "base/result.hpp"

#include <cerrno>
#include <cstring>

namespace ior {
namespace {

// What to do about errors that mean the same whatever was attempted.
std::string advice_on(int error) {
  switch (error) {
    case EMFILE:
      return ": raise the limit of open files (ulimit -Hn) before you start ior";
    case ENFILE:
      return ": close other programs, or raise the system's limit of open files (sysctl "
             "fs.file-max)";
    case ENOMEM:
      return ": free memory, or raise the limit of it (ulimit -v, or memory.max of the cgroup)";
    default:
      return {};
  }
}

}  // namespace

std::unexpected<Error> fail_errno(std::string message, int error) {
  return fail(std::move(message) + ": " + std::strerror(error) + advice_on(error));
}

}  // namespace ior
