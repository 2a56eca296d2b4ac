/* Names given to a call's files at its enter, when the call has lasted so long that they expire, or
 * ends on another CPU, whose ring has names of its own. */
#ifndef IOR_BPF_RENEW_BPF_H
#define IOR_BPF_RENEW_BPF_H

#include "bpf/capture.bpf.h"

static __always_inline bool is_expired(const struct ior_file* file, __u32 newest) {
  return file->status == IOR_FILE_NAMED && newest - file->name_id >= IOR_NAME_WINDOW / 2;
}

/* Not inlined, as is what follows from it: older kernels add up the stacks of all that a probe
 * calls, to 512 bytes. */
__noinline int rename_file(struct ior_file* file, __u64 opened) {
  struct ior_file now;
  if (!file || file->status != IOR_FILE_NAMED) return 0;
  if (opened && capture_fd(&now, file->fd) == opened) {
    *file = now;
    return 0;
  }
  file->status = IOR_FILE_NO_NAME;
  count(IOR_COUNTER_name_expired);
  return 0;
}

/* Sends the call to this CPU's ring, where its files must have names, too. */
static __always_inline void move_to_this_cpu(struct ior_task_state* state) {
  state->cpu = bpf_get_smp_processor_id();
  if (state->sections & IOR_FILE) rename_file(&state->file, state->opened);
  if (state->sections & IOR_OTHER) rename_file(&state->other, state->other_opened);
}

/* After a call so long that the names given at its enter are about to expire: names its files
 * again, for this CPU's ring. */
static __always_inline void renew_names(struct ior_task_state* state) {
  __u32 cpu = state->cpu;
  struct ior_cpu_names* cache = bpf_map_lookup_elem(&names, &cpu);
  if (!cache) return;
  bool file = (state->sections & IOR_FILE) && is_expired(&state->file, cache->next_id);
  bool other = (state->sections & IOR_OTHER) && is_expired(&state->other, cache->next_id);
  if (!file && !other) return;
  move_to_this_cpu(state);
}

#endif
