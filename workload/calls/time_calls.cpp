// Exercises of family Time.
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "calls/exercise.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kBadClock = 9999;
constexpr int kAbsentTimer = 9999;
constexpr timespec kShort = {0, 1000};
constexpr timespec kImpossible = {0, -1};

sigevent no_event() {
  sigevent event{};
  event.sigev_notify = SIGEV_NONE;
  return event;
}

// The kernel's number of a timer, which is not the library's timer_t.
int new_timer() {
  sigevent event = no_event();
  int timer = -1;
  if (::syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) != 0) {
    throw SyscallError("timer_create", errno);
  }
  return timer;
}

}  // namespace

void nanosleep(const Calls& calls) {
  calls.returns(0, {&kShort, nullptr});
  calls.fails(EINVAL, {&kImpossible, nullptr});
}

void clock_nanosleep(const Calls& calls) {
  calls.returns(0, {CLOCK_MONOTONIC, 0, &kShort, nullptr});
  calls.fails(EINVAL, {kBadClock, 0, &kShort, nullptr});
}

void getitimer(const Calls& calls) {
  itimerval left{};
  calls.returns(0, {ITIMER_REAL, &left});
  calls.fails(EINVAL, {kBadClock, &left});
}

void setitimer(const Calls& calls) {
  const itimerval off{};
  calls.returns(0, {ITIMER_REAL, &off, nullptr});
  calls.fails(EINVAL, {kBadClock, &off, nullptr});
}

void alarm(const Calls& calls) {
  calls.returns(0, {1000});
  calls.returns(1000, {0});
  calls.never_fails("it has no error");
}

void gettimeofday(const Calls& calls) {
  timeval now{};
  calls.returns(0, {&now, nullptr});
  calls.fails(EFAULT, {kBadAddress, nullptr});
}

void settimeofday(const Calls& calls) {
  const timeval impossible = {0, -1};
  calls.returns(0, {nullptr, nullptr});
  calls.fails(EINVAL, {&impossible, nullptr});
}

void time(const Calls& calls) {
  calls.succeeds({nullptr});
  calls.fails(EFAULT, {kBadAddress});
}

void times(const Calls& calls) {
  calls.succeeds({nullptr});
  calls.fails(EFAULT, {kBadAddress});
}

void adjtimex(const Calls& calls) {
  timex query{};
  calls.succeeds({&query});
  calls.fails(EFAULT, {kBadAddress});
}

void clock_adjtime(const Calls& calls) {
  timex query{};
  calls.succeeds({CLOCK_REALTIME, &query});
  calls.fails(EINVAL, {kBadClock, &query});
}

void clock_gettime(const Calls& calls) {
  timespec now{};
  calls.returns(0, {CLOCK_MONOTONIC, &now});
  calls.fails(EINVAL, {kBadClock, &now});
}

void clock_getres(const Calls& calls) {
  timespec resolution{};
  calls.returns(0, {CLOCK_MONOTONIC, &resolution});
  calls.fails(EINVAL, {kBadClock, &resolution});
}

void clock_settime(const Calls& calls) {
  calls.fails(EINVAL, {CLOCK_MONOTONIC, &kShort});
  calls.never_succeeds("it would set the clock of the machine");
}

void timer_create(const Calls& calls) {
  sigevent event = no_event();
  int timer = -1;
  calls.returns(0, {CLOCK_MONOTONIC, &event, &timer});
  calls.fails(EINVAL, {kBadClock, &event, &timer});
}

void timer_settime(const Calls& calls) {
  const int timer = new_timer();
  const itimerspec later = {.it_interval = {0, 0}, .it_value = {1000, 0}};
  calls.returns(0, {timer, 0, &later, nullptr});
  calls.fails(EINVAL, {kAbsentTimer, 0, &later, nullptr});
}

void timer_gettime(const Calls& calls) {
  const int timer = new_timer();
  itimerspec left{};
  calls.returns(0, {timer, &left});
  calls.fails(EINVAL, {kAbsentTimer, &left});
}

void timer_getoverrun(const Calls& calls) {
  calls.returns(0, {new_timer()});
  calls.fails(EINVAL, {kAbsentTimer});
}

void timer_delete(const Calls& calls) {
  const int timer = new_timer();
  calls.returns(0, {timer});
  calls.fails(EINVAL, {timer});
}

}  // namespace ioworkload::exercise
