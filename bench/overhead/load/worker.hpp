// The process in which a workload runs. It is a child that waits for orders in memory, not in a
// file, so that it makes none of the counted calls but the workload's; and whatever belongs to
// ior_load itself (reading orders, printing results, removing files) is another process.
// Lifetime: the process ends with its Worker, and when the process that made it dies.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>

#include "workload.hpp"

namespace ior::load {

class Worker {
 public:
  // Returns when the workload is set up. Throws std::runtime_error where that fails.
  explicit Worker(const std::function<std::unique_ptr<Workload>()>& make_workload);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  pid_t pid() const { return pid_; }
  // Throws std::runtime_error where a call failed that must not.
  Measured run(const Limit& limit);

 private:
  struct Channel;
  [[noreturn]] void work(const std::function<std::unique_ptr<Workload>()>& make_workload);
  void wait_for_answer();

  Channel* channel_;
  pid_t pid_;
};

}  // namespace ior::load
