#include "tests/support/seen_calls.hpp"

namespace ior::test {

SeenCall seen(const Call& call) {
  return {.number = call.number,
          .table = call.table,
          .after_loss = call.after_loss,
          .has_flags = call.has_flags,
          .no_return = call.no_return,
          .tgid = call.caller->tgid,
          .tid = call.caller->tid,
          .flags = call.flags,
          .process_start_ns = call.caller->process_start_ns,
          .enter_ns = call.enter_ns,
          .duration_ns = call.duration_ns,
          .gap_ns = call.gap_ns,
          .ret = call.ret,
          .comm = std::string(call.caller->comm_view()),
          .path = std::string(text_of(call.path)),
          .old_path = std::string(text_of(call.old_path)),
          .root = std::string(text_of(root_of(*call.caller, call.path, call.old_path)))};
}

std::ostream& operator<<(std::ostream& out, const SeenCall& call) {
  out << "call " << call.number << (call.table == IOR_TABLE_32 ? " (32-bit)" : "") << " of "
      << call.tgid << '.' << call.tid << " '" << call.comm << "' started " << call.process_start_ns
      << ": entered " << call.enter_ns << " took " << call.duration_ns << " gap " << call.gap_ns;
  if (call.after_loss) out << " after loss";
  out << (call.no_return ? " never returned" : " returned ");
  if (!call.no_return) out << call.ret;
  if (call.has_flags) out << " flags " << call.flags;
  return out << " path '" << call.path << "' old '" << call.old_path << "' root '" << call.root
             << "'";
}

void CollectedRows::write(std::span<const Call> calls) noexcept {
  for (const Call& call : calls) calls_.push_back(seen(call));
}

}  // namespace ior::test
