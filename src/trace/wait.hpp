// Waits for what ends a trace: the time that was asked for, the target's exit, a signal, or rows
// that nobody reads or that cannot be written.
#pragma once

#include <signal.h>

#include <functional>
#include <optional>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace ior {

// Takes every signal that would end ior, faults of its own apart, from its default action, in this
// thread and in those that it makes after: they are read from here, and later ones cut nothing
// short. What a write would be killed for (SIGPIPE, SIGXFSZ) makes it fail instead. Signals that
// ior was given as ignored stay so, but SIGINT and SIGTERM: a shell's `ior &` ignores SIGINT.
class StopSignals {
 public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  // Not open where ior has no room for it.
  int fd() const { return fd_.get(); }
  // Gives the calling thread, a new process's only one, what ior itself was given.
  void restore() const;

 private:
  sigset_t before_;
  UniqueFd fd_;
};

struct EndOfTrace {
  int target_pidfd = -1;             // -1: no target
  int rows_fd = -1;                  // -1: no rows are streamed
  int rows_failed_fd = -1;           // readable once they cannot be written
  int timer_fd = -1;                 // -1: no limit
  std::optional<double> duration_s;  // of the timer, from now on
};

struct CaughtSignal {
  int number = 0;
  bool from_terminal = false;  // its whole process group got it
};

// An fd that wait_for_end() sets.
Result<UniqueFd> make_timer();
// Returns at the first of them; with the signal, where it was one.
std::optional<CaughtSignal> wait_for_end(const StopSignals& signals, const EndOfTrace& end);
// Waits until the process has exited; signals go to `on_signal` meanwhile.
void wait_for_exit(const StopSignals& signals, int pidfd,
                   const std::function<void(CaughtSignal)>& on_signal);

}  // namespace ior
