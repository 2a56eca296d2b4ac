// What a reader refuses beyond what every recording holds to: whatever would make two of its
// figures contradict each other, or a sum of them wrap around.
#include <absl/container/flat_hash_set.h>
#include <absl/hash/hash.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "sinks/recording_format.hpp"

namespace ior {
namespace {

// Names of tracepoints, threads and losses are short: whoever compares or shows them may rely on
// it.
constexpr std::size_t kMaxNameBytes = 256;

// Adds up as long as that is possible.
class Sum {
 public:
  void add(std::uint64_t value) {
    is_sound_ = !__builtin_add_overflow(sum_, value, &sum_) && is_sound_;
  }
  bool is_sound() const { return is_sound_; }
  std::uint64_t value() const { return sum_; }

 private:
  std::uint64_t sum_ = 0;
  bool is_sound_ = true;
};

template <typename Items, typename KeyOf>
bool are_unique(const Items& items, KeyOf key_of) {
  absl::flat_hash_set<decltype(key_of(items.front()))> seen;
  seen.reserve(items.size());
  for (const auto& item : items) {
    if (!seen.insert(key_of(item)).second) return false;
  }
  return true;
}

auto key_of_record(const Record& r) {
  return std::array{r.path, r.old_path, r.root, r.tracepoint, r.comm, r.process, r.tid, r.flags};
}

Result<void> check_unique(const Recording& recording) {
  if (!are_unique(recording.strings, [](const auto& text) { return std::string_view(text); })) {
    return fail("two strings are the same");
  }
  if (!are_unique(recording.processes,
                  [](const Process& p) { return std::pair(p.pid, p.start_ns); })) {
    return fail("two processes are the same");
  }
  if (!are_unique(recording.records, key_of_record)) return fail("two records have the same key");
  if (!are_unique(recording.losses, [](const Loss& l) { return std::string_view(l.name); })) {
    return fail("two losses have the same name");
  }
  if (!are_unique(recording.cpu_losses,
                  [](const CpuLoss& l) { return std::pair(l.cpu, l.loss); })) {
    return fail("a CPU has a loss twice");
  }
  if (!are_unique(recording.totals,
                  [](const SyscallTotal& t) { return std::string_view(t.tracepoint); })) {
    return fail("two totals are of the same tracepoint");
  }
  return {};
}

Result<void> check_names(const Recording& recording) {
  const auto& strings = recording.strings;
  for (const Record& record : recording.records) {
    if (strings[record.tracepoint].size() > kMaxNameBytes ||
        strings[record.comm].size() > kMaxNameBytes) {
      return fail("the name of a tracepoint or thread is too long");
    }
  }
  for (const SyscallTotal& total : recording.totals) {
    if (total.tracepoint.size() > kMaxNameBytes)
      return fail("the name of a tracepoint is too long");
  }
  for (const Loss& loss : recording.losses) {
    if (loss.name.size() > kMaxNameBytes) return fail("the name of a loss is too long");
  }
  return {};
}

bool sums_of_records_fit(const Recording& recording) {
  std::array<Sum, 6> sums;
  for (const Record& record : recording.records) {
    sums[0].add(record.duration_ns);
    sums[1].add(record.gap_ns);
    sums[2].add(record.bytes_read);
    sums[3].add(record.bytes_written);
    sums[4].add(record.bytes_read);  // of both kinds together
    sums[4].add(record.bytes_written);
    sums[5].add(record.count);
  }
  return std::ranges::all_of(sums, &Sum::is_sound);
}

Result<void> check_totals(const Recording& recording) {
  std::array<Sum, 5> sums;
  for (const SyscallTotal& total : recording.totals) {
    if (total.errors > total.calls) return fail("a tracepoint has more errors than calls");
    if (total.seen > total.calls)
      return fail("of a tracepoint more calls were seen than there were");
    sums[0].add(total.calls);
    sums[1].add(total.bytes_read);
    sums[2].add(total.bytes_written);
    sums[3].add(total.bytes_read);
    sums[3].add(total.bytes_written);
    sums[4].add(total.seen);
  }
  if (!std::ranges::all_of(sums, &Sum::is_sound)) return fail("the totals are too large");
  if (recording.totals.empty()) return {};
  if (recording.calls_recorded > sums[4].value())
    return fail("more calls are recorded than were seen");
  return {};
}

Result<void> check_losses(const Recording& recording) {
  Sum all;
  for (const Loss& loss : recording.losses) all.add(loss.count);
  std::vector<Sum> by_cpu(recording.losses.size());
  for (const CpuLoss& loss : recording.cpu_losses) by_cpu[loss.loss].add(loss.count);
  bool is_sound = all.is_sound();
  for (std::size_t i = 0; i < by_cpu.size(); ++i) {
    is_sound = is_sound && by_cpu[i].is_sound();
    if (by_cpu[i].value() > recording.losses[i].count) return fail("the CPUs lost more than all");
  }
  return is_sound ? Result<void>() : fail("the losses are too large");
}

}  // namespace

Result<void> check_books(const Recording& recording) {
  if (auto unique = check_unique(recording); !unique) return unique;
  if (auto names = check_names(recording); !names) return names;
  if (!sums_of_records_fit(recording)) return fail("the sums over the records are too large");
  if (recording.calls_recorded > recording.calls_seen) {
    return fail("more calls are recorded than were seen");
  }
  if (auto totals = check_totals(recording); !totals) return totals;
  return check_losses(recording);
}

}  // namespace ior
