/* Requests of io_uring as calls of their own. A request lives in a table from its submission to its
 * completion, in the form of a task's state: it has a task number and one call, whose records are
 * written like any other's. Submitter, SQPOLL thread and workers share the ring owner's process, fd
 * table and directories, so any of them can name its files. */
#ifndef IOR_BPF_URING_BPF_H
#define IOR_BPF_URING_BPF_H

#include "bpf/process.bpf.h"
#include "bpf/uring_args.bpf.h"

enum {
  REQUESTS_MAX = 1 << 18,
  IO_WORKER = 0x10,      /* PF_IO_WORKER: a thread that the kernel made for a ring */
  FIXED_FILE = 1 << 0,   /* IOSQE_FIXED_FILE */
  DRAIN = 1 << 1,        /* IOSQE_IO_DRAIN */
  ASYNC = 1 << 4,        /* IOSQE_ASYNC */
  SKIP_SUCCESS = 1 << 6, /* IOSQE_CQE_SKIP_SUCCESS */
  MORE_TO_COME = 1 << 1, /* IORING_CQE_F_MORE */
  IS_NOTICE = 1 << 3,    /* IORING_CQE_F_NOTIF */
  IS_BUNDLE = 1 << 4,    /* IORING_RECVSEND_BUNDLE */
  OP_RECV_ZC = 58,       /* IORING_OP_RECV_ZC, Linux 6.15 */
  MARK_TRIES = 64,
};

#define FD_IN_FIXED (1u << 31) /* SPLICE_F_FD_IN_FIXED */
#define FILE_OF_SLOT (~3ull)   /* the other bits of a slot say what kind of file it is */

/* What a submitter marks a request by. Of one that may have many completions all but the last come
 * with that alone. */
struct ior_mark {
  __u64 ring;
  __u64 user_data;
};

struct ior_request {
  struct ior_task_state call;
  __u32 sqe_flags;
  __u32 is_over;   /* it was completed when tracing had ended */
  __u32 file_slot; /* of a direct descriptor that it opens or closes, from 1; 0: it does an fd */
  __u32 reserved;
  struct ior_mark mark; /* under which it is counted in `multishots`; of ring 0: it is not */
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, REQUESTS_MAX);
  __type(key, __u64); /* of the io_kiocb: its address */
  __type(value, struct ior_request);
} requests SEC(".maps");

/* Those in flight that have the same mark and may have many completions. */
struct ior_marked {
  __u64 requests; /* their keys in `requests`, by exclusive or: of a single one its own */
  __u32 in_flight;
  __u32 is_mixed;             /* they are of several operations */
  struct ior_task_state call; /* as the first of them began, for what could be of any */
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, REQUESTS_MAX);
  __type(key, struct ior_mark);
  __type(value, struct ior_marked);
} multishots SEC(".maps");

static __always_inline bool may_be_multishot(struct io_kiocb* request, __u32 opcode) {
  if (opcode == IORING_OP_SEND) return READ(AS(struct io_sr_msg, request), flags) & IS_BUNDLE;
  return opcode == IORING_OP_ACCEPT || opcode == IORING_OP_POLL_ADD || opcode == IORING_OP_RECV ||
         opcode == IORING_OP_RECVMSG || opcode == IORING_OP_READ_MULTISHOT ||
         opcode == IORING_OP_TIMEOUT || opcode == IORING_OP_URING_CMD || opcode == OP_RECV_ZC;
}

static __always_inline struct ior_mark mark_of(struct io_kiocb* request) {
  return (struct ior_mark){.ring = (__u64)BPF_CORE_READ(request, ctx),
                           .user_data = READ(request, cqe.user_data)};
}

static __always_inline bool is_about_fd(const struct ior_task_state* call) {
  __u32 shape = row_of(call)->shape;
  return shape == IOR_SHAPE_fd0 || shape == IOR_SHAPE_fd2_from_fd0 ||
         shape == IOR_SHAPE_fd1_from_fd0;
}

/* Names what a ring's own table of files has at a slot now. */
static __always_inline __u64 capture_slot(struct ior_file* file, struct io_kiocb* request,
                                          __u32 slot, bool is_now) {
  __u64 node = 0, opened = 0;
  /* Linux 6.13 made the table what it is. */
  is_now = is_now && bpf_core_field_exists(struct io_file_table, data.nodes);
  *file = (struct ior_file){.status = is_now ? IOR_FILE_CLOSED : IOR_FILE_LATER};
  if (!is_now) return 0;
  struct io_rsrc_node** nodes = BPF_CORE_READ(request, ctx, file_table.data.nodes);
  if (slot >= BPF_CORE_READ(request, ctx, file_table.data.nr)) return 0;
  bpf_probe_read_kernel(&node, sizeof(node), nodes + slot);
  if (node) opened = BPF_CORE_READ((struct io_rsrc_node*)node, file_ptr) & FILE_OF_SLOT;
  if (opened) capture_open_file(file, opened);
  return opened;
}

static __always_inline bool is_splice(const struct ior_task_state* call) {
  return call->nr == IORING_OP_SPLICE || call->nr == IORING_OP_TEE;
}

/* Names the file that a splice reads from, as things are now. */
static __always_inline __u64 capture_source(struct ior_task_state* call, struct io_kiocb* request) {
  if (call->args[5] & FD_IN_FIXED) return capture_slot(&call->other, request, call->args[0], true);
  return capture_fd(&call->other, call->args[0]);
}

/* Names the file that a request is about: the one that it was given, which may lie in the ring's
 * own table, and is known only when the request has been begun. */
static __always_inline void capture_file_of(struct ior_request* kept, struct io_kiocb* request) {
  struct ior_task_state* call = &kept->call;
  if ((call->sections & IOR_FILE) || !is_about_fd(call)) return;
  __u64 opened = (__u64)BPF_CORE_READ(request, file);
  call->cpu = bpf_get_smp_processor_id();
  call->sections |= IOR_FILE;
  if (opened)
    capture_open_file(&call->file, opened);
  else
    capture_fd(&call->file, kept->sqe_flags & FIXED_FILE ? -1 : (__s32)call->args[0]);
  /* A splice is carried out later: its source is sure where it is the same before and after. */
  if (is_splice(call) && capture_source(call, request) != call->other_opened)
    call->other = (struct ior_file){.status = IOR_FILE_LATER};
}

/* Whether a request of a ring is carried out at once: nobody else changes the ring's table of files
 * then, for its submitter holds the ring's lock. */
static __always_inline bool is_carried_out_now(struct io_kiocb* request, __u32 sqe_flags) {
  struct io_ring_ctx* ring = BPF_CORE_READ(request, ctx);
  return !(sqe_flags & (DRAIN | ASYNC)) && !BPF_CORE_READ(ring, submit_state.link.head) &&
         !BPF_CORE_READ_BITFIELD_PROBED(ring, drain_active);
}

/* Names the file that a request is given, before it is carried out. */
static __always_inline void capture_given(struct ior_request* kept, struct io_kiocb* request,
                                          bool is_now) {
  struct ior_task_state* call = &kept->call;
  __u32 number = call->args[is_splice(call) ? 2 : 0];
  call->sections |= IOR_FILE;
  if (kept->file_slot)
    capture_slot(&call->file, request, kept->file_slot - 1, is_now);
  else if (kept->sqe_flags & FIXED_FILE)
    capture_slot(&call->file, request, number, is_now);
  else
    capture_fd(&call->file, number);
}

/* What can be named only before the request is carried out, or refused (`entry`). */
static __always_inline void capture_at_submit(struct ior_request* kept, struct io_kiocb* request,
                                              const struct io_uring_sqe* entry, int refusal) {
  struct ior_task_state* call = &kept->call;
  struct ior_request_paths paths = {.refusal = refusal};
  if (entry)
    paths.main = path_of_entry(entry, &paths.other);
  else
    paths.main = path_of_request(request, &paths.other);
  if (paths.main) {
    capture_starts(call, &paths);
    send_request_enter(call, &paths);
    return;
  }
  const bool is_now = entry || is_carried_out_now(request, kept->sqe_flags);
  if (call->nr == IORING_OP_CLOSE ||
      (is_about_fd(call) && (entry || kept->sqe_flags & SKIP_SUCCESS)))
    capture_given(kept, request, is_now);
  if (is_splice(call)) {
    call->other_opened = capture_source(call, request);
    call->sections |= IOR_OTHER;
  }
}

/* Whose a request is: one that a thread of the kernel's submits is its process's, under the id and
 * the name of the first thread, for nothing tells which one made the ring. */
static __always_inline void take_submitter(struct task_struct* task, __u32 tgid, __u32 tid,
                                           struct ior_task_state* call) {
  call->tgid = tgid;
  call->tid = tid;
  call->process_start_ns = READ(current_task(), group_leader, start_boottime);
  call->root = current_root();
  if (task->flags & IO_WORKER)
    bpf_probe_read_kernel_str(call->comm, IOR_COMM_SIZE, &READ(current_task(), group_leader)->comm);
  else
    bpf_get_current_comm(call->comm, IOR_COMM_SIZE);
}

static __always_inline void describe_process(struct task_struct* task, __u32 cpu, __u32 number) {
  struct ior_task_state* leader = make_state(task->group_leader);
  if (leader && !leader->described) leader->described = send_process(cpu, number);
}

/* A request that posts no completion has a row all the same, without a result. It is known to be
 * over when its memory serves the next one, or at the end of the trace. */
static __always_inline void send_silent(struct ior_request* kept) {
  count(IOR_COUNTER_no_result);
  if (kept->call.flags & TASK_SPLIT)
    send_exit(&kept->call, kept->call.enter_ns, 0, false, IOR_NO_RETURN);
  else
    send_whole(&kept->call, kept->call.enter_ns, 0, IOR_NO_RETURN);
}

/* Of a direct descriptor. */
static __always_inline __u32 file_slot_of(struct io_kiocb* request, __u32 opcode) {
  if (opcode == IORING_OP_OPENAT || opcode == IORING_OP_OPENAT2)
    return READ(AS(struct io_open, request), file_slot);
  if (opcode == IORING_OP_SOCKET) return READ(AS(struct io_socket, request), file_slot);
  return opcode == IORING_OP_CLOSE ? READ(AS(struct io_close, request), file_slot) : 0;
}

struct ior_marking {
  struct ior_mark mark;
  __u64 key;
  struct ior_task_state* call;
  bool is_done;
};

static const struct ior_marked blank_mark = {};

static __always_inline void join_mark(struct ior_marked* marked, struct ior_marking* marking) {
  if (marked->call.nr != marking->call->nr) marked->is_mixed = true;
  __sync_fetch_and_xor(&marked->requests, marking->key);
  marking->is_done = true;
}

/* Ends the loop unless the last request with the mark is just being taken out, on another CPU. */
static long mark_step(__u32 index, void* context) {
  struct ior_marking* marking = context;
  struct ior_marked* marked = bpf_map_lookup_elem(&multishots, &marking->mark);
  if (marked) {
    if (__sync_fetch_and_add(&marked->in_flight, 1)) {
      join_mark(marked, marking);
      return 1;
    }
    __sync_fetch_and_sub(&marked->in_flight, 1);
    return 0;
  }
  if (bpf_map_update_elem(&multishots, &marking->mark, &blank_mark, BPF_NOEXIST)) return 1;
  marked = bpf_map_lookup_elem(&multishots, &marking->mark);
  if (!marked) return 1;
  marked->call = *marking->call;
  __sync_fetch_and_add(&marked->in_flight, 1);
  join_mark(marked, marking);
  return 1;
}

/* Counts a request among those that have its mark. */
static __noinline int add_mark(struct ior_request* kept, struct io_kiocb* request) {
  struct ior_marking marking = {
      .mark = mark_of(request), .key = (__u64)request, .call = &kept->call};
  bpf_loop(MARK_TRIES, mark_step, &marking, 0);
  if (marking.is_done)
    kept->mark = marking.mark;
  else
    count(IOR_COUNTER_requests_full);
  return 0;
}

static __noinline int remove_mark(struct ior_request* kept, __u64 key) {
  struct ior_mark mark = kept->mark;
  struct ior_marked* marked = mark.ring ? bpf_map_lookup_elem(&multishots, &mark) : 0;
  if (!marked) return 0;
  __sync_fetch_and_xor(&marked->requests, key);
  if (__sync_fetch_and_sub(&marked->in_flight, 1) == 1) bpf_map_delete_elem(&multishots, &mark);
  return 0;
}

/* Not on the stack, of which name_open_file() and what it calls need the rest. */
static const struct ior_request blank_request = {.call = {.sections = IOR_REQUEST}};

/* A place in the table for a request, where its memory may have served one before. */
static __always_inline struct ior_request* keep_request(__u64 key, __u32 row) {
  struct ior_request* kept = bpf_map_lookup_elem(&requests, &key);
  if (kept) {
    remove_mark(kept, key);
    send_silent(kept);
  }
  if (bpf_map_update_elem(&requests, &key, &blank_request, BPF_ANY)) {
    add_total(row, false, 0);
    count(IOR_COUNTER_requests_full);
    return 0;
  }
  return bpf_map_lookup_elem(&requests, &key);
}

/* Begins a request: one that the kernel has prepared, or one that it refuses and that has nothing
 * but its entry. */
static __always_inline void start_request(struct io_kiocb* request, __u32 opcode,
                                          const struct io_uring_sqe* entry, int refusal) {
  struct task_struct* task = bpf_get_current_task_btf();
  __u64 pid_tgid = bpf_get_current_pid_tgid(), key = (__u64)request;
  __u32 tgid = pid_tgid >> 32, tid = task->flags & IO_WORKER ? tgid : (__u32)pid_tgid;
  __u32 row = row_number(opcode, IOR_TABLE_URING);
  if (!(settings.selected[row] & IOR_SELECTED) || !is_traced_task(task->group_leader, tgid, tid))
    return;
  struct ior_request* kept = keep_request(key, row);
  if (!kept) return;
  take_submitter(task, tgid, tid, &kept->call);
  kept->call.nr = opcode;
  kept->call.task = __sync_fetch_and_add(&last_task, 1) + 1;
  kept->call.cpu = bpf_get_smp_processor_id();
  kept->call.nargs = rows[row].nargs;
  kept->call.enter_ns = now_ns();
  kept->sqe_flags = request->flags;
  kept->file_slot = entry ? 0 : file_slot_of(request, opcode);
  if (!entry && may_be_multishot(request, opcode)) add_mark(kept, request);
  describe_process(task, kept->call.cpu, kept->call.task);
  if (entry)
    take_arguments_of_entry(&kept->call, entry);
  else
    take_arguments_of(&kept->call, request);
  capture_at_submit(kept, request, entry, refusal);
}

/* Names the file of an fd that a request has made without being given one. */
static __always_inline void capture_new_file(struct ior_task_state* call, __s32 fd) {
  call->cpu = bpf_get_smp_processor_id();
  call->sections |= IOR_FILE;
  capture_fd(&call->file, fd);
}

/* Sends the row of a completion. */
static __always_inline void send_completion(struct ior_request* kept, struct io_kiocb* request,
                                            __s64 ret) {
  __u64 now = now_ns();
  struct ior_task_state* call = &kept->call;
  bool opened = row_of(call)->returns == IOR_RETURNS_fd && ret >= 0 && !kept->file_slot;
  if (call->flags & TASK_SPLIT) {
    send_exit(call, now, ret, opened, 0);
  } else {
    capture_file_of(kept, request);
    if (opened && !(call->sections & IOR_FILE)) capture_new_file(call, ret);
    send_whole(call, now, ret, 0);
  }
}

static __always_inline void finish_request(struct io_kiocb* request, __s64 ret) {
  __u64 key = (__u64)request;
  __u32 opcode = READ(request, opcode);
  if (ret >= 0 && opcode == IORING_OP_RENAMEAT) __sync_fetch_and_add(&name_epoch, 1);
  struct ior_request* kept = bpf_map_lookup_elem(&requests, &key);
  if (!kept) return;
  if (is_ending) {
    kept->is_over = true;
    return;
  }
  send_completion(kept, request, ret);
  if (kept->mark.ring) remove_mark(kept, key);
  bpf_map_delete_elem(&requests, &key);
}

static __always_inline void begin_anew(struct ior_task_state* call) {
  call->task = __sync_fetch_and_add(&last_task, 1) + 1;
  call->seq = 0;
  call->flags = 0;
  call->sections = IOR_REQUEST;
}

/* A completion that may be of any of several requests: nothing is known but what they share. */
static __always_inline void send_unclear(struct ior_marked* marked, __s64 result) {
  struct ior_task_state* call = &marked->call;
  if (marked->is_mixed) {
    count(IOR_COUNTER_no_result);
    return;
  }
  begin_anew(call);
  call->cpu = bpf_get_smp_processor_id();
  call->nargs = 0;
  if (is_about_fd(call)) {
    call->sections |= IOR_FILE;
    call->file = (struct ior_file){.status = IOR_FILE_OF_SEVERAL};
  }
  send_whole(call, now_ns(), result, IOR_AT_MOST);
}

/* One completion of many: a row of its own, under a number of its own; false where it is none. */
static __always_inline bool note_multishot(const struct ior_mark* mark, __s64 result) {
  struct ior_marked* marked = bpf_map_lookup_elem(&multishots, mark);
  if (!marked) return false;
  if (is_ending) return true;
  if (*(volatile __u32*)&marked->in_flight != 1) {
    send_unclear(marked, result);
    return true;
  }
  __u64 key = marked->requests;
  struct ior_request* kept = bpf_map_lookup_elem(&requests, &key);
  if (!kept) return false;
  send_completion(kept, AS(struct io_kiocb, key), result);
  begin_anew(&kept->call);
  return true;
}

/* A completion that does not fit the ring of completions, and waits for room: nothing tells whose
 * it is but its ring, its mark and its result. */
struct ior_overflow {
  struct ior_mark mark;
  __s64 result;
};

static long finish_overflowed(struct bpf_map* map, __u64* key, struct ior_request* kept,
                              struct ior_overflow* done) {
  struct io_kiocb* request = AS(struct io_kiocb, *key);
  struct ior_mark mark = mark_of(request);
  const bool is_silent = BPF_CORE_READ(request, flags) & SKIP_SUCCESS; /* not set once it failed */
  if (is_silent || mark.ring != done->mark.ring || mark.user_data != done->mark.user_data ||
      READ(request, cqe.res) != (__s32)done->result)
    return 0;
  finish_request(request, done->result);
  return 1;
}

/* With a stack of its own, as rename_file(). */
static __noinline int note_overflowed_multishot(const struct ior_mark* mark, __s64 result) {
  return note_multishot(mark, result);
}

static __always_inline void note_overflow(__u64 ring, __u64 user_data, __s32 result, __u32 flags) {
  struct ior_overflow done = {.mark = {ring, user_data}, .result = result};
  if (flags & IS_NOTICE) return;
  if (flags & MORE_TO_COME && note_overflowed_multishot(&done.mark, result)) return;
  if (result == 0) __sync_fetch_and_add(&name_epoch, 1); /* it may be a rename that nobody traces */
  bpf_for_each_map_elem(&requests, finish_overflowed, &done, 0);
}

#endif
