#include "sinks/recording_format.hpp"

#include <fmt/format.h>

#include <string>

namespace ior {
namespace {

// What is wrong with a record, or empty.
std::string_view flaw_of(const Record& record, const Recording& recording) {
  const std::size_t strings = recording.strings.size();
  if (record.path >= strings || record.old_path >= strings || record.root >= strings ||
      record.tracepoint >= strings || record.comm >= strings) {
    return "refers to a string that does not exist";
  }
  if (record.process >= recording.processes.size()) {
    return "refers to a process that does not exist";
  }
  if (record.errors > record.count) return "has more errors than calls";
  if (record.after_loss > record.count) return "has more gaps after a loss than calls";
  if (record.at_most > record.count || record.unmeasured > record.count - record.at_most) {
    return "has more durations of a kind than calls";
  }
  return {};
}

constexpr std::uint64_t kFreeShown = 64 << 20;
constexpr std::uint64_t kMaxShownRatio = 1024;

}  // namespace

std::uint64_t least_file_bytes(const Recording& recording) {
  std::uint64_t shown = 0;
  for (const Record& record : recording.records) {
    for (const std::uint32_t text : {record.path, record.old_path, record.root}) {
      shown += recording.strings[text].size();
    }
  }
  return shown > kFreeShown ? (shown - kFreeShown) / kMaxShownRatio : 0;
}

Result<void> check_recording(const Recording& recording) {
  std::uint64_t calls = 0;
  for (std::size_t i = 0; i < recording.records.size(); ++i) {
    const Record& record = recording.records[i];
    if (const std::string_view flaw = flaw_of(record, recording); !flaw.empty()) {
      return fail(fmt::format("record {} of {} {}", i + 1, recording.records.size(), flaw));
    }
    if (__builtin_add_overflow(calls, record.count, &calls)) {
      return fail("the counts of the records are too large");
    }
  }
  for (const CpuLoss& loss : recording.cpu_losses) {
    if (loss.loss >= recording.losses.size()) return fail("a CPU has a loss that does not exist");
  }
  if (calls != recording.calls_recorded) {
    return fail(
        fmt::format("its records count {} calls, its totals {}", calls, recording.calls_recorded));
  }
  return {};
}

}  // namespace ior
