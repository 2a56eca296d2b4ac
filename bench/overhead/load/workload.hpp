// What ior_load can run. A workload is set up by its constructor, which is not measured and which a
// tracer does not see, and then runs as often as it is told to.
// To add one: a function that makes it, and a row in workloads.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "tally.hpp"

namespace ior::load {

// When a run ends: after this many calls or after this time, whichever comes first; 0: never.
struct Limit {
  std::uint64_t calls = 0;
  std::uint64_t time_ns = 0;
};

struct Measured {
  Tally calls;
  std::uint64_t elapsed_ns = 0;
  double best_slice_ns_per_call = 0;  // 0: was not measured in slices
};

struct Settings {
  std::string directory;        // for its files: exists, is empty, and is removed afterwards
  std::uint32_t processes = 0;  // of `counted`
};

class Workload {
 public:
  virtual ~Workload() = default;
  // Throws std::runtime_error when a call fails that must not.
  virtual Measured run(const Limit& limit) = 0;
};

struct WorkloadKind {
  const char* name;
  std::uint64_t default_calls;
  const char* about;
  std::unique_ptr<Workload> (*make)(const Settings& settings);
};

std::span<const WorkloadKind> workload_kinds();

std::unique_ptr<Workload> make_rw1(const Settings& settings);
std::unique_ptr<Workload> make_pread4k(const Settings& settings);
std::unique_ptr<Workload> make_openclose(const Settings& settings);
std::unique_ptr<Workload> make_stat(const Settings& settings);
std::unique_ptr<Workload> make_socket(const Settings& settings);
std::unique_ptr<Workload> make_forkexec(const Settings& settings);
std::unique_ptr<Workload> make_paths(const Settings& settings);
std::unique_ptr<Workload> make_mixed(const Settings& settings);
std::unique_ptr<Workload> make_counted(const Settings& settings);

std::uint64_t now_ns();

}  // namespace ior::load
