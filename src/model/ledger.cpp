#include "model/ledger.hpp"

namespace ior {
namespace {

std::uint64_t missing(const SyscallTotal& total) {
  return total.calls > total.seen ? total.calls - total.seen : 0;
}

}  // namespace

std::uint64_t total_of(const Recording& recording, Severity severity) {
  std::uint64_t total = 0;
  for (const Loss& loss : recording.losses) {
    if (loss.severity == severity) total += loss.count;
  }
  return total;
}

std::int64_t unexplained(const Recording& recording) {
  if (recording.totals.empty()) return 0;
  std::uint64_t left = 0;
  for (const SyscallTotal& total : recording.totals) left += total.calls - total.seen;
  return static_cast<std::int64_t>(left - total_of(recording, Severity::lost));
}

std::uint64_t missing_of(const Recording& recording, std::string_view tracepoint) {
  for (const SyscallTotal& total : recording.totals) {
    if (total.tracepoint == tracepoint) return missing(total);
  }
  return 0;
}

std::uint64_t missing(const Recording& recording) {
  std::uint64_t sum = 0;
  for (const SyscallTotal& total : recording.totals) sum += missing(total);
  return sum;
}

}  // namespace ior
