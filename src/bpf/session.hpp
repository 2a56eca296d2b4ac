// The kernel side's life: load the embedded BPF object with its settings, attach, detach, and read
// what it counted. The skeleton and libbpf stay behind this header.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "bpf/ring_source.hpp"
#include "bpf/wire.h"
#include "catalog/catalog.hpp"

struct bpf_program;

namespace ior {

struct SessionSettings {
  std::uint32_t target_tgid = 0;          // 0: every process
  std::uint32_t target_tid = 0;           // 0: every thread
  bool follow = false;                    // what the target forks, too
  bool from_exec = false;                 // the target from its next execve on
  bool arguments = false;                 // all arguments of each call are wanted
  std::array<bool, IOR_ROWS> selected{};  // by row (IOR_ROW_OF)
  bool poison = false;           // for tests: what is sent and was not written is IOR_POISON
  std::uint64_t ring_bytes = 0;  // a power of two, at least a page; 0: what suits the machine
};

// What the kernel side counted.
struct KernelCounts {
  using Counters = std::array<std::uint64_t, IOR_COUNTER_COUNT>;  // by ior_counter
  std::vector<Counters> by_cpu;
  std::array<ior_total, IOR_ROWS> totals{};  // by row (IOR_ROW_OF), of all CPUs
  // Probe runs that the kernel left out, because that probe was running on the CPU already: a call
  // may have missed its enter, its exit or both so, which nothing else tells.
  std::uint64_t recursion_misses = 0;

  Counters sums() const;
};

// The bytes per ring that suit a machine of so many possible CPUs: 16 MiB each, but 16 to 256 MiB
// in all.
std::uint64_t default_ring_bytes(std::size_t possible_cpus);

// Whether this process may trace and this kernel can: an error says what to do.
Result<void> check_privileges();

// Thread safety: one thread. Lifetime: the rings live as long as the session.
class Session {
 public:
  static Result<Session> load(const SessionSettings& settings);
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  // What this kernel cannot give, as sentences for the user.
  const std::vector<std::string>& losses() const;
  RingSource& rings();
  // How deep the PID namespace of this process lies in others: 0 where process ids are those of
  // the kernel.
  Result<std::uint32_t> pid_namespace_level();
  // The target is traced if it is still the one that the pidfd stands for (-1: nothing tells).
  Result<void> attach(int target_pidfd = -1);
  // Done once, however often it is asked for. When this returns no probe writes any more, and every
  // record that calls will ever have is in its ring.
  void detach();
  // Calls that have entered and not exited.
  Result<std::uint64_t> count_in_flight();
  // Those that had not exited when the probes were detached, however long before the trace they
  // entered; writes a record of each that has lasted for long. Requires: detach().
  Result<std::uint64_t> list_in_flight();
  // The same of io_uring requests; writes the rows of those whose success posts nothing. Requires:
  // detach(). Called once.
  Result<std::uint64_t> settle_requests();
  Result<KernelCounts> counts() const;

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  Result<void> confirm_target(int pidfd);
  Result<void> follow_children();
  Result<std::uint64_t> count_by(bpf_program* iterator);
  Result<void> run(bpf_program* iterator, std::string_view failure);
  std::unique_ptr<State> state_;
};

}  // namespace ior
