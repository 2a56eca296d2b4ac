// Sums the calls of one shard into records: one per (path, old path, tracepoint, comm, process,
// thread, flags). Processes belong to one shard, so the shards' records never overlap, and at the
// end they are put together as they are.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "actors/message.hpp"
#include "model/recording.hpp"

namespace ior {

// Strings by number, each once. Thread safety: one thread.
class StringTable {
 public:
  std::uint32_t add(std::string_view text);
  std::optional<std::uint32_t> find(std::string_view text) const;
  const std::deque<std::string>& strings() const { return strings_; }

 private:
  std::deque<std::string> strings_;  // stable addresses: the index's keys
  absl::flat_hash_map<std::string_view, std::uint32_t> numbers_;
};

// Thread safety: one thread. Bound: kMaxRecords records and kMaxProcesses processes; what comes
// beyond is added to one record per tracepoint named "[other]", totals exact.
class Aggregator {
 public:
  static constexpr std::size_t kMaxRecords = 1 << 20;
  static constexpr std::size_t kMaxProcesses = 1 << 18;

  explicit Aggregator(std::size_t max_records = kMaxRecords,
                      std::size_t max_processes = kMaxProcesses)
      : max_records_(max_records), max_processes_(max_processes) {}

  void add(const CallBatch& batch) noexcept;

  // Calls that were added to "[other]".
  std::uint64_t folded() const { return folded_; }
  // Appends this shard's processes and records to the recording. `strings` are the recording's
  // strings so far.
  void append_to(Recording& recording, StringTable& strings) const;

 private:
  struct Key {
    std::uint32_t path, old_path, tracepoint, comm, process, tid, flags;
    auto operator<=>(const Key&) const = default;
    template <typename H>
    friend H AbslHashValue(H hash, const Key& key) {
      return H::combine(std::move(hash), key.path, key.old_path, key.tracepoint, key.comm,
                        key.process, key.tid, key.flags);
    }
  };
  struct Sums {
    std::uint64_t count = 0, errors = 0, duration_ns = 0, gap_ns = 0, bytes = 0, after_loss = 0;
  };
  using ProcessId = std::pair<std::uint32_t, std::uint64_t>;  // pid, start

  void add(const Call& call);
  void describe(const ProcessSeen& seen);
  std::uint32_t process_of(std::uint32_t pid, std::uint64_t start_ns);
  std::optional<std::uint32_t> string_of(std::string_view text);
  std::optional<std::uint32_t> tracepoint_of(const Call& call);
  std::optional<Key> key_of(const Call& call);
  Sums& sums_of(const Call& call);

  const std::size_t max_records_;
  const std::size_t max_processes_;
  StringTable strings_;
  std::vector<Process> processes_;
  std::vector<std::uint64_t> described_ns_;  // by process: when its description was made
  absl::flat_hash_map<ProcessId, std::uint32_t> process_numbers_;
  absl::flat_hash_map<Key, Sums> records_;
  std::vector<std::uint32_t> tracepoints_;  // string numbers by syscall number; ~0: not used yet
  std::uint64_t folded_ = 0;
};

}  // namespace ior
