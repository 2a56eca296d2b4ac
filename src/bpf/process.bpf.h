/* Describes tasks and processes to user space: their identity, executable, command line, cgroup,
 * root and mount namespace. Only the current ones, whose memory can be read. */
#ifndef IOR_BPF_PROCESS_BPF_H
#define IOR_BPF_PROCESS_BPF_H

#include "bpf/names.bpf.h"

enum { CMDLINE_MAX = 1024, CGROUP_DEPTH_MAX = 256 };

/* kernfs_node.__parent was named parent before Linux 6.15. */
struct kernfs_node___before_6_15 {
  struct kernfs_node* parent;
};

static __always_inline __u64 kernfs_parent(__u64 node) {
  struct kernfs_node* now = (void*)node;
  if (bpf_core_field_exists(now->__parent)) return (__u64)BPF_CORE_READ(now, __parent);
  struct kernfs_node___before_6_15* before = (void*)node;
  return (__u64)BPF_CORE_READ(before, parent);
}

/* One component up. The buffer's at_dentry is the kernfs node that the walk has reached. */
static long cgroup_step(__u32 index, void* context) {
  struct ior_name_buffer* to = name_buffer();
  if (!to) return 1;
  struct kernfs_node* node = (void*)to->at_dentry;
  __u64 parent = kernfs_parent(to->at_dentry);
  if (!parent) return 1;
  char* component = (char*)to->bytes + IOR_TEXT_MAX;
  long size = bpf_probe_read_kernel_str(component, 256, BPF_CORE_READ(node, name));
  if (size < 1 || to->start < size) return 1;
  __u32 length = ((__u32)size - 1) & 255;
  to->start -= length + 1;
  __u32 at = to->start & (IOR_TEXT_MAX - 1);
  to->bytes[at] = '/';
  bpf_probe_read_kernel(to->bytes + at + 1, length, component);
  to->at_dentry = parent;
  return 0;
}

__noinline int append_cgroup(struct ior_record_buffer* record, __u32 offset) {
  struct task_struct* task = current_task();
  if (!record) return offset;
  struct ior_name_buffer* to = name_buffer();
  if (!to) return append_text(record, offset, 0, 0, IOR_TEXT_FAULT);
  poison(to->bytes, sizeof(to->bytes));
  to->at_dentry = (__u64)READ(task, cgroups, dfl_cgrp, kn);
  to->start = IOR_TEXT_MAX;
  bpf_loop(CGROUP_DEPTH_MAX, cgroup_step, 0, 0);
  if (to->start == IOR_TEXT_MAX) {
    to->start -= 1;
    to->bytes[IOR_TEXT_MAX - 1] = '/';
  }
  __u32 size = IOR_TEXT_MAX - to->start;
  if (size > IOR_CGROUP_MAX) size = IOR_CGROUP_MAX;
  return append_text(record, offset, to->bytes + (to->start & (IOR_TEXT_MAX - 1)), size,
                     IOR_TEXT_OK);
}

__noinline int append_executable(struct ior_record_buffer* record, __u32 offset) {
  struct task_struct* task = current_task();
  if (!record) return offset;
  struct mm_struct* mm = READ(task, mm);
  struct file* file = mm ? READ(mm, exe_file) : 0;
  struct ior_name_buffer* name = name_buffer();
  if (file && name) {
    name->dentry = (__u64)READ(file, f_path.dentry);
    name->mount = (__u64)READ(file, f_path.mnt);
    name->fs = (__u64)READ(task, fs);
    if (make_name()) return append_name(record, offset, name);
  }
  return append_text(record, offset, 0, 0, IOR_TEXT_FAULT);
}

/* The arguments, each ended by a zero byte, as /proc/PID/cmdline has them. */
__noinline int append_cmdline(struct ior_record_buffer* record, __u32 offset) {
  struct task_struct* task = current_task();
  if (!record) return offset;
  struct ior_text* text = (void*)record + (offset & 0x3ff8);
  struct mm_struct* mm = READ(task, mm);
  __u64 start = mm ? READ(mm, arg_start) : 0, end = mm ? READ(mm, arg_end) : 0;
  __u32 size = end - start > CMDLINE_MAX ? CMDLINE_MAX : end - start;
  size &= 2 * CMDLINE_MAX - 1;
  if (!start || bpf_probe_read_user(text + 1, size, (const void*)start))
    return end_text(record, offset, 0, IOR_TEXT_FAULT);
  return end_text(record, offset, size, IOR_TEXT_OK);
}

/* Sends a PROCESS record about the process of the current task, which has this number; false where
 * it was not sent (counted). */
__noinline int send_process(__u32 cpu, __u32 number) {
  struct ior_record_buffer* record = record_buffer();
  struct task_struct* task = current_task();
  if (!record) return false;
  poison(record, sizeof(*record));
  __builtin_memset(&record->head, 0, sizeof(record->head));
  record->head.kind = IOR_RECORD_PROCESS;
  record->head.task = number;
  record->head.tgid = READ(task, tgid);
  record->head.tid = READ(task, pid);
  record->head.time_ns = now_ns();
  struct ior_process* process = (void*)record->body;
  process->start_ns = READ(task, group_leader, start_boottime);
  process->ppid = READ(task, real_parent, tgid);
  process->uid = bpf_get_current_uid_gid();
  process->mount_namespace = READ(task, nsproxy) ? READ(task, nsproxy, mnt_ns, ns.inum) : 0;
  __u32 size = append_executable(record, sizeof(struct ior_head) + sizeof(*process));
  size = append_cmdline(record, size);
  size = append_cgroup(record, size);
  if (put_record(cpu, record, size)) return true;
  count(IOR_COUNTER_process_not_sent);
  return false;
}

/* Sees to it that the records of a call can be understood: the task's name, its root, and its
 * process once. */
static __always_inline void introduce(struct ior_task_state* state) {
  __u32 known_at = __sync_lock_test_and_set(&state->known_at, name_epoch);
  if (!known_at) {
    state->process_start_ns = READ(current_task(), group_leader, start_boottime);
    bpf_get_current_comm(state->comm, IOR_COMM_SIZE);
    state->flags &= ~TASK_INTRODUCED;
  }
  if (known_at != state->known_at) take_root(state);
  if (state->flags & TASK_PROCESS_SENT) return;
  struct ior_task_state* leader = make_state(bpf_get_current_task_btf()->group_leader);
  if (leader && leader->described) {
    state->flags |= TASK_PROCESS_SENT;
  } else if (send_process(state->cpu, state->task)) {
    state->flags |= TASK_PROCESS_SENT;
    if (leader) leader->described = true;
  }
}

#endif
