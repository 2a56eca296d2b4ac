/* The target, which is known by its number: when it begins to be traced, and when it is gone and
 * another may get its number. Only a task that has the number pays for that (is_traced_target()).
 */
#ifndef IOR_BPF_TARGET_BPF_H
#define IOR_BPF_TARGET_BPF_H

#include <asm/unistd_64.h>

#include "bpf/kernel_memory.bpf.h"

enum { IS_EXITING = 4 }; /* PF_EXITING */

/* A command that ior starts is traced from its own execve on. */
static __always_inline void note_target_exec(__u32 tgid, __u64 nr) {
  if (settings.from_exec && target_phase == IOR_TARGET_AWAITED && tgid == settings.target_tgid &&
      (nr == __NR_execve || nr == __NR_execveat))
    target_phase = IOR_TARGET_TRACED;
}

/* Whether a thread's number is free when it is gone. A thread that calls exec takes the number of
 * its leader, which ends before, and gives its own one up. */
static __always_inline bool ends_target(struct task_struct* task) {
  struct signal_struct* process = READ(task, signal);
  bool is_last = READ(process, live.counter) == 0;
  if (!settings.target_tid) return is_last;
  struct task_struct* heir = READ(process, group_exec_task);
  bool is_leader = task->pid == task->tgid;
  if (is_leader && heir && READ(heir, pid) == settings.target_tid) return true;
  if (task->pid == settings.target_tid) return is_last || !is_leader || !heir;
  return is_last && task->tgid == settings.target_tid;
}

/* A task ends, and has its number still. */
static __always_inline void note_target_end(struct task_struct* task) {
  if (!settings.has_target) return;
  if (settings.target_tgid && task->tgid != settings.target_tgid) return;
  if (ends_target(task)) target_phase = IOR_TARGET_GONE;
}

/* Follows the children that the target, or one that is followed, has already. Run again until it
 * finds no more: a parent that is found may have made another one meanwhile. */
SEC("iter/task")
int follow_children(struct bpf_iter__task* context) {
  struct task_struct* task = context->task;
  if (!task) return 0;
  struct task_struct* parent = task->real_parent;
  struct ior_task_state* state = find_state(parent);
  bool is_followed = state && (state->flags & TASK_FOLLOWED);
  if (!is_followed && !is_target(parent->tgid, parent->pid)) return 0;
  if (is_target(task->tgid, task->pid)) return 0;
  state = find_state(task);
  if (state && (state->flags & TASK_FOLLOWED)) return 0;
  state = make_state(task);
  if (state) __sync_fetch_and_or(&state->flags, TASK_FOLLOWED);
  in_flight += state != 0;
  return 0;
}

/* Counts the tasks that have the target's number and whose end note_target_end() will see. */
SEC("iter/task")
int find_target(struct bpf_iter__task* context) {
  struct task_struct* task = context->task;
  if (task && is_target(task->tgid, task->pid) && !(task->flags & IS_EXITING)) in_flight += 1;
  return 0;
}

#endif
