#include "model/call.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "catalog/catalog.hpp"

namespace ior {
namespace {

// What an argument of a size says; where it is not known, all that there may be.
std::uint64_t limit_in(const Call& call, std::uint8_t argument) {
  if (argument >= call.args.size()) return ~std::uint64_t{0};
  return call.args[argument] & ~IOR_CAPTURED;
}

ByteClass way_open(const Call& call) {
  const bool is_for_reading_alone = call.has_flags && (call.flags & O_ACCMODE) == O_RDONLY;
  return is_for_reading_alone ? ByteClass::read : ByteClass::write;
}

bool has(ByteClass way, ByteClass part) {
  return (std::to_underlying(way) & std::to_underlying(part)) != 0;
}

}  // namespace

std::string_view why_no_return(const Call& call) {
  if (call.table == IOR_TABLE_AIO) return "unknown: its ring of events was not read";
  if (call.table == IOR_TABLE_URING) return "unknown: no completion posted";
  return "";
}

MovedBytes bytes_of(const Call& call) {
  if (call.ret <= 0) return {};
  const Syscall* syscall = find_syscall(call.number, call.table);
  if (!syscall || syscall->bytes.kind == ByteClass::none) return {};
  const ByteRule& rule = syscall->bytes;
  if (rule.flags < call.args.size() && (call.args[rule.flags] & MSG_PEEK)) return {};
  const auto moved = std::min(static_cast<std::uint64_t>(call.ret), limit_in(call, rule.limit));
  const ByteClass way = rule.kind == ByteClass::either ? way_open(call) : rule.kind;
  return {.read = has(way, ByteClass::read) ? moved : 0,
          .written = has(way, ByteClass::write) ? moved : 0};
}

}  // namespace ior
