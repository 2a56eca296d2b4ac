#include "actors/pairer.hpp"

#include <algorithm>
#include <cstring>

#include "catalog/catalog.hpp"
#include "model/path.hpp"

namespace ior {
namespace {

// A thread's end comes after its last call; one that the thread died in will not come.
std::uint32_t turn_of(const Event& event) {
  if (event.kind != IOR_RECORD_END) return event.seq;
  return event.sections & IOR_NO_RETURN ? event.seq : event.seq + 1;
}

// An exit half sorts behind its enter half, an end behind everything of the same turn.
bool comes_before(const Event& left, const Event& right) {
  return turn_of(left) != turn_of(right) ? turn_of(left) < turn_of(right) : left.kind < right.kind;
}

bool is_second_half(const Event& event) {
  return event.kind == IOR_RECORD_EXIT && !(event.sections & IOR_WHOLE);
}

// Comes after an enter half that was written: an exit half, or the end of a thread inside a call.
bool needs_enter(const Event& event) {
  return is_second_half(event) ||
         (event.kind == IOR_RECORD_END && (event.sections & IOR_NO_RETURN));
}

// After exec a thread has its leader's id. The old leader's calls, of another task, may still be
// unread in other rings: they come first.
bool takes_over_id(std::uint32_t tid, const Event& event) {
  return tid != 0 && event.tid != tid && event.kind != IOR_RECORD_END;
}

}  // namespace

CallBatchPtr Pairer::pair(EventBatchPtr events) noexcept {
  events_ = std::move(events);
  calls_ = std::make_shared<CallBatch>();
  calls_->events = events_;
  calls_->shard = shard_;
  calls_->calls.reserve(events_->by_shard[shard_].size());
  for (const std::uint32_t index : events_->by_shard[shard_]) take(events_->events[index]);
  if (!waiting_.empty()) give_up_missing(events_->raw.completed);
  events_.reset();
  return std::move(calls_);
}

void Pairer::take(const Event& event) {
  if (event.kind == IOR_RECORD_PROCESS) {
    calls_->processes.push_back({event.tgid, event.process->start_ns, &event});
    return;
  }
  const auto thread = thread_of(event);
  Thread& state = thread->second;
  state.last_ns = event.time_ns;
  if (!is_turn(state, event) || takes_over_id(state.tid, event)) {
    hold(event.task, state, event);
  } else if (take_in_turn(thread, event, false) && !state.held.empty()) {
    take_held(thread, 0);
  }
}

Pairer::Threads::iterator Pairer::thread_of(const Event& event) {
  if (const auto known = threads_.find(event.task); known != threads_.end()) return known;
  if (threads_.size() >= max_threads_) forget_quiet_threads();
  const auto thread = threads_.try_emplace(event.task).first;
  if (event.task <= newest_forgotten_) {
    thread->second.next_seq = turn_of(event);
    thread->second.after_loss = true;
  }
  return thread;
}

void Pairer::forget_quiet_threads() {
  std::vector<std::uint64_t> times;
  times.reserve(threads_.size());
  for (const auto& [task, thread] : threads_) times.push_back(thread.last_ns);
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::ranges::nth_element(times, middle);
  absl::erase_if(threads_, [this, quiet_since = *middle](const auto& entry) {
    const auto& [task, thread] = entry;
    if (thread.last_ns > quiet_since || !thread.held.empty()) return false;
    newest_forgotten_ = std::max(newest_forgotten_, task);
    return true;
  });
}

// Whether everything of the thread that was written before the event has been taken. Its turn may
// also be over.
bool Pairer::is_turn(Thread& thread, const Event& event) {
  const std::uint32_t turn = turn_of(event);
  if (turn == thread.next_seq + 1 && event.sections & IOR_EXIT_LOST && thread.enter.present) {
    thread.after_loss = true;  // which the kernel side counted
    thread.enter.present = false;
    thread.next_seq = turn;
  }
  if (turn != thread.next_seq) return turn < thread.next_seq;
  return thread.enter.present || !needs_enter(event);
}

// Takes an event whose turn has come; false when the thread is gone with it.
bool Pairer::take_in_turn(Threads::iterator thread, const Event& event, bool from_held) {
  Thread& state = thread->second;
  if (event.kind == IOR_RECORD_END) {
    threads_.erase(thread);
    return false;
  }
  if (turn_of(event) < state.next_seq || (is_second_half(event) && !state.enter.present)) {
    ++counts_.unmatched;
    return true;
  }
  state.tid = event.tid;
  if (event.sections & IOR_AFTER_LOSS) state.after_loss = true;
  if (event.intro) {
    std::memcpy(state.comm.data(), event.intro->comm, IOR_COMM_SIZE);
    state.comm.back() = '\0';
    state.process_start_ns = event.intro->process_start_ns;
  }
  if (event.kind == IOR_RECORD_ENTER) {
    start(state, event);
  } else {
    deliver(state, event, from_held);
    if (event.sections & IOR_REQUEST) {
      threads_.erase(thread);
      return false;
    }
    state.enter.present = false;
    ++state.next_seq;
  }
  return true;
}

// The copies may have moved since they were made.
void Pairer::Held::point_to_copies() {
  event.path = path;
  event.old_path = old_path;
  event.args = args;
  if (event.intro) event.intro = &intro;
}

void Pairer::hold(std::uint32_t task, Thread& thread, const Event& event) {
  if (thread.held.empty()) waiting_.push_back(task);
  Held held{event,
            event.intro ? *event.intro : ior_intro{},
            events_->raw.pass,
            std::string(event.path),
            std::string(event.old_path),
            {event.args.begin(), event.args.end()}};
  const auto place = std::ranges::upper_bound(thread.held, event, comes_before, &Held::event);
  thread.held.insert(place, std::move(held));
}

// Takes what was held and whose turn has come, and gives up what must have come by now; false when
// the thread is gone with it. `completed` are the passes that have ended.
bool Pairer::take_held(Threads::iterator thread, std::uint64_t completed) {
  Thread& state = thread->second;
  std::size_t taken = 0;
  for (; taken < state.held.size(); ++taken) {
    Held& held = state.held[taken];
    const bool in_turn = is_turn(state, held.event);
    if (!in_turn || takes_over_id(state.tid, held.event)) {
      if (completed != kAllPasses && completed < held.pass + 1) break;
      if (!in_turn) give_up_before(state, turn_of(held.event));
    }
    held.point_to_copies();
    if (!take_in_turn(thread, held.event, true)) return false;
  }
  state.held.erase(state.held.begin(), state.held.begin() + static_cast<std::ptrdiff_t>(taken));
  return true;
}

// Gives up calls that can no longer come, and takes what waited for them.
void Pairer::give_up_missing(std::uint64_t completed) {
  std::erase_if(waiting_, [this, completed](std::uint32_t task) {
    const auto thread = threads_.find(task);
    if (thread == threads_.end()) return true;
    return !take_held(thread, completed) || thread->second.held.empty();
  });
}

void Pairer::give_up_before(Thread& thread, std::uint32_t seq) {
  if (seq == thread.next_seq) return;
  counts_.given_up += seq - thread.next_seq;
  thread.after_loss = true;
  thread.enter.present = false;
  thread.next_seq = seq;
}

void Pairer::start(Thread& thread, const Event& event) {
  EnterHalf& enter = thread.enter;
  enter.present = true;
  enter.has_flags = event.has_flags;
  enter.nr = event.nr;
  enter.tid = event.tid;
  enter.flags = event.flags;
  enter.path.assign(event.path);
  enter.old_path.assign(event.old_path);
  enter.args.assign(event.args.begin(), event.args.end());
}

void Pairer::deliver(Thread& thread, const Event& event, bool from_held) {
  Call call;
  call.number = event.nr;
  call.table = table_of(event.sections);
  call.no_return = (event.sections & IOR_NO_RETURN) != 0;
  call.tgid = event.tgid;
  call.tid = event.tid;
  call.enter_ns = event.enter_ns;
  call.duration_ns = event.time_ns - event.enter_ns;
  call.ret = event.ret;
  call.flags = event.flags;
  call.has_flags = event.has_flags;
  call.path = from_held ? keep(event.path) : event.path;
  call.old_path = from_held ? keep(event.old_path) : event.old_path;
  call.args = from_held ? keep(event.args) : event.args;
  if (is_second_half(event)) finish_from_enter(thread, event, call);
  join_handle(call);
  emit(thread, call, event.time_ns);
}

// The enter half's part of a call of two records. A successful open is named by the file that it
// opened.
void Pairer::finish_from_enter(Thread& thread, const Event& event, Call& call) {
  const EnterHalf& enter = thread.enter;
  call.number = enter.nr;
  call.tid = enter.tid;
  if (enter.has_flags || !event.has_flags) {
    call.flags = enter.flags;
    call.has_flags = enter.has_flags;
  }
  if (call.path.empty()) call.path = keep(enter.path);
  call.old_path = keep(enter.old_path);
  if (call.args.empty()) call.args = keep(enter.args);
}

// Remembers whose handle was given out; names the file of one that could not be opened.
void Pairer::join_handle(Call& call) {
  const Syscall* row = find_syscall(call.number, call.table);
  if (!row) return;
  const auto has = [&](std::size_t position, ior_argument argument) {
    return row->arguments[position] == argument && position < call.args.size() &&
           (call.args[position] & IOR_CAPTURED);
  };
  if (has(2, IOR_ARGUMENT_handle_given) && call.ret == 0) {
    handles_->remember(call.args[2], call.path);
  } else if (has(1, IOR_ARGUMENT_handle) && call.path == unknown::kHandle) {
    if (const std::string path = handles_->find(call.args[1]); !path.empty()) {
      call.path = keep(path);
    }
  }
}

void Pairer::emit(Thread& thread, Call& call, std::uint64_t exit_ns) {
  ++counts_.seen;
  ++counts_.seen_by_row[IOR_ROW_OF(call.number, call.table)];
  call.comm = thread.comm;
  call.process_start_ns = thread.process_start_ns;
  if (!passes(call)) return;
  ++counts_.recorded;
  if (thread.last_exit_ns != 0) call.gap_ns = call.enter_ns - thread.last_exit_ns;
  call.after_loss = thread.after_loss;
  thread.after_loss = false;
  thread.last_exit_ns = exit_ns;
  calls_->calls.push_back(call);
}

bool Pairer::passes(const Call& call) const {
  if (!filter_.comm.empty() && !call.comm_view().contains(filter_.comm)) return false;
  return filter_.path.empty() || call.path.contains(filter_.path) ||
         call.old_path.contains(filter_.path);
}

std::span<const std::uint64_t> Pairer::keep(std::span<const std::uint64_t> numbers) {
  if (numbers.empty()) return {};
  auto* copy = static_cast<std::uint64_t*>(
      calls_->memory.allocate(numbers.size_bytes(), alignof(std::uint64_t)));
  std::ranges::copy(numbers, copy);
  return {copy, numbers.size()};
}

std::string_view Pairer::keep(std::string_view text) {
  if (text.empty()) return {};
  auto* copy = static_cast<char*>(calls_->memory.allocate(text.size(), 1));
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

}  // namespace ior
