/* The kernel side's programs: sys_enter and sys_exit of every syscall, and the few events that tell
 * which tasks are followed, renamed, replaced by exec and gone. One dispatch by syscall number; see
 * capture.bpf.h for the routines. */
#include "vmlinux.h"

#include <asm/unistd_64.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/aio.bpf.h"
#include "bpf/arguments.bpf.h"
#include "bpf/capture.bpf.h"
#include "bpf/clock.bpf.h"
#include "bpf/fd_call.bpf.h"
#include "bpf/in_flight.bpf.h"
#include "bpf/names.bpf.h"
#include "bpf/process.bpf.h"
#include "bpf/records.bpf.h"
#include "bpf/renew.bpf.h"
#include "bpf/restart.bpf.h"
#include "bpf/state.bpf.h"
#include "bpf/target.bpf.h"
#include "bpf/uring.bpf.h"

char LICENSE[] SEC("license") = "GPL";

enum { SIGNAL_IGNORED = 1, IN_PROGRESS = 115, SIGSYS_BIT = 1 << 30, SIGKILL_BIT = 1 << 8 };

/* A call that entered and of which no exit was seen. */
static __noinline int abandon_call(struct ior_task_state* state) {
  count_call(state, 0);
  count(IOR_COUNTER_enter_only);
  state->flags &= ~TASK_IN_CALL;
  state->flags |= state->flags & TASK_SENT_ENTER ? TASK_LOST | TASK_EXIT_LOST : TASK_LOST;
  return 0;
}

static __always_inline void start_call(struct ior_task_state* state, struct pt_regs* regs, __u64 nr,
                                       __u64 pid_tgid, __u32 table) {
  state->flags = (state->flags & TASK_LASTING) | TASK_CALLED | TASK_IN_CALL;
  state->nr = nr;
  state->cpu = bpf_get_smp_processor_id();
  state->sections = 0;
  state->link = 0;
  state->other_link = 0;
  state->tgid = pid_tgid >> 32;
  state->tid = pid_tgid;
  if (table) state->sections = IOR_COMPAT;
  take_arguments(state->args, regs, state->sections);
  if (nr >= IOR_NR_WIDE) {
    state->nr = IOR_NR_WIDE;
    state->args[0] = nr;
  }
  if (state->known_at != name_epoch || !(state->flags & TASK_PROCESS_SENT)) introduce(state);
}

/* A socket's name has its addresses, which these calls change. */
static __always_inline bool gives_address(__u32 like, long ret) {
  return (like == __NR_connect || like == __NR_bind) && (ret == 0 || ret == -IN_PROGRESS);
}

/* What the call has changed of its file, unless the fd is another file's by now. */
static __always_inline void take_changes(struct ior_task_state* state, const struct ior_row* row,
                                         long ret) {
  bool has_address = gives_address(row->like, ret);
  if (!has_address && row->like != __NR_fcntl) return;
  struct file* open = open_file(state->file.fd);
  if (!open || (__u64)open != state->opened) return;
  if (has_address)
    move_to_this_cpu(state);
  else
    state->file.f_flags = READ(open, f_flags);
}

/* Finishes a call of which nothing is in a ring yet. */
static __always_inline void finish_whole(struct ior_task_state* state, const struct ior_row* row,
                                         __u64 exit_ns, long ret) {
  bool has_file = (state->sections & IOR_FILE) && !(state->flags & TASK_TEXT_FAULT);
  if (row->returns == IOR_RETURNS_fd && ret >= 0 && !has_file) {
    state->cpu = bpf_get_smp_processor_id();
    capture_fd(&state->file, ret);
    state->sections |= IOR_FILE;
    state->flags &= ~TASK_TEXT_FAULT;
  } else {
    renew_names(state);
    take_changes(state, row, ret);
    if (state->flags & TASK_ADDRESS_FAULT) keep_passed_address(state, row->like);
  }
  send_call(state, exit_ns, ret, 0);
}

/* What a 32-bit program sees of a return. An address may look like a negative number. */
static __always_inline long compat_return(const struct ior_row* row, long ret) {
  __s32 seen = ret;
  if (row->returns == IOR_RETURNS_address && seen < -MAX_ERRNO) return (__u32)seen;
  return seen;
}

/* Writes the exit of the call in flight. */
__noinline int finish_call(struct ior_task_state* state, __u64 exit_ns, __s64 ret) {
  if (!state) return 0;
  state->flags &= ~(TASK_IN_CALL | TASK_INTERRUPTED);
  const struct ior_row* row = row_of(state);
  if (state->sections & IOR_COMPAT) ret = compat_return(row, ret);
  if (row->like == __NR_name_to_handle_at && ret == 0) capture_given_handle(state);
  if (state->flags & TASK_SPLIT)
    return send_exit(state, exit_ns, ret, row->returns == IOR_RETURNS_fd && ret >= 0, 0);
  finish_whole(state, row, exit_ns, ret);
  return 0;
}

static __always_inline void finish_interrupted(struct ior_task_state* state) {
  finish_call(state, state->interrupted_ns, state->interrupted_ret);
}

static __always_inline bool passes_text(const struct ior_row* row) {
  return row->shape < IOR_SHAPE_COUNT && text_arguments[row->shape].text < IOR_ARGS_MAX;
}

/* Takes down what a call passes. Not inlined, as is whatever on_sys_enter and on_sys_exit seldom
 * do: what they do for every call needs few registers and little stack. */
__noinline int begin_call(struct ior_task_state* state, __u64 registers, __u64 nr, __u64 pid_tgid,
                          __u32 table) {
  if (!state) return 0;
  start_call(state, can_cast() ? AS(struct pt_regs, registers) : current_regs(), nr, pid_tgid,
             table);
  const struct ior_row* row = row_of(state);
  if (row->shape >= IOR_SHAPE_COUNT) return 0;
  state->nargs = row->nargs;
  if (row->captures) capture_arguments(state, row->captures, row->like);
  capture_files(state, row->shape);
  return 0;
}

/* A call of a traced task that is selected has begun. */
static __always_inline void enter_call(struct ior_task_state* state) {
  const struct ior_row* row = row_of(state);
  if (passes_text(row)) {
    send_enter(state);
    return;
  }
  state->enter_ns = now_ns();
  if (row->returns == IOR_RETURNS_noreturn) {
    send_whole(state, state->enter_ns, 0, IOR_NO_RETURN);
    state->flags &= ~TASK_IN_CALL;
  }
}

/* Whether the call that begins is the one that the task is in and that was interrupted; if not,
 * that one is over. */
static __noinline int continues_call(struct ior_task_state* state, struct pt_regs* regs, __u64 nr) {
  if (!(state->flags & TASK_INTERRUPTED)) {
    abandon_call(state);
    return false;
  }
  if (!resumes_call(state, regs, nr)) {
    finish_interrupted(state);
    return false;
  }
  state->flags &= ~TASK_INTERRUPTED;
  return true;
}

SEC("tp_btf/sys_enter")
int on_sys_enter(__u64* context) {
  struct task_struct* task = bpf_get_current_task_btf();
  note_target_exec(task->tgid, context[1]);
  if (!is_traced_task(task, task->tgid, task->pid)) return 0;
  struct pt_regs* regs = AS(struct pt_regs, context[0]);
  __u64 nr = (__u32)context[1], pid_tgid = pid_tgid_of(task);
  __u8 selection = settings.selected[row_number(nr, is_compat(task))];
  look_before_call(pid_tgid >> 32, nr);
  if (selection & IOR_CARRIES_AIO) enter_aio_call(task, regs, nr, pid_tgid);
  if (!(selection & (IOR_SELECTED | IOR_CONTINUES | IOR_CROSSES))) return 0;
  if ((selection & IOR_FD_CALL) && start_fd_call(task, regs, nr, pid_tgid, selection)) return 0;
  struct ior_task_state* state = make_state(task);
  if (!state) {
    if (selection & IOR_SELECTED) __sync_fetch_and_add(&stateless, 1);
    return 0;
  }
  if ((state->flags & TASK_IN_CALL) && continues_call(state, regs, nr)) return 0;
  if (selection & IOR_SELECTED) {
    begin_call(state, number_of(regs), nr, pid_tgid, is_compat(task));
    enter_call(state);
  } else if (selection & IOR_CROSSES) {
    state->flags |= TASK_UNSELECTED;
  }
  return 0;
}

/* An exit without an enter is no loss, but says why. */
static __always_inline __u32 cause_of_lone_exit(struct task_struct* task, bool was_seen, __u32 row,
                                                long ret) {
  __u32 like = rows[row].like;
  bool forks = like == __NR_clone || like == __NR_fork || like == __NR_vfork || like == __NR_clone3;
  if (forks && ret == 0) return IOR_COUNTER_fork_child;
  return was_seen || (tracing_since_ns && task->start_boottime > tracing_since_ns)
             ? IOR_COUNTER_exit_only
             : IOR_COUNTER_in_flight_at_start;
}

/* Whether seccomp answers the call with SIGSYS. The return is the call's number still; what the
 * program sees is for a handler to say. */
static __always_inline bool is_trapped(struct task_struct* task, __u64 nr, long ret) {
  return ret == nr && (READ(task, pending.signal.sig[0]) & SIGSYS_BIT);
}

/* Whether the task was killed where a debugger had stopped it, before the call was made. */
static __always_inline bool is_killed_before(struct task_struct* task, long ret) {
  return ret == -ENOSYS && task->ptrace && (READ(task, pending.signal.sig[0]) & SIGKILL_BIT);
}

/* A call of which nothing but the exit is known, for its task has no state. */
static __always_inline void count_stateless(__u32 number, long ret) {
  bool counts = ret > 0 && rows[number].bytes == IOR_BYTES_read;
  add_total(number, ret < 0, counts ? ret : 0);
  count(IOR_COUNTER_task_storage_full);
}

/* A call that seccomp denied has no enter: its row begins and ends at once. */
static __always_inline void send_denied(struct task_struct* task, struct pt_regs* regs, __u64 nr,
                                        __u64 pid_tgid, __u64 now, long ret) {
  struct ior_task_state* state = make_state(task);
  __u32 number = row_number(nr, is_compat(task));
  if (!state) {
    count_stateless(number, ret);
    return;
  }
  begin_call(state, number_of(regs), nr, pid_tgid, is_compat(task));
  state->enter_ns = now;
  if (passes_text(&rows[number])) state->flags |= TASK_TEXT_FAULT | TASK_DENIED;
  if (is_trapped(task, nr, ret)) {
    send_call(state, now, 0, IOR_NO_RETURN);
    state->flags &= ~TASK_IN_CALL;
    return;
  }
  finish_call(state, now, ret);
}

/* An exit to which there is no enter. */
static __always_inline void exit_alone(bool has_state, bool was_seen, struct pt_regs* regs,
                                       __u32 number, __u64 now, __s64 ret) {
  struct task_struct* task = bpf_get_current_task_btf();
  if (is_ending || number == IOR_NO_ROW) return;
  if (is_killed_before(task, ret)) return;
  __u32 cause = cause_of_lone_exit(task, was_seen, number, ret);
  if (!has_state && stateless && cause != IOR_COUNTER_fork_child) {
    __sync_fetch_and_add(&stateless, -1);
    count_stateless(number, ret);
    return;
  }
  count(cause);
  if (cause == IOR_COUNTER_in_flight_at_start && is_restart(ret)) note_counted(task, regs);
  if (cause == IOR_COUNTER_exit_only)
    send_denied(task, regs, (__u32)regs->orig_ax, bpf_get_current_pid_tgid(), now, ret);
}

/* The exit of any call that is selected, or that may have been another one when it began: an exec
 * ends under the number that execve has in the new program's table, and a debugger that stops a
 * fork or an exec makes it -1. The call that ends is the one that the task is in. */
static __noinline int exit_call(struct pt_regs* regs, struct ior_task_state* state, __u32 number,
                                __u64 now, __s64 ret) {
  __u64 pid_tgid = bpf_get_current_pid_tgid();
  number &= IOR_ROWS - 1;
  __u8 selection = settings.selected[number];
  if (selection & IOR_CARRIES_AIO) exit_aio_call(regs, number, pid_tgid, ret);
  if (state && (state->flags & TASK_UNSELECTED)) {
    state->flags &= ~TASK_UNSELECTED;
    return 0;
  }
  if (!state || !(state->flags & TASK_IN_CALL)) {
    struct task_struct* task = bpf_get_current_task_btf();
    bool was_seen = state && (state->flags & TASK_CALLED);
    if ((selection & IOR_SELECTED) && is_traced_task(task, pid_tgid >> 32, pid_tgid))
      exit_alone(state != 0, was_seen, regs, number, now, ret);
    return 0;
  }
  if ((state->flags & TASK_TEXT_FAULT) && state->cpu == bpf_get_smp_processor_id())
    capture_late_links(state, ret);
  if (is_restart(ret))
    suspend_call(state, regs, now, ret);
  else
    finish_call(state, now, ret);
  return 0;
}

SEC("tp_btf/sys_exit")
int on_sys_exit(__u64* context) {
  struct pt_regs* regs = AS(struct pt_regs, context[0]);
  /* Where most calls are of others than the target, looking whose it is comes first. */
  if (!settings.has_target && finish_fd_call(regs, context[1])) return 0;
  struct task_struct* task = bpf_get_current_task_btf();
  __u32 number = row_number(regs->orig_ax, is_compat(task));
  __u8 selection = settings.selected[number];
  if (!selection) return 0;
  if (selection & IOR_MOVES_NAMES) __sync_fetch_and_add(&name_epoch, 1);
  /* After exec a thread has its leader's id. */
  if (!is_traced_task(task, task->tgid, task->pid) && !settings.target_tid) return 0;
  if (settings.has_target && finish_fd_call(regs, context[1])) return 0;
  exit_call(regs, find_state(task), number, now_ns(), context[1]);
  return 0;
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_request, struct io_kiocb* request) {
  request = AS(struct io_kiocb, request);
  start_request(request, request->opcode, 0, 0);
  return 0;
}

SEC("tp_btf/io_uring_req_failed")
int BPF_PROG(on_refused_request, const struct io_uring_sqe* entry, struct io_kiocb* request,
             int error) {
  entry = AS(struct io_uring_sqe, entry);
  start_request(AS(struct io_kiocb, request), entry->opcode, entry, error);
  return 0;
}

static __always_inline void complete(struct io_ring_ctx* ring, void* request, __u64 user_data,
                                     __s32 result) {
  struct ior_mark mark = {.ring = (__u64)ring, .user_data = user_data};
  if (request)
    finish_request(AS(struct io_kiocb, request), result);
  else
    note_multishot(&mark, result);
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_completion, struct io_ring_ctx* ring, void* request, struct io_uring_cqe* done) {
  complete(ring, request, done->user_data, done->res);
  return 0;
}

/* Loaded instead where the kernel passes the completion's members. */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_completion_members, struct io_ring_ctx* ring, void* request, __u64 user_data,
             __s32 result) {
  complete(ring, request, user_data, result);
  return 0;
}

SEC("tp_btf/io_uring_cqe_overflow")
int BPF_PROG(on_overflow, void* ring, unsigned long long user_data, int result, __u32 flags) {
  note_overflow((__u64)ring, user_data, result, flags);
  return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct* parent, struct task_struct* child) {
  give_seat_back(child, number_of(child)); /* of one that had the same memory */
  if (has_new_mounts(parent, child)) __sync_fetch_and_add(&name_epoch, 1);
  if (!settings.has_target || !is_traced_task(parent, parent->tgid, parent->pid)) return 0;
  if (!settings.follow) {
    if (!is_target(child->tgid, child->pid)) count(IOR_COUNTER_children_left);
    return 0;
  }
  struct ior_task_state* state = make_state(child);
  if (state)
    state->flags |= TASK_FOLLOWED;
  else
    count(IOR_COUNTER_not_followed);
  return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(on_signal, int signal, struct kernel_siginfo* info, struct k_sigaction* action) {
  bool has_handler = (__u64)action->sa.sa_handler > SIGNAL_IGNORED;
  struct ior_task_state* state = has_handler ? find_state(bpf_get_current_task_btf()) : 0;
  if (state && (state->flags & TASK_INTERRUPTED)) finish_interrupted(state);
  return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct* task, const char* comm) {
  struct ior_task_state* state = find_state(task);
  if (state) state->known_at = 0;
  return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct* task, int old_pid, struct linux_binprm* binprm) {
  struct ior_task_state* state = find_state(task);
  forget_rings(task->tgid);
  if (!state) return 0;
  if ((state->flags & TASK_IN_CALL) && (state->flags & TASK_TEXT_FAULT)) {
    state->flags &= ~TASK_TEXT_FAULT;
    send_exec_enter(state, (__u64)BPF_CORE_READ(binprm, filename), binprm->fdpath != 0);
  }
  state->flags &= ~(TASK_PROCESS_SENT | TASK_INTRODUCED);
  state->described = false;
  return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct* task) {
  note_target_end(task);
  if (may_have_rings(task->tgid)) end_rings();
  struct ior_task_state* state = find_state(task);
  if (state && (state->flags & TASK_INTERRUPTED)) finish_interrupted(state);
  if (!state) return 0;
  if (state->flags & TASK_IN_CALL) count(IOR_COUNTER_died_in_call);
  if (state->seq) send_end(task, state);
  state->flags &= ~TASK_IN_CALL;
  return 0;
}

/* Run by ior itself, for what it returns: /proc need not be there, or be of this namespace. */
SEC("raw_tp")
int own_pid_namespace_level(void* context) {
  struct task_struct* task = (void*)bpf_get_current_task();
  return BPF_CORE_READ(task, thread_pid, level);
}

/* Run by ior itself, before the probes are there: the clock, and the root that its own paths start
 * from. */
SEC("iter/task")
int prepare(struct bpf_iter__task* context) {
  if (context->task) return 0;
  measure_sleep();
  own_root_dentry = (__u64)READ(current_task(), fs, root.dentry);
  own_root_mount = (__u64)READ(current_task(), fs, root.mnt);
  return 0;
}
