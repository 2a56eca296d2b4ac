#include "model/arguments.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <iterator>
#include <string_view>

#include "catalog/catalog.hpp"
#include "model/open_flags.hpp"

namespace ior {
namespace {

// Of a syscall without a row.
constexpr Argument kUnknownArguments[] = {
    {"arg0", "arg0", IOR_FORMAT_hex}, {"arg1", "arg1", IOR_FORMAT_hex},
    {"arg2", "arg2", IOR_FORMAT_hex}, {"arg3", "arg3", IOR_FORMAT_hex},
    {"arg4", "arg4", IOR_FORMAT_hex}, {"arg5", "arg5", IOR_FORMAT_hex},
};

struct Constant {
  ior_format set;
  std::uint32_t value;
  std::string_view name;
};

constexpr Constant kConstants[] = {
#define SET(set, values)
#define CONSTANT(set, name) {IOR_FORMAT_##set, static_cast<std::uint32_t>(name), #name},
#include "catalog/constants.def"
#undef SET
#undef CONSTANT
};

// Which bits of a set's values hold one value together.
constexpr std::uint32_t values_of(ior_format set) {
  switch (set) {
#define SET(set, values) \
  case IOR_FORMAT_##set: \
    return values;
#define CONSTANT(set, name)
#include "catalog/constants.def"
#undef SET
#undef CONSTANT
    default:
      return 0;
  }
}

std::string_view name_of_value(ior_format set, std::uint32_t value) {
  for (const Constant& constant : kConstants) {
    if (constant.set == set && constant.value == value) return constant.name;
  }
  return {};
}

void append_part(std::string& out, std::size_t start, std::string_view part) {
  if (out.size() > start) out += '|';
  out += part;
}

// The value's name, then those of its flags, then what has no name.
void append_constants(std::string& out, ior_format set, std::uint64_t argument) {
  const std::size_t start = out.size();
  const std::uint32_t values = values_of(set);
  const auto value = static_cast<std::uint32_t>(argument) & values;
  std::uint32_t flags = static_cast<std::uint32_t>(argument) & ~values;
  if (const auto name = values != 0 ? name_of_value(set, value) : ""; !name.empty()) {
    append_part(out, start, name);
  } else if (value != 0) {
    append_part(out, start, fmt::format("{}", value));
  }
  for (const Constant& constant : kConstants) {
    if (constant.set != set || (constant.value & values) != 0 || constant.value == 0) continue;
    if ((flags & constant.value) != constant.value) continue;
    append_part(out, start, constant.name);
    flags &= ~constant.value;
  }
  if (flags != 0) append_part(out, start, fmt::format("{:#x}", flags));
  if (out.size() == start) out += '0';
}

void append_address(std::string& out, std::uint64_t captured) {
  const auto family = static_cast<std::uint32_t>(captured >> 48 & 0xff);
  append_constants(out, IOR_FORMAT_domain, family);
  if (family != AF_INET) return;
  fmt::format_to(std::back_inserter(out), ":{}.{}.{}.{}:{}", captured >> 24 & 0xff,
                 captured >> 16 & 0xff, captured >> 8 & 0xff, captured & 0xff,
                 captured >> 32 & 0xffff);
}

void append_captured(std::string& out, ior_format format, std::uint64_t value) {
  switch (format) {
    case IOR_FORMAT_timespec:
    case IOR_FORMAT_timeval:
    case IOR_FORMAT_itimerspec:
    case IOR_FORMAT_itimerval:
      fmt::format_to(std::back_inserter(out), "{}s", static_cast<double>(value) / 1e9);
      break;
    case IOR_FORMAT_epoll_event:
      append_constants(out, IOR_FORMAT_epoll_events, value);
      break;
    case IOR_FORMAT_open_how:
      out += format_open_flags(static_cast<std::uint32_t>(value));
      break;
    case IOR_FORMAT_sockaddr:
      append_address(out, value);
      break;
    case IOR_FORMAT_brk:
    case IOR_FORMAT_file_handle:
      fmt::format_to(std::back_inserter(out), "{:#x}", value);
      break;
    default:
      fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

void append_passed(std::string& out, ior_format format, std::uint64_t value) {
  const auto to = std::back_inserter(out);
  switch (format) {
    case IOR_FORMAT_handle_given:
      fmt::format_to(to, "{:#x}", value & ~IOR_CAPTURED);
      break;
    case IOR_FORMAT_dirfd:
      if (static_cast<std::int32_t>(value) == AT_FDCWD) {
        out += "AT_FDCWD";
        break;
      }
      [[fallthrough]];
    case IOR_FORMAT_int:
      fmt::format_to(to, "{}", static_cast<std::int32_t>(value));
      break;
    case IOR_FORMAT_unsigned:
      fmt::format_to(to, "{}", static_cast<std::uint32_t>(value));
      break;
    case IOR_FORMAT_long:
      fmt::format_to(to, "{}", static_cast<std::int64_t>(value));
      break;
    case IOR_FORMAT_size:
      fmt::format_to(to, "{}", value);
      break;
    case IOR_FORMAT_octal:
      fmt::format_to(to, "{:#o}", value & 0xffff);
      break;
    case IOR_FORMAT_open_flags:
      out += format_open_flags(static_cast<std::uint32_t>(value));
      break;
    case IOR_FORMAT_hex:
    case IOR_FORMAT_pointer:
      fmt::format_to(to, "{:#x}", value);
      break;
    default:
      append_constants(out, format, value);
  }
}

void append_argument(std::string& out, const Argument& row, std::uint64_t value) {
  if (row.format < IOR_CAPTURED_FORMATS) {
    const bool is_read = (value & IOR_CAPTURED) != 0;
    out += is_read ? row.name : row.identifier;
    out += '=';
    if (is_read) return append_captured(out, row.format, value & ~IOR_CAPTURED);
    return append_passed(out, IOR_FORMAT_pointer, value);
  }
  out += row.name;
  out += '=';
  append_passed(out, row.format, value);
}

}  // namespace

void append_arguments(std::string& out, const Call& call) {
  const std::size_t start = out.size();
  const Syscall* syscall = find_syscall(call.number, call.table);
  for (std::size_t i = 0; i < std::min(call.args.size(), std::size(kUnknownArguments)); ++i) {
    const Argument& row = syscall ? argument_of(syscall->arguments[i]) : kUnknownArguments[i];
    if (row.format == IOR_FORMAT_hidden || row.format == IOR_FORMAT_none) continue;
    if (out.size() > start) out += ' ';
    append_argument(out, row, call.args[i]);
  }
}

}  // namespace ior
