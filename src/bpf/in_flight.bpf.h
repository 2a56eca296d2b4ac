/* The calls that have not ended when tracing does: counted, and those that have lasted for long
 * sent as IN_FLIGHT records. Iterators walk the tasks and requests once the probes are gone.
 *
 * A call since before the trace has no enter that anybody saw. Its thread waits in it: the
 * registers with which it entered the kernel have a call's number and no result yet. That is looked
 * up while the probes are still there (mark_older_calls), for then no call can have begun unseen;
 * the thread is in that call later on as long as it has not run since. A thread that computes
 * within the kernel can't be told from one that runs its program. */
#ifndef IOR_BPF_IN_FLIGHT_BPF_H
#define IOR_BPF_IN_FLIGHT_BPF_H

#include <asm-generic/errno.h>

#include "bpf/aio.bpf.h"
#include "bpf/renew.bpf.h"
#include "bpf/restart.bpf.h"

/* Linux before 6.13 had io_kiocb.task in place of io_kiocb.tctx. */
struct io_kiocb___before_6_13 {
  struct task_struct* task;
};

enum {
  LISTED_NS = 1000000000,
  KERNEL_THREAD = 0x200000, /* PF_KTHREAD */
  USER_WORKER = 0x4000,     /* PF_USER_WORKER: a thread that the kernel made for a process */
  USER_PAGE = 4096,
};

/* Changes whenever the task runs. */
static __always_inline __u64 switches_of(struct task_struct* task) {
  return task->nvcsw + task->nivcsw + 1;
}

/* Remembers of a call since before the trace, which a signal interrupts, that it is counted, and
 * which it is: restart_syscall goes on with some. */
static __always_inline void note_counted(struct task_struct* task, const struct pt_regs* regs) {
  struct ior_task_state* state = make_state(task);
  if (!state) return;
  state->flags |= TASK_COUNTED;
  state->nr = regs->orig_ax;
}

/* The number of the call in which a task waits since before all probes were there; -1: in none. */
static __always_inline long older_call(struct task_struct* task,
                                       const struct ior_task_state* state) {
  struct pt_regs* regs = (void*)bpf_task_pt_regs(task);
  __u32 restart_nr = is_compat(task) ? COMPAT_RESTART_SYSCALL : __NR_restart_syscall;
  if (task->flags & (KERNEL_THREAD | IO_WORKER | USER_WORKER) || task->exit_state) return -1;
  if (task->on_cpu || (state && (state->flags & TASK_CALLED))) return -1;
  if (!tracing_since_ns || task->start_boottime > tracing_since_ns) return -1;
  if ((long)regs->ax != -ENOSYS && !is_restart(regs->ax)) return -1;
  if (!is_traced_task(task, task->tgid, task->pid)) return -1;
  long nr = regs->orig_ax;
  return state && (state->flags & TASK_COUNTED) && nr == restart_nr ? state->nr : nr;
}

static __always_inline bool is_listed_row(__u32 number) {
  return number != IOR_NO_ROW && (settings.selected[number] & IOR_SELECTED) &&
         rows[number].returns != IOR_RETURNS_noreturn;
}

/* Run before the probes are taken away. */
SEC("iter/task")
int mark_older_calls(struct bpf_iter__task* context) {
  struct task_struct* task = context->task;
  if (!task) return 0;
  __u64 since = switches_of(task);
  struct ior_task_state* state = find_state(task);
  long nr = older_call(task, state);
  if (nr < 0 || !is_listed_row(row_number(nr, is_compat(task)))) return 0;
  if (task->on_cpu || switches_of(task) != since) return 0;
  state = make_state(task);
  if (state) state->older_since = since;
  return 0;
}

/* Copies a string from the task's memory to `to`, by way of the name buffer; its size with the zero
 * byte that ends it, negative where it cannot be read. */
static __noinline long copy_string(struct task_struct* task, __u64 address, void* to) {
  struct ior_name_buffer* part = name_buffer();
  __u32 first = USER_PAGE - (address & (USER_PAGE - 1)), rest = USER_PAGE - first;
  if (!part || bpf_copy_from_user_task(part->bytes, first, (void*)address, task, 0)) return -EFAULT;
  part->bytes[first] = 0;
  long size = bpf_probe_read_kernel_str(to, IOR_TEXT_MAX + 1, part->bytes);
  if (size != first + 1 || !rest) return size;
  if (bpf_copy_from_user_task(part->bytes, rest, (void*)(address + first), task, 0)) return -EFAULT;
  part->bytes[rest] = 0;
  return first + bpf_probe_read_kernel_str(to + first, IOR_TEXT_MAX, part->bytes);
}

/* As append_user_text(), of another task than the current one. */
static __noinline __u32 append_text_of_task(struct ior_record_buffer* record, __u32 offset,
                                            struct task_struct* task, __u64 address) {
  struct ior_text* text = (void*)record + (offset & 0x3ff8);
  long got = address ? copy_string(task, address, text + 1) : 0;
  __u32 status = !address             ? IOR_TEXT_NULL
                 : got < 1            ? IOR_TEXT_UNREAD
                 : got > IOR_TEXT_MAX ? IOR_TEXT_TOO_LONG
                                      : IOR_TEXT_OK;
  return end_text(record, offset, string_size(got), status);
}

/* Appends the paths that the call passes. */
static __always_inline __u32 append_texts_of(struct ior_record_buffer* record, __u32 offset,
                                             struct task_struct* task,
                                             const struct ior_task_state* state) {
  __u32 shape = row_of(state)->shape;
  if (shape >= IOR_SHAPE_COUNT) return offset;
  __u32 text = text_arguments[shape].text, other = text_arguments[shape].other;
  if (text < IOR_ARGS_MAX) {
    offset = append_text_of_task(record, offset, task, state->args[text & 7]);
    record->head.sections |= IOR_TEXT;
  }
  if (other < IOR_ARGS_MAX) {
    offset = append_text_of_task(record, offset, task, state->args[other & 7]);
    record->head.sections |= IOR_TEXT_OTHER;
  }
  return offset;
}

/* Begins the record of a call in flight, up to its texts. One whose enter half is in a ring has no
 * more to tell than that it has not ended. */
static __always_inline __u32 begin_in_flight(struct ior_record_buffer* record,
                                             struct ior_task_state* state, bool is_older) {
  fill_head(record, state, IOR_RECORD_IN_FLIGHT);
  record->head.time_ns = now_ns();
  struct ior_exit* times = (void*)record->body;
  times->enter_ns = state->enter_ns;
  times->ret = is_older;
  __u32 size = sizeof(struct ior_head) + sizeof(*times);
  if (state->flags & TASK_SENT_ENTER) {
    record->head.seq = state->seq;
  } else {
    record->head.sections = IOR_WHOLE;
    size = append_args(record, size, state);
    size = append_files(record, size, state);
  }
  state->flags &= ~TASK_INTRODUCED;
  return append_intro(record, size, state);
}

__noinline int write_in_flight(struct ior_task_state* state, struct ior_record_buffer* record,
                               __u32 size) {
  if (!state || !record) return 0;
  if (!write_call(state, record, size, !(state->flags & TASK_SENT_ENTER)))
    count(IOR_COUNTER_not_listed);
  return 0;
}

static __always_inline void list_call(struct task_struct* task, struct ior_task_state* state,
                                      bool is_older) {
  struct ior_record_buffer* record = record_buffer();
  if (!record) return;
  __u32 size = begin_in_flight(record, state, is_older);
  if (state->flags & (TASK_TEXT_FAULT | TASK_ENTER_LOST))
    size = append_texts_of(record, size, task, state);
  write_in_flight(state, record, size);
}

/* As capture_mapped(), of another task than the current one. */
static __noinline int capture_mapped_of(struct task_struct* task, struct ior_task_state* state) {
  struct ior_file found = {.fd = NO_FD, .status = IOR_FILE_CLOSED};
  long error = bpf_find_vma(task, state->args[0], name_mapped_file, &found, 0);
  if (error == -EBUSY) found.status = IOR_FILE_BUSY;
  state->file = found;
  if (found.status != IOR_FILE_CLOSED) state->sections |= IOR_FILE;
  return 0;
}

/* The state of a call since before the trace, as if it had been seen to begin. */
static __noinline void take_older_call(struct task_struct* task, struct ior_task_state* state,
                                       __u32 nr) {
  struct pt_regs* regs = (void*)bpf_task_pt_regs(task);
  const struct ior_row* row = &rows[row_number(nr, is_compat(task))];
  state->flags &= TASK_LASTING;
  state->nr = nr;
  state->cpu = bpf_get_smp_processor_id();
  state->sections = is_compat(task) ? IOR_COMPAT : 0;
  state->link = 0;
  state->other_link = 0;
  state->tgid = task->tgid;
  state->tid = task->pid;
  state->enter_ns = tracing_since_ns;
  state->process_start_ns = task->group_leader->start_boottime;
  bpf_probe_read_kernel_str(state->comm, IOR_COMM_SIZE, task->comm);
  state->root = root_number(NUMBER_AT(&subject_task()->fs));
  take_arguments(state->args, regs, state->sections);
  state->nargs = row->nargs;
  __u32 shape = row->shape;
  if (shape >= IOR_SHAPE_COUNT) return;
  capture_files(state, shape);
  if (text_arguments[shape].text < IOR_ARGS_MAX) state->flags |= TASK_TEXT_FAULT;
  if (shape == IOR_SHAPE_mapped0) capture_mapped_of(task, state);
}

static __always_inline void list_older_call(struct task_struct* task,
                                            struct ior_task_state* state) {
  long nr = older_call(task, state);
  if (nr < 0 || switches_of(task) != state->older_since) return;
  in_flight += 1;
  if (!(state->flags & TASK_COUNTED)) count(IOR_COUNTER_in_flight_at_start);
  take_older_call(task, state, nr);
  list_call(task, state, true);
}

/* Run once after the probes are gone. */
SEC("iter.s/task")
int list_in_flight(struct bpf_iter__task* context) {
  struct task_struct* task = context->task;
  struct ior_task_state* state = task ? find_state(task) : 0;
  if (!state) return 0;
  subject = (__u64)task;
  if (!(state->flags & TASK_IN_CALL)) {
    if (state->older_since) list_older_call(task, state);
  } else {
    in_flight += 1;
    if (now_ns() - state->enter_ns >= LISTED_NS) {
      renew_names(state);
      list_call(task, state, false);
    }
  }
  subject = 0;
  return 0;
}

/* How many calls have entered and not exited. */
SEC("iter/task")
int count_in_flight(struct bpf_iter__task* context) {
  struct task_struct* task = context->task;
  if (!task) return 0;
  struct ior_task_state* state = find_state(task);
  if (state && (state->flags & TASK_IN_CALL)) in_flight += 1;
  return 0;
}

/* The task that has submitted a request. */
static __always_inline __u64 submitter_of(struct io_kiocb* request) {
  if (bpf_core_field_exists(request->tctx)) return (__u64)BPF_CORE_READ(request, tctx, task);
  struct io_kiocb___before_6_13* before = (void*)request;
  return (__u64)BPF_CORE_READ(before, task);
}

/* Names the file that a request was given, if it has been begun. */
static __always_inline void capture_file_in_flight(struct ior_request* kept,
                                                   struct io_kiocb* request) {
  struct ior_task_state* call = &kept->call;
  if (BPF_CORE_READ(request, file) || (call->sections & IOR_FILE)) {
    capture_file_of(kept, request);
  } else if (is_about_fd(call)) {
    call->sections |= IOR_FILE;
    call->file = (struct ior_file){.fd = call->args[0], .status = IOR_FILE_LATER};
  }
}

/* Sends a request that is in flight; what becomes of it meanwhile its completion notes. */
static __noinline int list_request(struct ior_request* kept, struct io_kiocb* request) {
  struct ior_record_buffer* record = record_buffer();
  struct ior_task_state* call = &kept->call;
  if (!record || now_ns() - call->enter_ns < LISTED_NS) return 0;
  renew_names(call);
  if (!(call->flags & TASK_SENT_ENTER)) capture_file_in_flight(kept, request);
  if (*(volatile __u32*)&kept->is_over) return 0;
  write_in_flight(call, record, begin_in_flight(record, call, false));
  return 0;
}

/* Rows for the requests that are over without a word; those in flight are counted. */
static long settle_request(struct bpf_map* map, __u64* key, struct ior_request* kept,
                           void* context) {
  if (kept->sqe_flags & SKIP_SUCCESS) {
    send_silent(kept);
    return 0;
  }
  struct io_kiocb* request = AS(struct io_kiocb, *key);
  in_flight += 1;
  subject = submitter_of(request);
  list_request(kept, request);
  subject = 0;
  return 0;
}

/* Attached while the other probes are taken away: a program that submits requests then may fill its
 * ring anew before that is read. */
SEC("tp_btf/sys_enter")
int on_late_submit(__u64* context) {
  struct task_struct* task = bpf_get_current_task_btf();
  struct pt_regs* regs = AS(struct pt_regs, context[0]);
  if ((__u32)context[1] != __NR_io_submit || is_compat(task) || !may_have_rings(task->tgid))
    return 0;
  struct ior_aio_process* process = aio_process_of(task->tgid);
  struct ior_aio_ring* ring = process ? ring_of(process, regs->di) : 0;
  if (ring) ring->is_stale = true;
  return 0;
}

struct ior_last_look {
  struct ior_taken taken;
  struct ior_aio_ring* ring;
  struct task_struct* task;
  bool has_failed;
};

static long last_take_step(__u32 index, void* context) {
  struct ior_last_look* look = context;
  struct ior_aio_event event;
  __u64 position = look->taken.next + index;
  look->has_failed = bpf_copy_from_user_task(
      &event, sizeof(event), (void*)address_of(&look->taken, position), look->task, 0);
  if (look->has_failed) return 1;
  barrier();
  if (*(volatile __u32*)&look->ring->is_stale) return 1;
  take_event(&event, look->taken.tgid, look->taken.number, position);
  return 0;
}

/* Takes all events of a ring, unless the program goes on using it: its requests are in flight. */
static __always_inline void read_ring(struct task_struct* task, struct ior_aio_ring* ring) {
  if (!ring->context || ring->is_read || !observe(ring)) return;
  struct ior_last_look look = {.taken = taken_from(ring, task->tgid), .ring = ring, .task = task};
  __u64 count = ring->seen - ring->next;
  if (count > EVENTS_AT_ONCE_MAX) return;
  bpf_loop(count, last_take_step, &look, 0);
  ring->is_read = !look.has_failed || ring->is_stale;
}

struct ior_rings_to_read {
  struct ior_aio_process* process;
  struct task_struct* task;
};

static long read_ring_step(__u32 index, void* context) {
  struct ior_rings_to_read* rings = context;
  read_ring(rings->task, &rings->process->rings[index & (AIO_RINGS_MAX - 1)]);
  return 0;
}

/* Run once after the probes are gone. */
SEC("iter.s/task")
int read_rings(struct bpf_iter__task* context) {
  struct task_struct* task = context->task;
  if (!task || !task->mm || !may_have_rings(task->tgid)) return 0;
  struct ior_aio_process* process = aio_process_of(task->tgid);
  if (!process || process->start_ns != task->group_leader->start_boottime) return 0;
  struct ior_rings_to_read rings = {.process = process, .task = task};
  bpf_loop(AIO_RINGS_MAX, read_ring_step, &rings, 0);
  return 0;
}

/* Whether the ring of a request has been read, to which it has not come. */
static __always_inline bool is_in_ring(const struct ior_iocb_key* key,
                                       const struct ior_task_state* call) {
  struct ior_aio_process* process = aio_process_of(key->tgid);
  if (!process || process->start_ns != call->process_start_ns) return false;
  int place = place_of_number(process, call->args[RING_ARGUMENT]);
  return place >= 0 && process->rings[place & (AIO_RINGS_MAX - 1)].is_read;
}

/* A row for a request of which nobody knows whether it is over; one in flight is counted. */
static long settle_aio_request(struct bpf_map* map, struct ior_iocb_key* key,
                               struct ior_task_state* call, void* context) {
  struct ior_record_buffer* record = record_buffer();
  if (!record || !is_in_ring(key, call)) return settle_iocb(map, key, call, context);
  in_flight += 1;
  if (now_ns() - call->enter_ns < LISTED_NS) return 0;
  renew_names(call);
  write_in_flight(call, record, begin_in_flight(record, call, false));
  return 0;
}

/* Run once after the probes are gone, but for those of completions, at the iterator's end. */
SEC("iter/task")
int settle_requests(struct bpf_iter__task* context) {
  if (context->task) return 0;
  bpf_for_each_map_elem(&requests, settle_request, 0, 0);
  bpf_for_each_map_elem(&iocbs, settle_aio_request, 0, 0);
  return 0;
}

#endif
