// Makes calls of halves, for the processes of one shard: matches enters with exits, puts each
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
#include "actors/message.hpp"

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
         std::size_t max_threads = kMaxThreads)
      : shard_(shard),
        filter_(std::move(filter)),
        handles_(std::move(handles)),
        max_threads_(max_threads) {}

  CallBatchPtr pair(EventBatchPtr events) noexcept;

  const PairerCounts& counts() const { return counts_; }
  std::size_t thread_count() const { return threads_.size(); }

 private:
  struct EnterHalf {
    bool present = false;
    bool has_flags = false;
    std::uint32_t nr = 0;
    std::uint32_t tid = 0;
    std::uint32_t flags = 0;
    std::string path;
    std::string old_path;
    std::vector<std::uint64_t> args;
  };
  // An event that came before its turn, with copies of what its batch held.
  struct Held {
    Event event;
    ior_intro intro;
    std::uint64_t pass;
    std::string path;
    std::string old_path;
    std::vector<std::uint64_t> args;

    void point_to_copies();
  };
  struct Thread {
    std::uint32_t next_seq = 1;
    std::uint32_t tid = 0;  // of the record taken last; 0: none
    std::array<char, IOR_COMM_SIZE> comm{};
    std::uint64_t process_start_ns = 0;
    std::uint64_t last_exit_ns = 0;  // of the previous recorded call; 0: none
    std::uint64_t last_ns = 0;       // of the record that came last
    bool after_loss = false;
    EnterHalf enter;
    std::vector<Held> held;  // by seq
  };
  using Threads = absl::flat_hash_map<std::uint32_t, Thread>;

  void take(const Event& event);
  Threads::iterator thread_of(const Event& event);
  void forget_quiet_threads();
  bool take_in_turn(Threads::iterator thread, const Event& event, bool from_held);
  void hold(std::uint32_t task, Thread& thread, const Event& event);
  bool take_held(Threads::iterator thread, std::uint64_t completed);
  void give_up_missing(std::uint64_t completed);
  bool is_turn(Thread& thread, const Event& event);
  void give_up_before(Thread& thread, std::uint32_t seq);
  void start(Thread& thread, const Event& event);
  void deliver(Thread& thread, const Event& event, bool from_held);
  void finish_from_enter(Thread& thread, const Event& event, Call& call);
  void join_handle(Call& call);
  void emit(Thread& thread, Call& call, std::uint64_t exit_ns);
  std::string_view keep(std::string_view text);
  std::span<const std::uint64_t> keep(std::span<const std::uint64_t> numbers);
  bool passes(const Call& call) const;

  const std::size_t shard_;
  const CallFilter filter_;
  const std::shared_ptr<HandleNames> handles_;  // of all shards
  const std::size_t max_threads_;
  Threads threads_;                     // by task
  std::uint32_t newest_forgotten_ = 0;  // of the tasks; 0: none
  std::vector<std::uint32_t> waiting_;  // tasks with held events
  PairerCounts counts_;
  EventBatchPtr events_;  // the batch in work
  CallBatchPtr calls_;
};

}  // namespace ior
