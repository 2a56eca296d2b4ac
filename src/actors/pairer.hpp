// Makes calls of halves, for the threads of one shard: matches enters with exits, puts each
// thread's calls into their order, and knows the thread's comm, process and previous exit.
//
// Order is exact. The kernel side numbers a task's calls without gaps (seq, wire.h): a call's turn
// comes when the one before it was delivered. What arrives before its turn, because a task moved to
// another CPU and the rings were read the other way round, is held. What the kernel side lost it
// says itself. Only where a record was damaged on the way does a number stay missing: it is given
// up when it cannot come any more, for everything written before the held record is read by the end
// of the pass after the one in which that was read (message.hpp). By the same rule a thread that an
// exec gave its leader's id waits for the calls of the leader that it replaced.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "actors/handle_names.hpp"
#include "actors/in_flight_list.hpp"
#include "actors/message.hpp"
#include "actors/roots.hpp"

namespace ior {

// Which calls are recorded, beyond what the kernel side filters. Empty: all.
struct CallFilter {
  std::string comm;  // substring of the comm
  std::string path;  // substring of the path or the old path
};

struct PairerCounts {
  std::uint64_t seen = 0;       // calls delivered
  std::uint64_t recorded = 0;   // those that passed the filter
  std::uint64_t given_up = 0;   // written by the kernel side, never arrived whole
  std::uint64_t unmatched = 0;  // records that fit no call of their thread
  std::array<std::uint64_t, IOR_ROWS> seen_by_row{};  // `seen`, by IOR_ROW_OF

  void add(const PairerCounts& other);
};

// Thread safety: one thread, batches in the order in which they were read.
// Bound: one state per thread until its END has come, but at most max_threads: where so many ENDs
// were lost, the threads that were quiet for longest are forgotten. Held records are at most what
// the rings hold.
class Pairer {
 public:
  static constexpr std::size_t kMaxThreads = 1 << 18;

  Pairer(std::size_t shard, CallFilter filter,
         std::shared_ptr<HandleNames> handles = std::make_shared<HandleNames>(),
         std::shared_ptr<const Roots> roots = std::make_shared<Roots>(),
         std::size_t max_threads = kMaxThreads)
      : shard_(shard),
        filter_(std::move(filter)),
        handles_(std::move(handles)),
        roots_(std::move(roots)),
        max_threads_(max_threads) {}

  // Fills the calls, callers and processes of the batch's part for this shard.
  void pair(Batch& batch) noexcept;

  const PairerCounts& counts() const { return counts_; }
  // Those of the shard's threads that did not end.
  InFlightList& in_flight() { return in_flight_; }
  std::size_t thread_count() const { return threads_.size(); }

 private:
  // An event, and where it outlives its batch a copy of all that it shows.
  struct Kept {
    Event event;
    Memory memory;  // null: it lies in the batch in work
  };
  // An event that came before its turn.
  struct Held {
    Kept kept;
    std::uint64_t pass;
  };
  struct Thread {
    std::uint32_t next_seq = 1;
    bool after_loss = false;
    bool is_entered = false;           // `enter` is the enter half of the call under way
    std::uint64_t last_exit_ns = 0;    // of the previous recorded call; 0: none
    std::uint64_t last_ns = 0;         // of the record that came last
    Caller caller;                     // tid: of the record taken last; 0: none
    const Caller* in_batch = nullptr;  // the caller's copy in a batch,
    std::uint64_t batch = 0;           // which is this one
    Kept enter;
    std::vector<Held> held;  // by seq
  };

  static Kept keep(const Event& event);
  void fetch_ahead(std::size_t i) const;
  void take(const Event& event);
  Thread& thread_of(const WireRecord& record);
  Thread begin_thread(const WireRecord& record);
  void end_thread(std::uint32_t task);
  void forget_quiet_threads();
  bool take_in_turn(Thread& thread, Kept& kept);
  void take_head(Thread& thread, const WireRecord& record);
  void hold(Thread& thread, const Event& event);
  bool take_held(Thread& thread, std::uint64_t completed);
  void give_up_missing(std::uint64_t completed);
  void keep_enters();
  bool is_turn(Thread& thread, const WireRecord& record);
  void give_up_before(Thread& thread, std::uint32_t seq);
  void start(Thread& thread, Kept& enter);
  Call call_of(const Thread& thread, const Syscall* row, const Event* enter, const Event& last);
  void deliver(Thread& thread, Kept& exit);
  void list(const Thread& thread, const Event& last);
  void finish(Thread& thread, Call& call, std::uint32_t tid);
  void join_handle(const Syscall& row, Call& call, const Caller& caller);
  bool passes(const Call& call, const Thread& thread) const;
  const Caller* caller_of(Thread& thread, std::uint32_t tid);

  const std::size_t shard_;
  const CallFilter filter_;
  const std::shared_ptr<HandleNames> handles_;  // of all shards
  const std::shared_ptr<const Roots> roots_;
  const std::size_t max_threads_;
  absl::flat_hash_map<std::uint32_t, Thread> threads_;  // by task
  std::uint32_t last_task_ = 0;                         // that was looked up
  Thread* last_ = nullptr;                              // its state; null: not known any more
  std::uint32_t newest_forgotten_ = 0;                  // of the tasks; 0: none
  std::vector<std::uint32_t> waiting_;                  // tasks with held events
  std::vector<std::uint32_t> entered_;  // tasks that entered a call in the batch in work
  PairerCounts counts_;
  InFlightList in_flight_;
  std::uint64_t batches_ = 0;
  const Batch* batch_ = nullptr;       // in work
  ShardBatch* shard_batch_ = nullptr;  // this shard's part of it
};

}  // namespace ior
