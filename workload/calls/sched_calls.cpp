// Exercises of family Sched.
#include <sched.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "calls/exercise.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kAbsentPid = 0x3fffffff;
constexpr int kBadOption = 9999;
constexpr sched_param kNoPriority = {0};
constexpr int kHighestPriority = 99;
constexpr int kLowestPriority = 1;

std::array<char, 1024> buffer;

// The kernel's struct sched_attr, first version.
struct Attributes {
  std::uint32_t bytes = 48;
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};
static_assert(sizeof(Attributes) == 48);

}  // namespace

void sched_yield(const Calls& calls) {
  calls.returns(0, {});
  calls.never_fails("it has no error");
}

void sched_setparam(const Calls& calls) {
  calls.returns(0, {0, &kNoPriority});
  calls.fails(ESRCH, {kAbsentPid, &kNoPriority});
}

void sched_getparam(const Calls& calls) {
  calls.returns(0, {0, buffer.data()});
  calls.fails(ESRCH, {kAbsentPid, buffer.data()});
}

void sched_setscheduler(const Calls& calls) {
  calls.returns(0, {0, SCHED_BATCH, &kNoPriority});
  calls.fails(EINVAL, {0, kBadOption, &kNoPriority});
}

void sched_getscheduler(const Calls& calls) {
  calls.succeeds({0});
  calls.fails(ESRCH, {kAbsentPid});
}

void sched_get_priority_max(const Calls& calls) {
  calls.returns(kHighestPriority, {SCHED_FIFO});
  calls.fails(EINVAL, {kBadOption});
}

void sched_get_priority_min(const Calls& calls) {
  calls.returns(kLowestPriority, {SCHED_FIFO});
  calls.fails(EINVAL, {kBadOption});
}

void sched_rr_get_interval(const Calls& calls) {
  calls.returns(0, {0, buffer.data()});
  calls.fails(ESRCH, {kAbsentPid, buffer.data()});
}

void sched_setaffinity(const Calls& calls) {
  cpu_set_t allowed{};
  const cpu_set_t none{};
  ::sched_getaffinity(0, sizeof allowed, &allowed);
  calls.returns(0, {0, sizeof allowed, &allowed});
  calls.fails(EINVAL, {0, sizeof none, &none});
}

void sched_getaffinity(const Calls& calls) {
  calls.succeeds({0, buffer.size(), buffer.data()}, Shown().moving(kAsReturned));
  calls.fails(EINVAL, {0, 1, buffer.data()});
}

void sched_setattr(const Calls& calls) {
  const Attributes usual;
  calls.returns(0, {0, &usual, 0});
  calls.fails(EINVAL, {0, &usual, kBadOption});
}

void sched_getattr(const Calls& calls) {
  calls.returns(0, {0, buffer.data(), sizeof(Attributes), 0});
  calls.fails(EINVAL, {0, buffer.data(), 1, 0});
}

}  // namespace ioworkload::exercise
