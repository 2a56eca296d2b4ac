// What ior and its peers are measured against.
#include "configuration.hpp"
#include "probes.hpp"

namespace ior::overhead {
namespace {

class Nothing : public Tracer {
 public:
  Observed stop(const LoadResult&) override { return {}; }
};

class Empty : public Tracer {
 public:
  Observed stop(const LoadResult&) override { return {}; }

 private:
  EmptyProbes probes_;
};

class Bare : public Tracer {
 public:
  explicit Bare(int cpu) : tracer_(cpu) {}

  Observed stop(const LoadResult& made) override {
    const BareCounts counts = tracer_.stop();
    return {.cpu_s = counts.cpu_s,
            .kept = made.total_calls - std::min(made.total_calls, counts.lost),
            .lost = counts.lost};
  }

 private:
  BareTracer tracer_;
};

}  // namespace

std::vector<Configuration> own_configurations() {
  return {
      {.name = kUntraced,
       .role = Role::floor,
       .about = "no tracer",
       .start = [](const Target&) { return std::make_unique<Nothing>(); }},
      {.name = kEmpty,
       .role = Role::floor,
       .about = "tp_btf probes on sys_enter and sys_exit that do nothing",
       .start = [](const Target&) { return std::make_unique<Empty>(); }},
      {.name = kBare,
       .role = Role::floor,
       .about = "a clock read and a record of 40 bytes at enter and at exit, discarded",
       .start = [](const Target& target) { return std::make_unique<Bare>(target.tracer_cpu); }},
  };
}

}  // namespace ior::overhead
