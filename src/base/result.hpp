// Errors of the control plane (options, load, attach, files): a value or a message that says what
// was attempted, why it failed and what to do. The data plane has no errors, it has counters.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace ior {

struct Error {
  std::string message;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(std::string message) {
  return std::unexpected(Error{std::move(message)});
}

// The message with errno's text behind it: "cannot open x: No such file or directory". Where files
// or memory ran out also what to do.
std::unexpected<Error> fail_errno(std::string message, int error);

}  // namespace ior
