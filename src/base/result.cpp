#include "base/result.hpp"

#include <cstring>

namespace ior {

std::unexpected<Error> fail_errno(std::string message, int error) {
  return fail(std::move(message) + ": " + std::strerror(error));
}

}  // namespace ior
