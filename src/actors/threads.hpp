// What the pipeline's threads have in common: how many there are, their priority, their start.
#pragma once

#include <atomic>
#include <chrono>

namespace ior {

// The number of threads that suits the machine: half the CPUs that this process may use, between 1
// and 4.
int default_threads();

// For the calling thread; without the privilege it stays as it is.
void raise_priority();

// Where threads wait until all have come, so that each is another one.
class Rendezvous {
 public:
  explicit Rendezvous(int threads);
  void arrive_and_wait();
  // Whether all have come: false after a time that is ample.
  bool wait() const;

 private:
  const int threads_;
  const std::chrono::steady_clock::time_point limit_;
  std::atomic<int> arrived_{0};
};

}  // namespace ior
