// What a trace follows until it ends: a process that runs already, or a command that ior starts and
// holds back until the probes are attached.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "trace/wait.hpp"

namespace ior {

// A pidfd of a running process. Errors: there is none with this id, or it is a thread of one.
Result<UniqueFd> open_process(std::uint32_t pid);
// The same of a thread, of process `pid` unless that is 0. Before Linux 6.9 there is none: an fd
// that is not open, and the thread's end goes unnoticed.
Result<UniqueFd> open_thread(std::uint32_t pid, std::uint32_t tid);
// Whether process ids are here what they are to the kernel: an error says what to do. In a
// container they are not.
Result<void> check_pid_namespace();

// Lifetime: a command that was never released ends when its owner goes.
class HeldCommand {
 public:
  // Finds the program in PATH and makes its process, with the signals as ior was given them, which
  // waits for release(). Errors: not found, not executable.
  static Result<HeldCommand> start(const std::vector<std::string>& command_line,
                                   const StopSignals& signals);

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }
  // Lets the process exec the program. Errors: the kernel refused to (the process is gone then).
  Result<void> release();
  void send_signal(int signal) const;
  // Waits for its end. Returns its exit status, 128 + signal where one ended it.
  int wait();

 private:
  HeldCommand() = default;

  std::string program_;
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd go_;     // written to: exec; closed: give up
  UniqueFd error_;  // has errno where the exec failed
};

}  // namespace ior
