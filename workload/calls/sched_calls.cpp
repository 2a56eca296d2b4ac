// Exercises of family Sched.
#include <sched.h>

#include <cerrno>
#include <cstdint>
#include <ctime>

#include "calls/exercise.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kThisThread = 0;
constexpr int kNoThread = -1;
constexpr int kNoPolicy = 99;

const sched_param normal = {.sched_priority = 0};

// As the kernel's struct sched_attr, first version: its header does not go with <sched.h>.
struct Attributes {
  std::uint32_t bytes = 48;
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0, deadline_ns = 0, period_ns = 0;
};
static_assert(sizeof(Attributes) == 48);

}  // namespace

void sched_yield(const Calls& calls) {
  calls.returns(0, {});
  calls.never_fails("it has no error");
}

void sched_setparam(const Calls& calls) {
  calls.returns(0, {kThisThread, &normal});
  calls.fails(EINVAL, {kThisThread, nullptr});
}

void sched_getparam(const Calls& calls) {
  sched_param found{};
  calls.returns(0, {kThisThread, &found});
  calls.fails(EINVAL, {kNoThread, &found});
}

void sched_setscheduler(const Calls& calls) {
  calls.returns(0, {kThisThread, SCHED_BATCH, &normal});
  calls.fails(EINVAL, {kThisThread, kNoPolicy, &normal});
}

void sched_getscheduler(const Calls& calls) {
  ::sched_setscheduler(kThisThread, SCHED_BATCH, &normal);
  calls.returns(SCHED_BATCH, {kThisThread});
  calls.fails(EINVAL, {kNoThread});
}

void sched_get_priority_max(const Calls& calls) {
  calls.returns(99, {SCHED_FIFO});
  calls.fails(EINVAL, {kNoPolicy});
}

void sched_get_priority_min(const Calls& calls) {
  calls.returns(1, {SCHED_FIFO});
  calls.fails(EINVAL, {kNoPolicy});
}

void sched_rr_get_interval(const Calls& calls) {
  ::timespec interval{};
  calls.returns(0, {kThisThread, &interval});
  calls.fails(EINVAL, {kNoThread, &interval});
}

void sched_setaffinity(const Calls& calls) {
  cpu_set_t cpus;
  ::sched_getaffinity(kThisThread, sizeof cpus, &cpus);
  calls.returns(0, {kThisThread, sizeof cpus, &cpus});
  CPU_ZERO(&cpus);
  calls.fails(EINVAL, {kThisThread, sizeof cpus, &cpus});
}

void sched_getaffinity(const Calls& calls) {
  cpu_set_t cpus;
  calls.succeeds({kThisThread, sizeof cpus, &cpus}, Shown().moving(kAsReturned));
  calls.fails(EINVAL, {kThisThread, 1, &cpus});
}

void sched_setattr(const Calls& calls) {
  Attributes attributes;
  attributes.policy = SCHED_BATCH;
  calls.returns(0, {kThisThread, &attributes, 0});
  attributes.policy = kNoPolicy;
  calls.fails(EINVAL, {kThisThread, &attributes, 0});
}

void sched_getattr(const Calls& calls) {
  Attributes attributes;
  calls.returns(0, {kThisThread, &attributes, sizeof attributes, 0});
  calls.fails(EINVAL, {kThisThread, &attributes, 1, 0});
}

}  // namespace ioworkload::exercise
