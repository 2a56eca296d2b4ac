// The processes that an aggregator's records refer to, by number. Thread safety: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "actors/table_room.hpp"
#include "actors/wire_record.hpp"
#include "model/recording.hpp"

namespace ior {

// Bound: the room; all processes beyond it are the one named "[other]".
class ProcessTable {
 public:
  explicit ProcessTable(std::shared_ptr<TableRoom> room) : room_(std::move(room)) {}

  std::uint32_t number_of(std::uint32_t pid, std::uint64_t start_ns);
  // The one named "[other]".
  std::uint32_t other();
  bool is_other(std::uint32_t number) const { return number == other_; }
  // Takes what a PROCESS record says.
  void describe(const WireRecord& record);
  // Takes over another table's processes: their numbers here by those there.
  std::vector<std::uint32_t> absorb(ProcessTable& table);
  std::vector<Process> release() { return std::exchange(processes_, {}); }

 private:
  using Id = std::pair<std::uint32_t, std::uint64_t>;  // pid, start
  static constexpr std::uint32_t kNone = ~0u;

  std::uint32_t add(Process process);
  std::uint32_t take_over(ProcessTable& table, std::uint32_t number);

  const std::shared_ptr<TableRoom> room_;
  std::vector<Process> processes_;
  std::vector<std::uint64_t> described_ns_;  // by process: when its description was made
  absl::flat_hash_map<Id, std::uint32_t> numbers_;
  std::uint32_t other_ = kNone;
};

}  // namespace ior
