#include "actors/record_table.hpp"

#include <absl/hash/hash.h>

namespace ior {
namespace {

std::uint64_t both(std::uint32_t left, std::uint32_t right) {
  return std::uint64_t{left} << 32 | right;
}

RecordKey key_of(const Record& record) {
  return {.path = record.path,
          .old_path = record.old_path,
          .root = record.root,
          .tracepoint = record.tracepoint,
          .comm = record.comm,
          .process = record.process,
          .tid = record.tid,
          .flags = record.flags};
}

// What a record and the sums of calls have in common.
void add_up(Record& record, const auto& more) {
  record.count += more.count;
  record.errors += more.errors;
  record.duration_ns += more.duration_ns;
  record.gap_ns += more.gap_ns;
  record.bytes_read += more.bytes_read;
  record.bytes_written += more.bytes_written;
  // These lie apart, and most calls have none of it.
  if ((more.after_loss | more.at_most | more.unmeasured) == 0) return;
  record.after_loss += more.after_loss;
  record.at_most += more.at_most;
  record.unmeasured += more.unmeasured;
}

void set_key(Record& record, const RecordKey& key) {
  record.path = key.path;
  record.old_path = key.old_path;
  record.root = key.root;
  record.tracepoint = key.tracepoint;
  record.comm = key.comm;
  record.process = key.process;
  record.tid = key.tid;
  record.flags = key.flags;
}

}  // namespace

HashedKey::HashedKey(const RecordKey& key_to_hash)
    : key(key_to_hash),
      hash(static_cast<std::uint32_t>(
          absl::HashOf(both(key.path, key.old_path), both(key.tracepoint, key.comm),
                       both(key.process, key.tid), both(key.flags, key.root)))) {}

void RecordTable::add_to(std::uint32_t number, const Sums& sums) {
  add_up(records_[number], sums);
}

bool RecordTable::Equal::operator()(const Place& left, const HashedKey& right) const {
  if (left.hash != right.hash) return false;
  const Record& record = (*records)[left.number];
  const RecordKey& key = right.key;
  return record.path == key.path && record.old_path == key.old_path &&
         record.tracepoint == key.tracepoint && record.comm == key.comm &&
         record.process == key.process && record.tid == key.tid && record.flags == key.flags &&
         record.root == key.root;
}

void RecordTable::prefetch_record(const HashedKey& key) const {
  const auto guess = places_.find(Guess{key.hash});
  if (guess == places_.end()) return;
  const Record* record = &records_[guess->number];
  __builtin_prefetch(record, 1);
  __builtin_prefetch(&record->bytes_written, 1);  // the other cache line of a record's two
}

std::uint32_t RecordTable::find(const HashedKey& key) const {
  const auto found = places_.find(key);
  return found == places_.end() ? kNone : found->number;
}

std::uint32_t RecordTable::add(const HashedKey& key) {
  const auto number = static_cast<std::uint32_t>(records_.size());
  places_.insert({number, key.hash});
  set_key(records_.emplace_back(), key.key);
  return number;
}

void RecordTable::merge(const Record& record) {
  const HashedKey key(key_of(record));
  const std::uint32_t same = find(key);
  add_up(records_[same == kNone ? add(key) : same], record);
}

void RecordTable::change_keys(const std::function<void(RecordKey&)>& change) {
  places_.clear();
  std::uint32_t kept = 0;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    Record record = records_[i];
    RecordKey key = key_of(record);
    change(key);
    const HashedKey changed(key);
    if (const std::uint32_t same = find(changed); same != kNone) {
      add_up(records_[same], record);
      continue;
    }
    set_key(record, key);
    records_[kept] = record;
    places_.insert({kept++, changed.hash});
  }
  records_.resize(kept);
}

std::vector<Record> RecordTable::release() {
  places_.clear();
  return std::exchange(records_, {});
}

}  // namespace ior
