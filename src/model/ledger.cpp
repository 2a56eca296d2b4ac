#include "model/ledger.hpp"

#include <algorithm>

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

std::uint64_t count_of(const Recording& recording, std::string_view loss) {
  const auto found = std::ranges::find(recording.losses, loss, &Loss::name);
  return found == recording.losses.end() ? 0 : found->count;
}

std::int64_t unexplained(const Recording& recording) {
  if (recording.totals.empty()) return 0;
  std::uint64_t left = 0;
  for (const SyscallTotal& total : recording.totals) left += total.calls - total.seen;
  return static_cast<std::int64_t>(left - total_of(recording, Severity::lost));
}

MissingCalls::MissingCalls(const Recording& recording) {
  for (const SyscallTotal& total : recording.totals) {
    by_tracepoint_.try_emplace(total.tracepoint, missing(total));
  }
}

std::uint64_t MissingCalls::of(std::string_view tracepoint) const {
  const auto found = by_tracepoint_.find(tracepoint);
  return found == by_tracepoint_.end() ? 0 : found->second;
}

std::uint64_t missing(const Recording& recording) {
  std::uint64_t sum = 0;
  for (const SyscallTotal& total : recording.totals) sum += missing(total);
  return sum;
}

}  // namespace ior
