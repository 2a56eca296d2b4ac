#include "model/open_flags.hpp"

#include <fcntl.h>

#include <array>
#include <string_view>

#include <fmt/format.h>

namespace ior {
namespace {

struct Flag {
  std::uint32_t bits;
  std::string_view name;
};

// Flags that contain another's bits come before it.
constexpr std::array kFlags = {
    Flag{O_CREAT, "O_CREAT"},         Flag{O_EXCL, "O_EXCL"},
    Flag{O_NOCTTY, "O_NOCTTY"},       Flag{O_TRUNC, "O_TRUNC"},
    Flag{O_APPEND, "O_APPEND"},       Flag{O_NONBLOCK, "O_NONBLOCK"},
    Flag{O_SYNC, "O_SYNC"},           Flag{O_DSYNC, "O_DSYNC"},
    Flag{O_ASYNC, "O_ASYNC"},         Flag{O_DIRECT, "O_DIRECT"},
    Flag{0100000, "O_LARGEFILE"},     Flag{O_TMPFILE, "O_TMPFILE"},
    Flag{O_DIRECTORY, "O_DIRECTORY"}, Flag{O_NOFOLLOW, "O_NOFOLLOW"},
    Flag{O_NOATIME, "O_NOATIME"},     Flag{O_CLOEXEC, "O_CLOEXEC"},
    Flag{O_PATH, "O_PATH"},
};

constexpr std::uint32_t kStatus =
    O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC | O_ASYNC | O_DIRECT | O_NOATIME | O_PATH;

std::string_view access_mode(std::uint32_t flags) {
  switch (flags & O_ACCMODE) {
    case O_RDONLY:
      return "O_RDONLY";
    case O_WRONLY:
      return "O_WRONLY";
    case O_RDWR:
      return "O_RDWR";
    default:
      return "O_ACCMODE";
  }
}

}  // namespace

std::string format_open_flags(std::uint32_t flags) {
  std::string text(access_mode(flags));
  std::uint32_t rest = flags & ~static_cast<std::uint32_t>(O_ACCMODE);
  for (const Flag& flag : kFlags) {
    if ((rest & flag.bits) != flag.bits) continue;
    text += '|';
    text += flag.name;
    rest &= ~flag.bits;
  }
  if (rest != 0) text += fmt::format("|{:#x}", rest);
  return text;
}

std::uint32_t status_flags(std::uint32_t f_flags) {
  return f_flags & kStatus;
}

}  // namespace ior
