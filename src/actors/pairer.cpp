#include "actors/pairer.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

#include "actors/call_files.hpp"
#include "actors/names.hpp"
#include "catalog/catalog.hpp"
#include "model/path.hpp"

namespace ior {
namespace {

constexpr std::size_t kAhead = 16;  // events: they may lie in another core's cache

// A thread's end comes after its last call; one that the thread died in will not come.
std::uint32_t turn_of(const WireRecord& record) {
  const std::uint32_t seq = record.head().seq;
  return record.kind() == IOR_RECORD_END && !record.has(IOR_NO_RETURN) ? seq + 1 : seq;
}

// An exit half sorts behind its enter half, an end behind everything of the same turn.
bool comes_before(const WireRecord& left, const WireRecord& right) {
  return turn_of(left) != turn_of(right) ? turn_of(left) < turn_of(right)
                                         : left.kind() < right.kind();
}

bool is_second_half(const WireRecord& record) {
  const bool is_last = record.kind() == IOR_RECORD_EXIT || record.kind() == IOR_RECORD_IN_FLIGHT;
  return is_last && !record.has(IOR_WHOLE);
}

// Comes after an enter half that was written: an exit half, or the end of a thread inside a call.
bool needs_enter(const WireRecord& record) {
  return is_second_half(record) || (record.kind() == IOR_RECORD_END && record.has(IOR_NO_RETURN));
}

// After exec a thread has its leader's id. The old leader's calls, of another task, may still be
// unread in other rings: they come first.
bool takes_over_id(std::uint32_t tid, const WireRecord& record) {
  return tid != 0 && record.head().tid != tid && record.kind() != IOR_RECORD_END;
}

std::byte* copy_name(const Name*& name, std::byte* place, std::byte* text) {
  if (!name) return text;
  std::memcpy(text, name->text.data(), name->text.size());
  const std::size_t size = name->text.size();
  name = new (place) Name{{reinterpret_cast<const char*>(text), size}, nullptr, name->root};
  return text + size;
}

}  // namespace

void PairerCounts::add(const PairerCounts& other) {
  seen += other.seen;
  recorded += other.recorded;
  given_up += other.given_up;
  unmatched += other.unmatched;
  std::ranges::transform(seen_by_row, other.seen_by_row, seen_by_row.begin(), std::plus<>());
}

void Pairer::pair(Batch& batch) noexcept {
  ++batches_;
  batch_ = &batch;
  shard_batch_ = &batch.shards[shard_];
  const std::vector<std::uint32_t>& events = shard_batch_->events;
  for (std::size_t i = 0; i < events.size(); ++i) {
    fetch_ahead(i);
    take(batch.events[events[i]]);
  }
  if (!waiting_.empty()) give_up_missing(batch.raw.completed);
  keep_enters();
}

// Begins to fetch what comes after the shard's i-th event, and what that refers to.
void Pairer::fetch_ahead(std::size_t i) const {
  const std::vector<std::uint32_t>& events = shard_batch_->events;
  if (i + kAhead >= events.size()) return;
  __builtin_prefetch(&batch_->events[events[i + kAhead]]);
  const Event& next = batch_->events[events[i + kAhead / 2]];
  __builtin_prefetch(next.record.bytes());
  __builtin_prefetch(next.record.bytes() + 64);
  __builtin_prefetch(next.file);
}

void Pairer::take(const Event& event) {
  const WireRecord record = event.record;
  if (record.kind() == IOR_RECORD_PROCESS) {
    shard_batch_->processes.push_back(event);
    return;
  }
  Thread& thread = thread_of(record);
  thread.last_ns = record.head().time_ns;
  if (!is_turn(thread, record) || takes_over_id(thread.caller.tid, record)) {
    hold(thread, event);
  } else if (Kept kept{event, nullptr}; take_in_turn(thread, kept) && !thread.held.empty()) {
    take_held(thread, 0);
  }
}

Pairer::Thread& Pairer::thread_of(const WireRecord& record) {
  const std::uint32_t task = record.head().task;
  if (last_ && last_task_ == task) return *last_;
  auto thread = threads_.find(task);
  if (thread == threads_.end()) thread = threads_.emplace(task, begin_thread(record)).first;
  last_task_ = task;
  last_ = &thread->second;
  return *last_;
}

Pairer::Thread Pairer::begin_thread(const WireRecord& record) {
  if (threads_.size() >= max_threads_) forget_quiet_threads();
  Thread thread;
  if (record.head().task <= newest_forgotten_) {
    thread.next_seq = turn_of(record);
    thread.after_loss = true;
  }
  return thread;
}

void Pairer::end_thread(std::uint32_t task) {
  threads_.erase(task);
  last_ = nullptr;
}

void Pairer::forget_quiet_threads() {
  std::vector<std::uint64_t> times;
  times.reserve(threads_.size());
  for (const auto& [task, thread] : threads_) times.push_back(thread.last_ns);
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::ranges::nth_element(times, middle);
  last_ = nullptr;
  absl::erase_if(threads_, [this, quiet_since = *middle](const auto& entry) {
    const auto& [task, thread] = entry;
    if (thread.last_ns > quiet_since || !thread.held.empty()) return false;
    newest_forgotten_ = std::max(newest_forgotten_, task);
    return true;
  });
}

// Whether everything of the thread that was written before the record has been taken. Its turn may
// also be over.
bool Pairer::is_turn(Thread& thread, const WireRecord& record) {
  const std::uint32_t turn = turn_of(record);
  if (turn == thread.next_seq + 1 && record.has(IOR_EXIT_LOST) && thread.is_entered) {
    thread.after_loss = true;  // which the kernel side counted
    thread.is_entered = false;
    thread.next_seq = turn;
  }
  if (turn != thread.next_seq) return turn < thread.next_seq;
  return thread.is_entered || !needs_enter(record);
}

// Takes an event whose turn has come; false when the thread is gone with it.
bool Pairer::take_in_turn(Thread& thread, Kept& kept) {
  const WireRecord record = kept.event.record;
  const std::uint32_t task = record.head().task;
  if (record.kind() == IOR_RECORD_END) {
    end_thread(task);
    return false;
  }
  if (turn_of(record) < thread.next_seq || (is_second_half(record) && !thread.is_entered)) {
    ++counts_.unmatched;
    return true;
  }
  take_head(thread, record);
  if (record.kind() == IOR_RECORD_ENTER) {
    start(thread, kept);
    return true;
  }
  if (record.kind() == IOR_RECORD_IN_FLIGHT) {
    list(thread, kept.event);
    return true;
  }
  deliver(thread, kept);
  if (record.has(IOR_REQUEST)) {
    end_thread(task);
    return false;
  }
  thread.is_entered = false;
  ++thread.next_seq;
  return true;
}

// What the record tells of its thread.
void Pairer::take_head(Thread& thread, const WireRecord& record) {
  const ior_head& head = record.head();
  Caller& caller = thread.caller;
  if (caller.tid != head.tid || caller.tgid != head.tgid) {
    caller.tid = head.tid;
    caller.tgid = head.tgid;
    thread.in_batch = nullptr;
  }
  if (record.has(IOR_AFTER_LOSS)) thread.after_loss = true;
  if (const ior_intro* intro = record.intro()) {
    std::memcpy(caller.comm.data(), intro->comm, IOR_COMM_SIZE);
    caller.comm.back() = '\0';
    caller.process_start_ns = intro->process_start_ns;
    caller.root = roots_->find(intro->root);
    thread.in_batch = nullptr;
  }
}

Pairer::Kept Pairer::keep(const Event& event) {
  const std::size_t record_bytes = event.record.size();
  Kept kept{event, Memory(new std::byte[2 * sizeof(Name) + record_bytes +
                                        text_of(event.file).size() + text_of(event.other).size()])};
  std::byte* const names = kept.memory.get();
  std::byte* const record = names + 2 * sizeof(Name);
  std::memcpy(record, event.record.bytes(), record_bytes);
  kept.event.record = WireRecord(record);
  std::byte* const text = copy_name(kept.event.file, names, record + record_bytes);
  copy_name(kept.event.other, names + sizeof(Name), text);
  return kept;
}

void Pairer::hold(Thread& thread, const Event& event) {
  if (thread.held.empty()) waiting_.push_back(event.record.head().task);
  const auto place =
      std::ranges::upper_bound(thread.held, event.record, comes_before,
                               [](const Held& held) { return held.kept.event.record; });
  thread.held.insert(place, {keep(event), batch_->raw.pass});
}

// Takes what was held and whose turn has come, and gives up what must have come by now; false when
// the thread is gone with it. `completed` are the passes that have ended.
bool Pairer::take_held(Thread& thread, std::uint64_t completed) {
  std::size_t taken = 0;
  for (; taken < thread.held.size(); ++taken) {
    Held& held = thread.held[taken];
    const WireRecord record = held.kept.event.record;
    const bool in_turn = is_turn(thread, record);
    if (!in_turn || takes_over_id(thread.caller.tid, record)) {
      if (completed != kAllPasses && completed < held.pass + 1) break;
      if (!in_turn) give_up_before(thread, turn_of(record));
    }
    if (!take_in_turn(thread, held.kept)) return false;
  }
  thread.held.erase(thread.held.begin(), thread.held.begin() + static_cast<std::ptrdiff_t>(taken));
  return true;
}

// Gives up calls that can no longer come, and takes what waited for them.
void Pairer::give_up_missing(std::uint64_t completed) {
  std::erase_if(waiting_, [this, completed](std::uint32_t task) {
    const auto thread = threads_.find(task);
    if (thread == threads_.end()) return true;
    return !take_held(thread->second, completed) || thread->second.held.empty();
  });
}

void Pairer::give_up_before(Thread& thread, std::uint32_t seq) {
  if (seq == thread.next_seq) return;
  counts_.given_up += seq - thread.next_seq;
  thread.after_loss = true;
  thread.is_entered = false;
  thread.next_seq = seq;
}

void Pairer::start(Thread& thread, Kept& enter) {
  if (!enter.memory) entered_.push_back(enter.event.record.head().task);
  thread.enter = std::move(enter);
  thread.is_entered = true;
}

// Enter halves whose exit half is still to come outlive the batch.
void Pairer::keep_enters() {
  for (const std::uint32_t task : entered_) {
    const auto thread = threads_.find(task);
    if (thread == threads_.end()) continue;
    Thread& state = thread->second;
    if (state.is_entered && !state.enter.memory) state.enter = keep(state.enter.event);
  }
  entered_.clear();
}

// The call whose last record this is; `enter` is its enter half, where that came by itself.
Call Pairer::call_of(const Thread& thread, const Syscall* row, const Event* enter,
                     const Event& last) {
  auto& memory = shard_batch_->memory;
  const WireRecord record = last.record, first = enter ? enter->record : record;
  CallFiles files =
      enter ? files_of_call(row, *enter, last, memory) : files_of_exit(row, last, memory);
  name_from_one_root(files, thread.caller, *roots_->find(IOR_ROOT_OWN), memory);
  return {.caller = nullptr,
          .path = files.path,
          .old_path = files.old_path,
          .args = record.head().nargs != 0 ? record.args() : first.args(),
          .address = record.address().bytes,
          .enter_ns = record.exit().enter_ns,
          .duration_ns = record.head().time_ns - record.exit().enter_ns,
          .gap_ns = 0,
          .ret = record.exit().ret,
          .number = first.nr(),
          .flags = files.flags,
          .table = record.table(),
          .after_loss = false,
          .has_flags = files.has_flags,
          .no_return = record.has(IOR_NO_RETURN),
          .at_most = record.has(IOR_AT_MOST)};
}

// Makes the call that ends with this record, of its enter half, too, where that came by itself.
void Pairer::deliver(Thread& thread, Kept& exit) {
  const WireRecord record = exit.event.record;
  Kept* enter = is_second_half(record) ? &thread.enter : nullptr;
  const WireRecord first = enter ? enter->event.record : record;
  const Syscall* row = find_syscall(first.nr(), record.table());
  Call call = call_of(thread, row, enter ? &enter->event : nullptr, exit.event);
  if (row) join_handle(*row, call, thread.caller);
  ++counts_.seen;
  ++counts_.seen_by_row[IOR_ROW_OF(call.number, call.table)];
  if (!passes(call, thread)) return;
  finish(thread, call, first.head().tid);
  shard_batch_->calls.push_back(call);
  if (exit.memory) shard_batch_->kept.push_back(std::move(exit.memory));
  if (enter && enter->memory) shard_batch_->kept.push_back(std::move(enter->memory));
}

// Notes a call that has not ended.
void Pairer::list(const Thread& thread, const Event& last) {
  const Event* enter = is_second_half(last.record) ? &thread.enter.event : nullptr;
  const std::uint32_t number = (enter ? enter->record : last.record).nr();
  const Syscall* row = find_syscall(number, last.record.table());
  const Call call = call_of(thread, row, enter, last);
  if (!passes(call, thread)) return;
  in_flight_.add({.tgid = thread.caller.tgid,
                  .tid = thread.caller.tid,
                  .comm = std::string(thread.caller.comm_view()),
                  .tracepoint = tracepoint_name(call.number, call.table),
                  .path = std::string(text_of(call.path)),
                  .old_path = std::string(text_of(call.old_path)),
                  .root = std::string(text_of(root_of(thread.caller, call.path, call.old_path))),
                  .age_ns = call.duration_ns,
                  .since_before_start = call.ret != 0});
}

// Of a call that is recorded.
void Pairer::finish(Thread& thread, Call& call, std::uint32_t tid) {
  ++counts_.recorded;
  call.caller = caller_of(thread, tid);
  if (thread.last_exit_ns != 0) call.gap_ns = call.enter_ns - thread.last_exit_ns;
  call.after_loss = thread.after_loss;
  thread.after_loss = false;
  thread.last_exit_ns = call.enter_ns + call.duration_ns;
}

// The thread's caller, which calls of a batch share; of an exec under the id with which it entered.
const Caller* Pairer::caller_of(Thread& thread, std::uint32_t tid) {
  if (thread.in_batch && thread.batch == batches_ && tid == thread.caller.tid) {
    return thread.in_batch;
  }
  auto* const caller =
      new (shard_batch_->memory.allocate(sizeof(Caller), alignof(Caller))) Caller(thread.caller);
  caller->tid = tid;
  caller->number = static_cast<std::uint32_t>(shard_batch_->callers.size());
  shard_batch_->callers.push_back(caller);
  if (tid == thread.caller.tid) {
    thread.in_batch = caller;
    thread.batch = batches_;
  }
  return caller;
}

// Remembers whose handle was given out; names the file of one that could not be opened.
void Pairer::join_handle(const Syscall& row, Call& call, const Caller& caller) {
  const auto has = [&](std::size_t position, ior_argument argument) {
    return row.arguments[position] == argument && position < call.args.size() &&
           (call.args[position] & IOR_CAPTURED);
  };
  if (has(2, IOR_ARGUMENT_handle_given) && call.ret == 0) {
    handles_->remember(call.args[2], text_of(call.path), root_of(caller, call.path, call.old_path));
  } else if (has(1, IOR_ARGUMENT_handle) && text_of(call.path) == unknown::kHandle) {
    if (const auto found = handles_->find(call.args[1]); !found.path.empty()) {
      call.path = copy_in(shard_batch_->memory, found.path, found.root);
    }
  }
}

bool Pairer::passes(const Call& call, const Thread& thread) const {
  if (!filter_.comm.empty() && !thread.caller.comm_view().contains(filter_.comm)) return false;
  return filter_.path.empty() || text_of(call.path).contains(filter_.path) ||
         text_of(call.old_path).contains(filter_.path);
}

}  // namespace ior
