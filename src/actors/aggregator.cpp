#include "actors/aggregator.hpp"

#include <algorithm>

#include "actors/names.hpp"
#include "catalog/catalog.hpp"

namespace ior {
namespace {

constexpr std::size_t kExpectedRecords = TableRoom::kRecords;
constexpr std::uint32_t kEmpty = 0;  // the number of the empty string

void add_to(Sums& sums, const Call& call) {
  sums.count += 1;
  sums.errors += call.is_error();
  sums.duration_ns += call.duration_ns;
  sums.gap_ns += call.gap_ns;
  const MovedBytes moved = bytes_of(call);
  sums.bytes_read += moved.read;
  sums.bytes_written += moved.written;
  if (!(call.after_loss | call.at_most | call.no_return)) return;
  sums.after_loss += call.after_loss;
  sums.at_most += call.at_most;
  sums.unmeasured += call.no_return && !why_no_return(call).empty();
}

bool has_number(const Name* name, std::size_t shard) {
  return name->numbers && name->numbers[shard] != kNoNumber;
}

}  // namespace

Aggregator::Aggregator(std::size_t shard, std::shared_ptr<TableRoom> room)
    : shard_(shard),
      room_(std::move(room)),
      processes_(room_),
      records_(kExpectedRecords),
      tracepoints_(IOR_ROWS, kNoNumber) {
  strings_.add(std::string_view());
}

void Aggregator::add(const ShardBatch& batch) noexcept {
  batch_ = &batch;
  if (room_->is_folded() && !is_folded_) fold();
  for (const Event& event : batch.processes) processes_.describe(event.record);
  take_callers();
  for (const Call& call : batch.calls) add(call);
  for (Partial& partial : recent_) settle(partial);
  settle_waiting();
}

void Aggregator::take_callers() {
  callers_.clear();
  for (const Caller* caller : batch_->callers) {
    callers_.push_back(
        {is_folded_ ? 0 : processes_.number_of(caller->tgid, caller->process_start_ns),
         string_of(caller->comm_view())});
  }
}

void Aggregator::add(const Call& call) {
  const std::uint32_t flags = call.has_flags ? call.flags : kNoFlags;
  const std::size_t place = (reinterpret_cast<std::uintptr_t>(call.path) >> 4) + 31 * call.number +
                            131 * call.caller->number;
  Partial& recent = recent_[place % kRecent];
  if (recent.caller != call.caller || recent.path != call.path ||
      recent.old_path != call.old_path || recent.number != call.number ||
      recent.table != call.table || recent.flags != flags) {
    settle(recent);
    recent.caller = call.caller;
    recent.path = call.path;
    recent.old_path = call.old_path;
    recent.number = call.number;
    recent.table = call.table;
    recent.flags = flags;
    recent.sums = {};
  }
  add_to(recent.sums, call);
}

// The partial sums are free for others after it.
void Aggregator::settle(Partial& partial) {
  if (!partial.caller) return;
  waiting_[waiting_count_++].partial = partial;
  partial.caller = nullptr;
  if (waiting_count_ == waiting_.size()) settle_waiting();
}

// Each step begins to fetch what the next one needs.
void Aggregator::settle_waiting() {
  const std::span all(waiting_.data(), std::exchange(waiting_count_, 0));
  find_paths(all);
  for (Waiting& waiting : all) make_key(waiting);
  for (const Waiting& waiting : all) {
    if (waiting.key) records_.prefetch_record(*waiting.key);
  }
  has_just_folded_ = false;
  for (Waiting& waiting : all) records_.add_to(record_of(waiting), waiting.partial.sums);
}

void Aggregator::find_paths(std::span<Waiting> all) {
  std::array<Waiting*, kAtOnce> unknown;
  std::size_t count = 0;
  for (Waiting& waiting : all) {
    const Name* path = waiting.partial.path;
    if (!path) {
      waiting.path = kEmpty;
    } else if (has_number(path, shard_)) {
      waiting.path = path->numbers[shard_];
    } else {
      waiting.text = path->text;
      strings_.prefetch(waiting.text);
      unknown[count++] = &waiting;
    }
  }
  for (std::size_t i = 0; i < count; ++i) strings_.prefetch_text(unknown[i]->text);
  for (std::size_t i = 0; i < count; ++i) {
    Waiting& waiting = *unknown[i];
    waiting.path = string_of(waiting.text);
    const Name* path = waiting.partial.path;
    if (path->numbers) path->numbers[shard_] = waiting.path.value_or(kNoNumber);
  }
}

void Aggregator::make_key(Waiting& waiting) {
  const Partial& partial = waiting.partial;
  const auto old_path = string_of(partial.old_path);
  const auto root = root_number_of(partial);
  const auto tracepoint = tracepoint_of(partial);
  const CallerNumbers& caller = callers_[partial.caller->number];
  waiting.key.reset();
  if (!waiting.path || !old_path || !root || !tracepoint || !caller.comm) return;
  waiting.key.emplace(RecordKey{.path = *waiting.path,
                                .old_path = *old_path,
                                .root = *root,
                                .tracepoint = *tracepoint,
                                .comm = *caller.comm,
                                .process = is_folded_ ? processes_.other() : caller.process,
                                .tid = is_folded_ ? 0 : partial.caller->tid,
                                .flags = partial.flags});
  records_.prefetch(*waiting.key);
}

// Since the tables were folded, there may be room.
void Aggregator::make_key_anew(Waiting& waiting) {
  waiting.path = string_of(waiting.partial.path);
  make_key(waiting);
}

// To which the sums are added.
std::uint32_t Aggregator::record_of(Waiting& waiting) {
  if (has_just_folded_) make_key_anew(waiting);
  std::uint32_t record = find_or_add(waiting.key);
  if (record == RecordTable::kNone && !is_folded_ && room_->is_full()) {
    fold();
    take_callers();
    make_key_anew(waiting);
    record = find_or_add(waiting.key);
  }
  if (record == RecordTable::kNone) {
    folded_.other += waiting.partial.sums.count;
    return other_of(waiting.partial);
  }
  if (processes_.is_other(waiting.key->key.process)) {
    folded_.pid_tid += waiting.partial.sums.count;
  }
  return record;
}

// None where there is none and no room for it.
std::uint32_t Aggregator::find_or_add(const std::optional<HashedKey>& key) {
  if (!key) return RecordTable::kNone;
  const std::uint32_t record = records_.find(*key);
  if (record != RecordTable::kNone) return record;
  return room_->take_record() ? records_.add(*key) : RecordTable::kNone;
}

// One for each tracepoint as long as there is room, else one in all.
std::uint32_t Aggregator::other_of(const Partial& partial) {
  const std::uint32_t other = strings_.add(kOther);
  const auto key_of = [&](std::uint32_t tracepoint) {
    return HashedKey({.path = other,
                      .old_path = kEmpty,
                      .root = kEmpty,
                      .tracepoint = tracepoint,
                      .comm = other,
                      .process = processes_.other()});
  };
  const HashedKey of_tracepoint = key_of(tracepoint_of(partial).value_or(other));
  std::uint32_t record = records_.find(of_tracepoint);
  if (record != RecordTable::kNone) return record;
  if (of_tracepoint.key.tracepoint != other && room_->take_other()) {
    return records_.add(of_tracepoint);
  }
  const HashedKey of_all = key_of(other);
  record = records_.find(of_all);
  return record != RecordTable::kNone ? record : records_.add(of_all);
}

// From now on without process and thread.
void Aggregator::fold() {
  is_folded_ = has_just_folded_ = true;
  room_->fold();
  for (const Record& record : records_.records()) {
    if (!processes_.is_other(record.process)) folded_.pid_tid += record.count;
  }
  const std::size_t before = records_.records().size();
  records_.change_keys([other = processes_.other()](RecordKey& key) {
    key.process = other;
    key.tid = 0;
  });
  room_->give_records_back(before - records_.records().size());
}

// Full tables take no new string, either.
std::optional<std::uint32_t> Aggregator::string_of(const HashedText& text) {
  if (const auto known = strings_.find(text)) return known;
  if (room_->is_full() || !room_->take_text(text.text.size())) return std::nullopt;
  return strings_.add(text);
}

std::optional<std::uint32_t> Aggregator::string_of(const Name* name) {
  return name ? string_of(name->text) : std::optional(kEmpty);
}

std::optional<std::uint32_t> Aggregator::root_number_of(const Partial& partial) {
  const Name* root = root_of(*partial.caller, partial.path, partial.old_path);
  if (!root || root->text.empty()) return kEmpty;
  if (has_number(root, shard_)) return root->numbers[shard_];
  const auto number = string_of(root);
  if (root->numbers) root->numbers[shard_] = number.value_or(kNoNumber);
  return number;
}

// Numbers that the catalogue can't have are as many as a program likes: bounded like other strings.
std::optional<std::uint32_t> Aggregator::tracepoint_of(const Partial& partial) {
  const std::size_t row = IOR_ROW_OF(partial.number, partial.table);
  if (row == IOR_NO_ROW) return string_of(tracepoint_name(partial.number, partial.table));
  std::uint32_t& number = tracepoints_[row];
  if (number == kNoNumber) number = strings_.add(tracepoint_name(partial.number, partial.table));
  return number;
}

void Aggregator::absorb(Aggregator& other) {
  for (Aggregator* shard : {this, &other}) {
    if (room_->is_folded() && !shard->is_folded_) shard->fold();
  }
  std::vector<std::uint32_t> strings;
  for (const std::string& text : other.strings_.release()) strings.push_back(strings_.add(text));
  const std::vector<std::uint32_t> processes = processes_.absorb(other.processes_);
  for (Record record : other.records_.release()) {
    record.path = strings[record.path];
    record.old_path = strings[record.old_path];
    record.root = strings[record.root];
    record.tracepoint = strings[record.tracepoint];
    record.comm = strings[record.comm];
    record.process = processes[record.process];
    records_.merge(record);
  }
}

void Aggregator::release_to(Recording& recording) {
  recording.strings = strings_.release();
  recording.processes = processes_.release();
  recording.records = records_.release();
}

}  // namespace ior
