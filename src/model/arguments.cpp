#include "model/arguments.hpp"

#include <arpa/inet.h>
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
#include <array>
#include <csignal>
#include <cstring>
#include <ctime>
#include <iterator>
#include <optional>
#include <string_view>

#include "catalog/catalog.hpp"
#include "model/open_flags.hpp"

// Newer than the oldest headers that ior is built with.
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200
#endif
#ifndef AT_HANDLE_MNT_ID_UNIQUE
#define AT_HANDLE_MNT_ID_UNIQUE 0x001
#endif
#ifndef AT_HANDLE_CONNECTABLE
#define AT_HANDLE_CONNECTABLE 0x002
#endif

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
#define WIDE_SET(set, values)
#define CONSTANT(set, name) {IOR_FORMAT_##set, static_cast<std::uint32_t>(name), #name},
#include "catalog/constants.def"
#undef SET
#undef WIDE_SET
#undef CONSTANT
};

// Which bits of a set's values hold one value together.
constexpr std::uint64_t values_of(ior_format set) {
  switch (set) {
#define SET(set, values) \
  case IOR_FORMAT_##set: \
    return (values) == UINT32_MAX ? UINT64_MAX : (values);
#define WIDE_SET(set, values) SET(set, values)
#define CONSTANT(set, name)
#include "catalog/constants.def"
#undef SET
#undef WIDE_SET
#undef CONSTANT
    default:
      return 0;
  }
}

std::string_view name_of_value(ior_format set, std::uint64_t value) {
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
  const std::uint64_t passed = is_wide(set) ? argument : static_cast<std::uint32_t>(argument);
  const std::uint64_t values = values_of(set);
  const std::uint64_t value = passed & values;
  std::uint64_t flags = passed & ~values;
  if (const auto name = values != 0 ? name_of_value(set, value) : ""; !name.empty()) {
    append_part(out, start, name);
  } else if (value != 0) {
    append_part(out, start, fmt::format("{}", value));
  }
  for (const Constant& constant : kConstants) {
    if (constant.set != set || (constant.value & values) != 0 || constant.value == 0) continue;
    if ((flags & constant.value) != constant.value) continue;
    append_part(out, start, constant.name);
    flags &= ~std::uint64_t{constant.value};
  }
  if (flags != 0) append_part(out, start, fmt::format("{:#x}", flags));
  if (out.size() == start) out += '0';
}

// The whole struct, where so much of it was passed.
template <typename T>
std::optional<T> address_as(std::string_view bytes, std::size_t needed) {
  if (bytes.size() < needed) return std::nullopt;
  T address{};
  std::memcpy(&address, bytes.data(), std::min(bytes.size(), sizeof(address)));
  return address;
}

void append_host(std::string& out, int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, address, text.data(), text.size());
  out += text.data();
}

// An abstract name may have zero bytes anywhere; a path ends at the first.
void append_unix_address(std::string& out, std::string_view path) {
  if (path.empty()) return;
  out += ':';
  if (path.front() != '\0') {
    out += path.substr(0, path.find('\0'));
    return;
  }
  for (const char c : path) out += c == '\0' ? '@' : c;
}

// "AF_INET:127.0.0.1:80", "AF_INET6:[::1]:80", "AF_UNIX:/run/x", "AF_UNIX:@abstract", "AF_NETLINK".
void append_address(std::string& out, std::string_view bytes) {
  const auto family = address_as<sa_family_t>(bytes, sizeof(sa_family_t));
  if (!family) return;
  append_constants(out, IOR_FORMAT_domain, *family);
  if (*family == AF_UNIX) {
    append_unix_address(out, bytes.substr(sizeof(sa_family_t)));
  } else if (const auto inet = address_as<sockaddr_in>(bytes, 8); inet && *family == AF_INET) {
    out += ':';
    append_host(out, AF_INET, &inet->sin_addr);
    fmt::format_to(std::back_inserter(out), ":{}", ntohs(inet->sin_port));
  } else if (const auto inet6 = address_as<sockaddr_in6>(bytes, 24); inet6 && *family == AF_INET6) {
    out += ":[";
    append_host(out, AF_INET6, &inet6->sin6_addr);
    if (inet6->sin6_scope_id != 0) {
      fmt::format_to(std::back_inserter(out), "%{}", inet6->sin6_scope_id);
    }
    fmt::format_to(std::back_inserter(out), "]:{}", ntohs(inet6->sin6_port));
  }
}

// What was captured, less the mark in its highest bit.
std::int64_t signed_value(std::uint64_t captured) {
  return static_cast<std::int64_t>(captured << 1) >> 1;
}

// "1.5s", "-5s", "0.000000007s"; ">" or "<" where it is beyond what can be kept.
void append_time(std::string& out, std::int64_t ns) {
  constexpr std::int64_t kMost = (std::int64_t{1} << 62) - 1;
  if (ns == kMost || ns == ~kMost) out += ns < 0 ? '<' : '>';
  if (ns < 0) out += '-';
  const std::uint64_t whole =
      ns < 0 ? -static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  std::string text = fmt::format("{}.{:09}", whole / 1'000'000'000, whole % 1'000'000'000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  out += text + 's';
}

void append_captured(std::string& out, ior_format format, std::uint64_t value) {
  switch (format) {
    case IOR_FORMAT_timespec:
    case IOR_FORMAT_timeval:
    case IOR_FORMAT_itimerspec:
    case IOR_FORMAT_itimerval:
      append_time(out, signed_value(value));
      break;
    case IOR_FORMAT_offset_at:
      fmt::format_to(std::back_inserter(out), "{}", signed_value(value));
      break;
    case IOR_FORMAT_epoll_event:
      append_constants(out, IOR_FORMAT_epoll_events, value);
      break;
    case IOR_FORMAT_open_how:
      out += format_open_flags(static_cast<std::uint32_t>(value));
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
    case IOR_FORMAT_size:  // -1 is no size
      fmt::format_to(to, "{}", static_cast<std::int64_t>(value));
      break;
    case IOR_FORMAT_octal:
      fmt::format_to(to, "{:#o}", value & 0xffff);
      break;
    case IOR_FORMAT_open_flags:
      out += format_open_flags(static_cast<std::uint32_t>(value));
      break;
    case IOR_FORMAT_hex32:
      fmt::format_to(to, "{:#x}", static_cast<std::uint32_t>(value));
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

// The kernel looks at the mode of an open only where that may create a file.
bool is_unused_mode(const Syscall& syscall, const Call& call, std::size_t position) {
  if (syscall.arguments[position] != IOR_ARGUMENT_mode) return false;
  const auto flags = std::ranges::find(syscall.arguments, IOR_ARGUMENT_open_flags);
  if (flags == syscall.arguments.end()) return false;
  const auto at = static_cast<std::size_t>(flags - syscall.arguments.begin());
  return at < call.args.size() && (call.args[at] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) == 0;
}

// A request into a buffer that the kernel is to choose has none of its own yet.
bool is_size_of_none(const Call& call, const Argument& row, std::uint64_t value) {
  return call.table == IOR_TABLE_URING && row.format == IOR_FORMAT_size && value == ~0ull;
}

bool is_shown(const Syscall* syscall, const Call& call, const Argument& row, std::size_t position) {
  if (row.format == IOR_FORMAT_hidden || row.format == IOR_FORMAT_none) return false;
  if (syscall && is_unused_mode(*syscall, call, position)) return false;
  return !is_size_of_none(call, row, call.args[position]);
}

// Of a 32-bit call the sizes that are none, too, are as the kernel extends their sign.
std::uint64_t passed_value(const Call& call, const Argument& row, std::uint64_t value) {
  const bool is_none = call.table == IOR_TABLE_32 && row.format == IOR_FORMAT_size;
  return is_none && value == UINT32_MAX ? ~0ull : value;
}

}  // namespace

void append_arguments(std::string& out, const Call& call) {
  const std::size_t start = out.size();
  const Syscall* syscall = find_syscall(call.number, call.table);
  for (std::size_t i = 0; i < std::min(call.args.size(), std::size(kUnknownArguments)); ++i) {
    const Argument& row = syscall ? argument_of(syscall->arguments[i]) : kUnknownArguments[i];
    if (!is_shown(syscall, call, row, i)) continue;
    if (out.size() > start) out += ' ';
    const bool has_address = !call.address.empty();
    if (!has_address || row.format != IOR_FORMAT_sockaddr) {
      append_argument(out, row, passed_value(call, row, call.args[i]));
    }
    if (!has_address) continue;
    if (row.format == IOR_FORMAT_msghdr) out += ' ';
    if (row.format == IOR_FORMAT_sockaddr || row.format == IOR_FORMAT_msghdr) {
      out += "addr=";
      append_address(out, call.address);
    }
  }
}

}  // namespace ior
