/* The short way for the commonest calls: those of which nothing is told but the file of the fd in
 * their first argument and their return (read, write, lseek, close, ...), where that file has a
 * name already, and the thread has not moved and is known. Each function returns false where
 * something is otherwise; the call then goes the long way, with the same result. */
#ifndef IOR_BPF_FD_CALL_BPF_H
#define IOR_BPF_FD_CALL_BPF_H

#include "bpf/records.bpf.h"

enum {
  /* Shorter than it takes to give out so many numbers that one expires: half of IOR_NAME_WINDOW, at
   * most 17 at a time, with a name of 4 KiB, which takes more than 600 ns. */
  NAMES_KEEP_NS = 1000000,
  TASK_KNOWN = TASK_INTRODUCED | TASK_PROCESS_SENT,
};

/* What finish_fd_call() writes. */
struct ior_fd_record {
  struct ior_head head;
  struct ior_exit exit;
  struct ior_file file;
};

/* Names the open file of an fd in the state, from this CPU's names; false where it is not open or
 * has no name there. Not inlined: on_sys_enter does without a stack that has to be set up. */
static __noinline int find_file(struct task_struct* given, struct ior_task_state* state, __u32 fd) {
  struct task_struct* task = AS(struct task_struct, given);
  __u32 cpu = bpf_get_smp_processor_id();
  struct ior_cpu_names* cache = bpf_map_lookup_elem(&names, &cpu);
  struct file* open = open_file_of(READ(task, files), fd);
  struct fs_struct* fs = READ(task, fs);
  if (!open || !cache || !fs) return false;
  __u64 dentry = NUMBER_AT(&open->f_path.dentry);
  struct ior_named_dentry* slot = slot_of(cache, dentry);
  __u64 hash = READ(AS(struct dentry, dentry), d_name.hash_len);
  /* A name without a hash is told apart otherwise (name_hash()). */
  if (!(__u32)hash || !is_name_of(slot, cache, dentry, NUMBER_AT(&open->f_path.mnt), hash, fs))
    return false;
  state->cpu = cpu;
  state->sections = IOR_FILE;
  state->file.name_id = slot->name_id;
  state->file.fd = fd;
  state->file.f_flags = READ(open, f_flags);
  state->file.status = IOR_FILE_NAMED;
  state->opened = (__u64)open;
  return true;
}

static __always_inline bool start_fd_call(struct task_struct* task, struct pt_regs* regs, __u64 nr,
                                          __u64 pid_tgid, __u8 selection) {
  struct ior_cpu* here = this_cpu();
  if (!here) return false;
  __u32 seat = seat_number(as_number(task, &here->pointer));
  struct ior_task_state* state = seat_of(task, seat);
  if (!state || (state->flags & (TASK_KNOWN | TASK_IN_CALL)) != TASK_KNOWN) return false;
  if (state->known_at != name_epoch || !find_file(task, state, regs->di)) return false;
  here->entered = seat;
  state->flags = (state->flags & TASK_LASTING) | TASK_CALLED | TASK_IN_CALL | TASK_FD_CALL |
                 (selection & IOR_COUNTS_BYTES ? TASK_COUNTS_BYTES : 0);
  state->regs = (__u64)regs;
  state->nr = nr;
  state->nargs = 0;
  state->tgid = pid_tgid >> 32;
  state->tid = pid_tgid;
  state->enter_ns = now_ns();
  return true;
}

/* What a record says of losses before it. */
static __always_inline __u32 losses_of(__u32 flags) {
  if (!(flags & (TASK_LOST | TASK_EXIT_LOST))) return 0;
  return IOR_AFTER_LOSS | (flags & TASK_EXIT_LOST ? IOR_EXIT_LOST : 0);
}

/* Two adjacent fields of 32 bits, the first one in the lower half, or four of 16. */
#define WORD(field) (*(__u64*)&(field))

/* Finishes the call that began on this CPU last, if it is the one that ends: no two tasks have
 * their registers in the same place, and a task that is gone is in no call. */
static __always_inline bool finish_fd_call(struct pt_regs* regs, __s64 ret) {
  const __u32 plain = TASK_FD_CALL | TASK_IN_CALL | TASK_KNOWN;
  __u32 cpu = bpf_get_smp_processor_id();
  struct ior_cpu* here = this_cpu();
  if (!here) return false;
  struct ior_task_state* state = bpf_map_lookup_elem(&seats, &here->entered);
  if (!state || state->regs != (__u64)regs) return false;
  __u32 flags = state->flags, number = state->nr;
  if ((flags & (plain | TASK_INTERRUPTED)) != plain || is_restart(ret)) return false;
  if (state->cpu != cpu || (__u32)regs->orig_ax != number) return false;
  __u64 exit_ns = now_ns();
  if (exit_ns - state->enter_ns >= NAMES_KEEP_NS) return false;
  struct ior_ring* ring = bpf_map_lookup_elem(&rings, &cpu);
  if (!ring) return false;
  bool counts_bytes = ret > 0 && (flags & TASK_COUNTS_BYTES);
  add_to(ring, number, ret < 0 && ret >= -MAX_ERRNO, counts_bytes ? ret : 0);
  struct ior_fd_record* record = ring_place(ring, sizeof(*record));
  if (!record) {
    count_lost(false);
    state->flags = (flags & ~TASK_IN_CALL) | TASK_LOST;
    return true;
  }
  __u64 sections = IOR_WHOLE | IOR_FILE | losses_of(flags);
  WORD(state->task) += 1ull << 32; /* seq */
  WORD(record->head) = IOR_RECORD_EXIT | sections << 16 | (__u64)cpu << 32 | (__u64)number << 48;
  WORD(record->head.task) = WORD(state->task);
  WORD(record->head.tgid) = WORD(state->tgid);
  record->head.time_ns = exit_ns;
  record->exit.enter_ns = state->enter_ns;
  record->exit.ret = ret;
  record->file = state->file;
  publish(ring, sizeof(*record));
  state->flags = flags & ~(TASK_IN_CALL | TASK_LOST | TASK_EXIT_LOST);
  return true;
}

#undef WORD

#endif
