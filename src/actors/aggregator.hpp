// Sums the calls of one shard into records: one per (path, old path, tracepoint, comm, process,
// thread, flags). Processes belong to one shard, so the shards' records never overlap, and at the
// end they are put together as they are.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
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

// What the tables of all shards together may still take. Thread safety: any number of threads.
class TableRoom {
 public:
  static constexpr std::size_t kRecords = 1 << 20;
  static constexpr std::size_t kProcesses = 1 << 18;
  static constexpr std::size_t kTextBytes = 512 << 20;

  explicit TableRoom(std::size_t records = kRecords, std::size_t processes = kProcesses,
                     std::size_t text_bytes = kTextBytes)
      : records_(records), processes_(processes), text_bytes_(text_bytes) {}

  bool take_record() { return take(records_, 1); }
  bool take_process() { return take(processes_, 1); }
  bool take_text(std::size_t bytes) { return take(text_bytes_, bytes); }
  bool is_full() const { return records_.load(std::memory_order_relaxed) == 0; }

 private:
  static bool take(std::atomic<std::size_t>& left, std::size_t wanted);

  std::atomic<std::size_t> records_;
  std::atomic<std::size_t> processes_;
  std::atomic<std::size_t> text_bytes_;
};

// Thread safety: one thread. Bound: the room; what comes beyond is added to one record per
// tracepoint named "[other]", or to a process of that name, totals exact.
class Aggregator {
 public:
  explicit Aggregator(std::shared_ptr<TableRoom> room = std::make_shared<TableRoom>())
      : room_(std::move(room)) {}

  void add(const CallBatch& batch) noexcept;

  // Calls that were added to an "[other]".
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

  const std::shared_ptr<TableRoom> room_;
  StringTable strings_;
  std::vector<Process> processes_;
  std::uint32_t other_process_ = ~0u;        // the number of the one named "[other]"; ~0: none yet
  std::vector<std::uint64_t> described_ns_;  // by process: when its description was made
  absl::flat_hash_map<ProcessId, std::uint32_t> process_numbers_;
  absl::flat_hash_map<Key, Sums> records_;
  std::vector<std::uint32_t> tracepoints_;  // string numbers by syscall number; ~0: not used yet
  std::uint64_t folded_ = 0;
};

}  // namespace ior
