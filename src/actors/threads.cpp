#include "actors/threads.hpp"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <thread>

namespace ior {
namespace {

constexpr int kNiceness = -20;  // the rings must not fill while others compute
constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::microseconds kNap{50};

}  // namespace

int default_threads() {
  cpu_set_t cpus;
  if (::sched_getaffinity(0, sizeof(cpus), &cpus) != 0) return 1;
  return std::clamp(CPU_COUNT(&cpus) / 2, 1, 4);  // more would wait for the reader's
}

void raise_priority() {
  ::setpriority(PRIO_PROCESS, 0, kNiceness);
}

Rendezvous::Rendezvous(int threads)
    : threads_(threads), limit_(std::chrono::steady_clock::now() + kPatience) {}

void Rendezvous::arrive_and_wait() {
  ++arrived_;
  wait();
}

bool Rendezvous::wait() const {
  while (arrived_ < threads_ && std::chrono::steady_clock::now() < limit_) {
    std::this_thread::sleep_for(kNap);
  }
  return arrived_ >= threads_;
}

}  // namespace ior
