// Sums the calls of one shard into records: one per (path, old path, root, tracepoint, comm,
// process, thread, flags). Strings are numbered when they are first seen, so that a call is added
// by comparing numbers. Where there is no room for more records, process and thread are left out;
// what then still finds none is added to records named "[other]". Totals stay exact.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "actors/message.hpp"
#include "actors/process_table.hpp"
#include "actors/record_table.hpp"
#include "actors/string_table.hpp"
#include "actors/table_room.hpp"
#include "model/recording.hpp"

namespace ior {

// Calls that are not in a record of their own.
struct FoldedCounts {
  std::uint64_t pid_tid = 0;  // process and thread are not told
  std::uint64_t other = 0;    // nothing is, but maybe the tracepoint
};

// Thread safety: one thread. Bound: the room.
class Aggregator {
 public:
  explicit Aggregator(std::size_t shard,
                      std::shared_ptr<TableRoom> room = std::make_shared<TableRoom>());

  void add(const ShardBatch& batch) noexcept;

  const FoldedCounts& folded() const { return folded_; }
  // Takes over all that another shard has.
  void absorb(Aggregator& other);
  // Moves strings, processes and records into the recording; nothing is left after it.
  void release_to(Recording& recording);

 private:
  static constexpr std::size_t kRecent = 256;
  static constexpr std::size_t kAtOnce = 32;  // partial sums whose memory is fetched together

  struct CallerNumbers {
    std::uint32_t process = 0;
    std::optional<std::uint32_t> comm;
  };
  // Sums of the calls of a batch that agree in all this.
  struct Partial {
    const Caller* caller = nullptr;  // null: no calls
    const Name* path = nullptr;
    const Name* old_path = nullptr;
    std::uint32_t number = 0;
    ior_table table = IOR_TABLE_64;
    std::uint32_t flags = kNoFlags;
    Sums sums;
  };
  // One on its way to its record.
  struct Waiting {
    Partial partial;
    std::optional<std::uint32_t> path;  // numbers of strings; none: there is no room
    HashedText text;                    // of a path that must be searched for
    std::optional<HashedKey> key;       // none: there is no room for its strings
  };

  void take_callers();
  void add(const Call& call);
  void settle(Partial& partial);
  void settle_waiting();
  void find_paths(std::span<Waiting> waiting);
  void make_key(Waiting& waiting);
  void make_key_anew(Waiting& waiting);
  std::uint32_t record_of(Waiting& waiting);
  std::uint32_t other_of(const Partial& partial);
  std::uint32_t find_or_add(const std::optional<HashedKey>& key);
  std::optional<std::uint32_t> string_of(const HashedText& text);
  std::optional<std::uint32_t> string_of(const Name* name);
  std::optional<std::uint32_t> root_number_of(const Partial& partial);
  std::optional<std::uint32_t> tracepoint_of(const Partial& partial);
  void fold();

  const std::size_t shard_;
  const std::shared_ptr<TableRoom> room_;
  StringTable strings_;
  ProcessTable processes_;
  RecordTable records_;
  std::vector<std::uint32_t> tracepoints_;  // string numbers by syscall number; ~0: not used yet
  const ShardBatch* batch_ = nullptr;       // in work
  std::vector<CallerNumbers> callers_;      // of that batch
  std::array<Partial, kRecent> recent_;     // of that batch: most calls agree with one of these
  std::array<Waiting, kAtOnce> waiting_;    // those that another took the place of
  std::size_t waiting_count_ = 0;
  bool is_folded_ = false;        // process and thread are left out
  bool has_just_folded_ = false;  // since keys were made
  FoldedCounts folded_;
};

}  // namespace ior
