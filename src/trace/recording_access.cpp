#include "trace/recording_access.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace ior {
namespace {

// An id is 32 bits, of which all set are none.
std::uint32_t id_in(const char* variable) {
  const char* value = std::getenv(variable);
  const std::string_view text = value != nullptr ? value : "";
  std::uint32_t id = FileAccess::kOwn;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc() && rest == text.data() + text.size() ? id : FileAccess::kOwn;
}

}  // namespace

FileAccess recording_access(mode_t mode) {
  FileAccess access{.mode = mode};
  if (::getuid() != 0 || ::geteuid() != 0) return access;
  access.user = id_in("SUDO_UID");
  if (access.user != FileAccess::kOwn) access.group = id_in("SUDO_GID");
  return access;
}

}  // namespace ior
