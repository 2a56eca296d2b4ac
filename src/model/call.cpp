#include "model/call.hpp"

#include <sys/socket.h>

#include <algorithm>

#include "catalog/catalog.hpp"

namespace ior {
namespace {

// What an argument of a size says; where it is not known, all that there may be.
std::uint64_t limit_in(const Call& call, std::uint8_t argument) {
  if (argument >= call.args.size()) return ~std::uint64_t{0};
  return call.args[argument] & ~IOR_CAPTURED;
}

}  // namespace

std::string_view why_no_return(const Call& call) {
  if (call.table == IOR_TABLE_AIO) return "unknown: not reaped by a syscall";
  if (call.table == IOR_TABLE_URING) return "unknown: no completion posted";
  return "";
}

std::uint64_t bytes_of(const Call& call) {
  if (call.ret <= 0) return 0;
  const Syscall* syscall = find_syscall(call.number, call.table);
  if (!syscall || syscall->bytes.kind == ByteClass::none) return 0;
  const ByteRule& rule = syscall->bytes;
  if (rule.flags < call.args.size() && (call.args[rule.flags] & MSG_PEEK)) return 0;
  return std::min(static_cast<std::uint64_t>(call.ret), limit_in(call, rule.limit));
}

}  // namespace ior
