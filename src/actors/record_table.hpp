// Records by their keys, each once: what an aggregator sums up. A search goes in steps, so that the
// memory which it touches can be fetched while others are under way. Thread safety: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_set.h>

#include "model/recording.hpp"

namespace ior {

// All that the calls of one record agree in, as Record has it.
struct RecordKey {
  std::uint32_t path = 0;
  std::uint32_t old_path = 0;
  std::uint32_t root = 0;
  std::uint32_t tracepoint = 0;
  std::uint32_t comm = 0;
  std::uint32_t process = 0;
  std::uint32_t tid = 0;
  std::uint32_t flags = kNoFlags;
};

struct HashedKey {
  HashedKey() = default;
  explicit HashedKey(const RecordKey& key_to_hash);

  RecordKey key;
  std::uint32_t hash = 0;
};

// What those calls of a batch add up to that go to one record, as Record has it. Small, because an
// aggregator has many of them in work.
struct Sums {
  std::uint32_t count = 0;
  std::uint32_t errors = 0;
  std::uint32_t after_loss = 0;
  std::uint32_t at_most = 0;
  std::uint64_t duration_ns = 0;
  std::uint64_t gap_ns = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::uint32_t unmeasured = 0;
};

class RecordTable {
 public:
  // Memory for so many records is set aside, and used as they come.
  explicit RecordTable(std::size_t expected) { records_.reserve(expected); }
  RecordTable(const RecordTable&) = delete;
  RecordTable& operator=(const RecordTable&) = delete;

  static constexpr std::uint32_t kNone = ~0u;

  // Begins to fetch what a search for the key will touch first, and what it will touch then.
  void prefetch(const HashedKey& key) const { places_.prefetch(key); }
  void prefetch_record(const HashedKey& key) const;
  // The number of the key's record, or kNone.
  std::uint32_t find(const HashedKey& key) const;
  // A new record, without a call. Requires: the key has none.
  std::uint32_t add(const HashedKey& key);
  void add_to(std::uint32_t number, const Sums& sums);
  // Adds the record to the one of its key.
  void merge(const Record& record);
  // Changes all keys; what then agrees becomes one record. In place.
  void change_keys(const std::function<void(RecordKey&)>& change);

  const std::vector<Record>& records() const { return records_; }
  std::vector<Record> release();

 private:
  struct Place {
    std::uint32_t number;
    std::uint32_t hash;
  };
  // The first record of such a hash: most likely the one that is searched for.
  struct Guess {
    std::uint32_t hash;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const auto& place) const { return place.hash; }
  };
  struct Equal {
    using is_transparent = void;
    const std::vector<Record>* records;
    bool operator()(const Place& left, const Place& right) const {
      return left.number == right.number;
    }
    bool operator()(const Place& left, const Guess& right) const { return left.hash == right.hash; }
    bool operator()(const Place& left, const HashedKey& right) const;
  };

  std::vector<Record> records_;
  absl::flat_hash_set<Place, Hash, Equal> places_{0, Hash{}, Equal{&records_}};
};

}  // namespace ior
