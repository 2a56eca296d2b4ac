/* The clock of records: the boot clock, which goes on while the system sleeps. It is read as the
 * monotonic clock, which is cheaper, and what the system has slept, which changes as it wakes only,
 * before any task runs again. */
#ifndef IOR_BPF_CLOCK_BPF_H
#define IOR_BPF_CLOCK_BPF_H

#include "bpf/state.bpf.h"

__u64 slept_ns = 0;

static __always_inline __u64 now_ns(void) {
  return bpf_ktime_get_ns() + slept_ns;
}

/* The boot clock is read first, so that a system that never slept has 0. */
static __always_inline void measure_sleep(void) {
  __u64 boot = bpf_ktime_get_boot_ns(), monotonic = bpf_ktime_get_ns();
  slept_ns = boot > monotonic ? boot - monotonic : 0;
}

/* A step of going to sleep or of waking. */
SEC("tp_btf/suspend_resume")
int on_suspend_step(void* context) {
  measure_sleep();
  return 0;
}

#endif
