/* Calls that a signal interrupts and that the kernel begins anew by itself: one call, from its
 * first enter to its last exit. That is certain where no handler ran in between, for then the
 * thread does nothing else before; the exit waits for it. A handler may do anything: the call has
 * ended when one is run, and what comes after it is another call. */
#ifndef IOR_BPF_RESTART_BPF_H
#define IOR_BPF_RESTART_BPF_H

#include "bpf/arguments.bpf.h"
#include "bpf/records.bpf.h"

enum { COMPAT_RESTART_SYSCALL = 0 };

/* What of the registers is the same when the kernel begins a call anew, as a number. A debugger may
 * have the stopped thread make another call in between. */
static __always_inline __u64 place_of(const struct pt_regs* regs) {
  __u64 place = regs->ip;
  place = (place ^ regs->sp) * GOLDEN_RATIO;
  place = (place ^ regs->bx) * GOLDEN_RATIO;
  place = (place ^ regs->di) * GOLDEN_RATIO;
  place = (place ^ regs->si) * GOLDEN_RATIO;
  return (place ^ regs->dx) * GOLDEN_RATIO;
}

static __always_inline void suspend_call(struct ior_task_state* state, const struct pt_regs* regs,
                                         __u64 now, long ret) {
  state->flags |= TASK_INTERRUPTED;
  state->interrupted_at = place_of(regs);
  state->interrupted_ns = now;
  state->interrupted_ret = ret;
}

/* Whether the call that begins is the interrupted one. */
static __always_inline bool resumes_call(const struct ior_task_state* state,
                                         const struct pt_regs* regs, __u64 nr) {
  __u32 restart_nr = state->sections & IOR_COMPAT ? COMPAT_RESTART_SYSCALL : __NR_restart_syscall;
  if (place_of(regs) != state->interrupted_at) return false;
  return nr == state->nr || (nr == restart_nr && state->interrupted_ret == RESTART_BLOCK);
}

#endif
