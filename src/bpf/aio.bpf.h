/* Requests of Linux AIO as calls of their own. There is no tracepoint: a request begins where
 * io_submit takes its iocb, and ends where io_getevents or io_pgetevents gives its event out, or
 * the program takes it from its ring (aio_rings.bpf.h). Until then it lives in a table, in the form
 * of a task's state, as io_uring's do. */
#ifndef IOR_BPF_AIO_BPF_H
#define IOR_BPF_AIO_BPF_H

#include "bpf/aio_rings.bpf.h"

enum { IOCBS_AT_ONCE_MAX = 1 << 14 };

/* linux/aio_abi.h, whose own types clash with the kernel's. */
struct ior_iocb {
  __u64 data;
  __u64 key_and_flags;
  __u16 operation;
  __s16 priority;
  __u32 fd;
  __u64 buffer;
  __u64 size;
  __u64 offset;
};

static const struct ior_task_state blank_call = {.sections = IOR_REQUEST | IOR_AIO};

/* One whose event was never seen: its ring could not be read. It is known to be over when its iocb
 * is submitted again, or at the end of the trace. */
static long settle_iocb(struct bpf_map* map, struct ior_iocb_key* key, struct ior_task_state* call,
                        void* context) {
  count(IOR_COUNTER_no_result);
  send_whole(call, call->enter_ns, 0, IOR_NO_RETURN);
  return 0;
}

struct ior_iocb_list {
  __u64 iocbs; /* of pointers, in user space */
  __u64 tgid;
  __u64 position; /* in the ring, */
  __u32 ring;     /* that has this number; 0: not known */
  __u32 tid;
  bool has_kept;
};

static __always_inline bool key_at(const struct ior_iocb_list* list, __u32 index,
                                   struct ior_iocb_key* key) {
  key->tgid = list->tgid;
  return !bpf_probe_read_user(&key->iocb, 8, (const void*)(list->iocbs + (__u64)index * 8));
}

static long is_kept_step(__u32 index, void* context) {
  struct ior_iocb_list* list = context;
  struct ior_iocb_key key;
  list->has_kept = key_at(list, index, &key) && bpf_map_lookup_elem(&iocbs, &key);
  return list->has_kept;
}

/* Whether any of the iocbs has a request that is in flight, as far as known: it is over, and its
 * event still in the ring. */
static __always_inline bool has_kept_request(struct ior_iocb_list* list, __u32 count) {
  bpf_loop(count, is_kept_step, list, 0);
  return list->has_kept;
}

static long submit_step(__u32 index, void* context) {
  const struct ior_iocb_list* list = context;
  struct ior_iocb_key key;
  struct ior_iocb iocb;
  if (!key_at(list, index, &key)) return 1;
  if (bpf_probe_read_user(&iocb, sizeof(iocb), (const void*)key.iocb)) return 1;
  __u32 row = row_number(iocb.operation, IOR_TABLE_AIO);
  if (!(settings.selected[row] & IOR_SELECTED)) return 0;
  struct ior_task_state* call = bpf_map_lookup_elem(&iocbs, &key);
  if (call) settle_iocb(0, &key, call, 0);
  if (bpf_map_update_elem(&iocbs, &key, &blank_call, BPF_ANY) ||
      !(call = bpf_map_lookup_elem(&iocbs, &key))) {
    add_total(row, false, 0);
    count(IOR_COUNTER_requests_full);
    return 0;
  }
  call->task = __sync_fetch_and_add(&last_task, 1) + 1;
  call->nr = iocb.operation;
  call->nargs = rows[row].nargs;
  call->cpu = bpf_get_smp_processor_id();
  call->tgid = list->tgid;
  call->process_start_ns = READ(current_task(), group_leader, start_boottime);
  call->tid = list->tid;
  call->args[0] = iocb.fd;
  call->args[1] = iocb.buffer;
  call->args[2] = iocb.size;
  call->args[3] = iocb.offset;
  call->args[RING_ARGUMENT] = list->ring;
  call->args[POSITION_ARGUMENT] = list->position;
  bpf_get_current_comm(call->comm, IOR_COMM_SIZE);
  call->root = current_root();
  capture_fd(&call->file, iocb.fd);
  call->sections |= IOR_FILE;
  call->enter_ns = now_ns();
  return 0;
}

static __always_inline int submit_iocbs(struct task_struct* task, struct pt_regs* regs,
                                        __u64 pid_tgid) {
  struct ior_iocb_list list = {.iocbs = regs->dx, .tgid = pid_tgid >> 32, .tid = pid_tgid};
  __u64 count = regs->si < IOCBS_AT_ONCE_MAX ? regs->si : IOCBS_AT_ONCE_MAX;
  describe_process(task, bpf_get_smp_processor_id(), 0);
  struct ior_aio_ring* ring = make_ring(list.tgid, regs->di);
  if (ring && observe(ring)) {
    list.ring = ring->number;
    list.position = ring->seen;
  }
  if ((long)regs->si <= 0) return 0;
  if (has_kept_request(&list, count)) look_at_rings(list.tgid, true);
  return bpf_loop(count, submit_step, &list, 0);
}

struct ior_iocb_drop {
  struct ior_iocb_list list;
  __u32 first;
};

static long drop_step(__u32 index, void* context) {
  const struct ior_iocb_drop* drop = context;
  struct ior_iocb_key key;
  if (!key_at(&drop->list, drop->first + index, &key)) return 1;
  bpf_map_delete_elem(&iocbs, &key);
  return 0;
}

/* The kernel took only the first ones. */
static __noinline int drop_iocbs(struct pt_regs* regs, __u64 pid_tgid, long taken) {
  if (taken < 0) taken = 0;
  if ((long)regs->si <= taken) return 0;
  struct ior_iocb_drop drop = {.list = {.iocbs = regs->dx, .tgid = pid_tgid >> 32}, .first = taken};
  __u64 left = regs->si - taken;
  return bpf_loop(left < IOCBS_AT_ONCE_MAX ? left : IOCBS_AT_ONCE_MAX, drop_step, &drop, 0);
}

struct ior_event_list {
  __u64 events; /* in user space */
  __u64 tgid;
};

static long reap_step(__u32 index, void* context) {
  const struct ior_event_list* list = context;
  struct ior_aio_event event;
  if (bpf_probe_read_user(&event, sizeof(event),
                          (const void*)(list->events + (__u64)index * sizeof(event))))
    return 1;
  struct ior_iocb_key key = {.iocb = event.iocb, .tgid = list->tgid};
  struct ior_task_state* call = bpf_map_lookup_elem(&iocbs, &key);
  if (!call) return 0;
  send_whole(call, now_ns(), event.result, 0);
  bpf_map_delete_elem(&iocbs, &key);
  return 0;
}

static __always_inline int reap_events(struct pt_regs* regs, __u64 pid_tgid, long taken) {
  struct ior_event_list list = {.events = regs->r10, .tgid = pid_tgid >> 32};
  struct ior_aio_process* process = aio_process_of(list.tgid);
  bool has_lock = process && lock(process);
  if (taken > 0)
    bpf_loop(taken < IOCBS_AT_ONCE_MAX ? taken : IOCBS_AT_ONCE_MAX, reap_step, &list, 0);
  struct ior_aio_ring* ring = process ? ring_of(process, regs->di) : 0;
  if (ring && ring->getting > 0) __sync_fetch_and_add(&ring->getting, -1);
  if (has_lock) unlock(process);
  return look_at_rings(list.tgid, false);
}

/* A call begins that has to do with AIO. */
static __noinline int enter_aio_call(struct task_struct* task, struct pt_regs* regs, __u64 nr,
                                     __u64 pid_tgid) {
  if (nr == __NR_io_submit) return submit_iocbs(task, regs, pid_tgid);
  if (nr == __NR_io_destroy) return look_at_rings(pid_tgid >> 32, true);
  struct ior_aio_ring* ring = make_ring(pid_tgid >> 32, regs->di);
  if (ring) __sync_fetch_and_add(&ring->getting, 1);
  return 0;
}

static __noinline void exit_aio_call(struct pt_regs* regs, __u32 nr, __u64 pid_tgid, long ret) {
  if (nr == __NR_io_submit)
    drop_iocbs(regs, pid_tgid, ret);
  else if (nr != __NR_io_destroy)
    reap_events(regs, pid_tgid, ret);
  else if (ret == 0)
    forget_ring(pid_tgid >> 32, regs->di);
}

/* A call begins, of any number. What is in the rings when the program ends is all that there will
 * be. */
static __always_inline void look_before_call(__u32 tgid, __u64 nr) {
  if (may_have_rings(tgid))
    look_at_rings(tgid, nr == __NR_exit_group || nr == __NR_execve || nr == __NR_execveat);
}

/* A task ends, and with the last one the process. Since Linux 6.16 it has its memory still. */
static __noinline int end_rings(void) {
  struct task_struct* ending = current_task();
  __u64 tgid = READ(ending, tgid);
  if (READ(ending, signal, live.counter) != 0) return 0;
  if (READ(ending, mm)) look_at_rings(tgid, true);
  forget_rings(tgid);
  return 0;
}

#endif
