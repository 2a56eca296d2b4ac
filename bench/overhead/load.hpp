// The workload's side of a measurement: an ior_load that waits until it is told to run.
// Lifetime: it ends with its owner.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"

namespace ior::overhead {

// What ior_load says of a run: exact counts by the tracepoint's name.
struct LoadResult {
  std::map<std::string, std::uint64_t> calls;
  std::uint64_t total_calls = 0;
  double elapsed_s = 0;
  double ns_per_call = 0;
};

LoadResult parse_load_result(const std::string& line);

// A tracer can choose the workload's tasks by what their names begin with.
inline constexpr const char* kLoadComm = "ior_load_";

class Load {
 public:
  // Returns when the workload is set up. `options` are ior_load's, the workload's name first.
  // Throws std::runtime_error where it cannot be started.
  Load(const std::string& program, const std::vector<std::string>& options, int cpu);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  pid_t pid() const { return worker_pid_; }  // of the process that makes the calls
  // Runs once and waits for its end; `calls` 0: as many as the options say. Throws
  // std::runtime_error where the workload failed.
  LoadResult run(std::uint64_t calls = 0);
  // The same in two steps.
  void start(std::uint64_t calls = 0);
  LoadResult finish();

 private:
  std::string read_line();

  pid_t pid_ = -1;
  pid_t worker_pid_ = -1;
  UniqueFd orders_, answers_;
  std::string unread_;
};

}  // namespace ior::overhead
