// A way to trace a workload, or to leave it alone: what the harness compares. The lists of them are
// in own_configurations.cpp, ior_configurations.cpp and peer_configurations.cpp.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "load.hpp"

namespace ior::overhead {

// What a tracer may be pointed at.
struct Target {
  pid_t pid = 0;
  std::vector<std::string> call_names =
      {};  // of the workload's calls, as their tracepoints have them
  int load_cpu = 0;
  int tracer_cpu = 0;
  bool is_counting = false;  // this run is not timed: the tracer may write down what it sees
};

// What a tracer used, from when it was ready to its end, and what it has to show.
struct Observed {
  double cpu_s = 0;
  std::optional<std::uint64_t> peak_bytes = {};
  std::optional<std::uint64_t> kept = {};  // of the workload's calls, as far as the tool can tell
  std::optional<std::uint64_t> lost = {};  // by the tool's own word
};

// Lifetime: a tracer that is not stopped ends with its owner.
class Tracer {
 public:
  virtual ~Tracer() = default;
  virtual Observed stop(const LoadResult& made) = 0;
};

enum class Role : std::uint8_t {
  floor,    // what every tracer has to pay
  ior,      // what this program costs
  peer,     // keeps every call, or says something of every call
  counter,  // only counts: listed for scale
};

struct Configuration {
  std::string name;
  Role role;
  std::string about = {};
  std::string program = {};   // what must be installed for it; empty: nothing
  std::uint64_t fewer = 1;    // it gets so many times fewer calls, because it is slow
  bool counts_apart = false;  // what it keeps is counted in a run of its own
  // Returns when it traces. Throws std::runtime_error where it cannot.
  std::function<std::unique_ptr<Tracer>(const Target&)> start = {};
};

inline constexpr const char* kUntraced = "untraced";
inline constexpr const char* kEmpty = "empty_probes";
inline constexpr const char* kBare = "bare";
inline constexpr const char* kIorOutside = "ior_outside";
inline constexpr const char* kIorRecord = "ior_record";
inline constexpr const char* kIorBefore = "ior_before";

std::vector<Configuration> own_configurations();
std::vector<Configuration> ior_configurations(const std::string& ior);
// As kIorRecord, of another build of ior.
Configuration ior_before(const std::string& ior);
std::vector<Configuration> peer_configurations();

}  // namespace ior::overhead
