// What a trace follows until it ends: a process that runs already, or a command that ior starts and
// holds back until the probes are attached.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace ior {

// A pidfd of a running process. Errors: there is none with this id, or it is a thread of one.
Result<UniqueFd> open_process(std::uint32_t pid);
// The same of a thread, of process `pid` unless that is 0. Before Linux 6.9 there is none: an fd
// that is not open, and the thread's end goes unnoticed.
Result<UniqueFd> open_thread(std::uint32_t pid, std::uint32_t tid);
// Where process ids are not what they are to the kernel: what to do.
std::unexpected<Error> fail_in_container();
// Whether /proc says so. There may be none: only the kernel side knows for certain.
Result<void> check_pid_namespace();

// Lifetime: a command that was never released ends when its owner goes.
class HeldCommand {
 public:
  // Finds the program in PATH and makes its process, which waits for release() after `restore` has
  // given it what ior itself was given. Errors: not found, not executable.
  static Result<HeldCommand> start(const std::vector<std::string>& command_line,
                                   const std::function<void()>& restore);

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
