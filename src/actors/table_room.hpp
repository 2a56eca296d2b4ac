// What the tables of all shards together may hold: memory stays bounded whatever is traced. Thread
// safety: any number of threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <string_view>

namespace ior {

// The name of what there is no room to tell apart.
inline constexpr std::string_view kOther = "[other]";

class TableRoom {
 public:
  static constexpr std::size_t kRecords = 1 << 19;
  static constexpr std::size_t kProcesses = 1 << 18;
  static constexpr std::size_t kTextBytes = 512 << 20;

  // Of the records, 1 in 16 are kept for those named "[other]", but 1 at least and 512 at most.
  explicit TableRoom(std::size_t records = kRecords, std::size_t processes = kProcesses,
                     std::size_t text_bytes = kTextBytes)
      : others_(std::clamp<std::size_t>(records / 16, 1, 512) - 1),
        records_(records - 1 - others_.load()),
        processes_(processes),
        text_bytes_(text_bytes) {}

  bool take_record() { return take(records_, 1); }
  bool take_other() { return take(others_, 1); }
  void give_records_back(std::size_t count) {
    records_.fetch_add(count, std::memory_order_relaxed);
  }
  bool take_process() { return take(processes_, 1); }
  bool take_text(std::size_t bytes) { return take(text_bytes_, bytes); }
  bool is_full() const { return records_.load(std::memory_order_relaxed) == 0; }

  // All shards leave out process and thread once one of them has found no room for a record.
  void fold() { is_folded_.store(true, std::memory_order_relaxed); }
  bool is_folded() const { return is_folded_.load(std::memory_order_relaxed); }

 private:
  static bool take(std::atomic<std::size_t>& left, std::size_t wanted) {
    std::size_t now = left.load(std::memory_order_relaxed);
    while (now >= wanted) {
      if (left.compare_exchange_weak(now, now - wanted, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  std::atomic<std::size_t> others_;
  std::atomic<std::size_t> records_;
  std::atomic<std::size_t> processes_;
  std::atomic<std::size_t> text_bytes_;
  std::atomic<bool> is_folded_{false};
};

}  // namespace ior
