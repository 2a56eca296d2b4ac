#include "trace/ledger.hpp"

#include <algorithm>

#include "catalog/catalog.hpp"
#include "model/ledger.hpp"

namespace ior {
namespace {

std::string tracepoint_of(std::size_t row) {
  if (row == IOR_NO_ROW) return "[unknown syscalls]";
  return tracepoint_name(static_cast<std::uint32_t>(row % IOR_SYSCALL_LIMIT),
                         static_cast<ior_table>(row / IOR_SYSCALL_LIMIT));
}

ByteClass bytes_of(std::size_t row) {
  const Syscall* syscall = find_syscall(static_cast<std::uint32_t>(row % IOR_SYSCALL_LIMIT),
                                        static_cast<ior_table>(row / IOR_SYSCALL_LIMIT));
  return row == IOR_NO_ROW || !syscall ? ByteClass::none : syscall->bytes.kind;
}

std::uint64_t bytes_read(const ior_total& total, std::size_t row) {
  const ByteClass kind = bytes_of(row);
  if (kind == ByteClass::either) return total.either_read;
  return kind == ByteClass::write ? 0 : total.bytes;
}

std::uint64_t bytes_written(const ior_total& total, std::size_t row) {
  const ByteClass kind = bytes_of(row);
  if (kind == ByteClass::either) return total.bytes - total.either_read;
  return kind == ByteClass::read ? 0 : total.bytes;
}

void add_totals(const KernelCounts& kernel, const PairerCounts& calls, Recording& recording) {
  for (std::size_t row = 0; row < kernel.totals.size(); ++row) {
    const ior_total& total = kernel.totals[row];
    const std::uint64_t seen = calls.seen_by_row[row];
    if (total.calls == 0 && seen == 0) continue;
    recording.totals.push_back({.tracepoint = tracepoint_of(row),
                                .calls = total.calls,
                                .errors = total.errors,
                                .bytes_read = bytes_read(total, row),
                                .bytes_written = bytes_written(total, row),
                                .seen = seen});
    recording.calls_seen += total.calls;
  }
}

void add_kernel_losses(const KernelCounts& kernel, Recording& recording) {
  const auto sums = kernel.sums();
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const Counter& counter = counter_of(static_cast<ior_counter>(i));
    const auto number = static_cast<std::uint32_t>(recording.losses.size());
    recording.losses.push_back(
        {std::string(counter.name), counter.severity, std::string(counter.sentence), sums[i]});
    for (std::uint32_t cpu = 0; cpu < kernel.by_cpu.size(); ++cpu) {
      const std::uint64_t count = kernel.by_cpu[cpu][i];
      if (count != 0) recording.cpu_losses.push_back({.cpu = cpu, .loss = number, .count = count});
    }
  }
}

}  // namespace

void draw_up_ledger(const KernelCounts& kernel, const PipelineCounts& pipeline,
                    std::uint64_t in_flight, Recording& recording) {
  const PairerCounts& calls = pipeline.calls;
  const auto add = [&recording](std::string_view name, Severity severity, std::string_view sentence,
                                std::uint64_t count) {
    recording.losses.push_back({std::string(name), severity, std::string(sentence), count});
  };
  recording.calls_recorded = calls.recorded;
  add_totals(kernel, calls, recording);
  add_kernel_losses(kernel, recording);
  // A damaged record costs one call at most, and none where no call is missing.
  const auto missing =
      static_cast<std::uint64_t>(std::max<std::int64_t>(unexplained(recording), 0));
  add("malformed", Severity::lost, "calls with a record that ior did not understand",
      std::min(missing, pipeline.malformed));
  add("given_up", Severity::info, "calls of which not every record came, lost by whatever cause",
      calls.given_up);
  add("unmatched", Severity::info, "records that fit no call of their thread", calls.unmatched);
  add("in_flight_at_stop", Severity::info, "calls in flight when tracing ended", in_flight);
  add("filtered", Severity::info, "calls that -comm or -path left out",
      calls.seen - calls.recorded);
  add("folded_pid_tid", Severity::info,
      "calls recorded without process and thread, because the tables are full (-max-keys)",
      pipeline.folded.pid_tid);
  add("folded", Severity::name, "calls added to [other], because the tables are full (-max-keys)",
      pipeline.folded.other);
  add("recursion_misses", Severity::info,
      "probe runs that the kernel left out: as many calls at most are missing from all counts",
      kernel.recursion_misses);
}

}  // namespace ior
