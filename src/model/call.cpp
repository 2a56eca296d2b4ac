#include "model/call.hpp"

#include "catalog/catalog.hpp"

namespace ior {

std::string_view why_no_return(const Call& call) {
  if (call.table == IOR_TABLE_AIO) return "unknown: not reaped by a syscall";
  if (call.table == IOR_TABLE_URING) return "unknown: no completion posted";
  return "";
}

std::uint64_t bytes_of(const Call& call) {
  if (call.ret <= 0) return 0;
  const Syscall* syscall = find_syscall(call.number, call.table);
  return syscall && syscall->bytes != ByteClass::none ? static_cast<std::uint64_t>(call.ret) : 0;
}

}  // namespace ior
