// The harness's own probes (probes.bpf.c): the empty ones, and the bare tracer, whose thread reads
// the rings and throws away what it reads. libbpf and the skeleton stay behind this header.
// Lifetime: the probes are attached as long as their owner lives, or until stop().
#pragma once

#include <cstdint>
#include <memory>

namespace ior::overhead {

class EmptyProbes {
 public:
  // Throws std::runtime_error where the kernel refuses them.
  EmptyProbes();
  ~EmptyProbes();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct BareCounts {
  std::uint64_t records = 0;  // that were read; two for each call
  std::uint64_t lost = 0;     // that did not fit
  double cpu_s = 0;           // of the thread
};

class BareTracer {
 public:
  // The thread runs on `cpu`. Throws std::runtime_error where the kernel refuses it.
  explicit BareTracer(int cpu);
  ~BareTracer();

  // Detaches and reads what is left.
  BareCounts stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ior::overhead
