/* Requests of io_uring as calls of their own. A request lives in a table from its submission to its
 * completion, in the form of a task's state: it has a task number and one call, whose records are
 * written like any other's. Submitter, SQPOLL thread and workers share the ring owner's process, fd
 * table and directories, so any of them can name its files. */
#ifndef IOR_BPF_URING_BPF_H
#define IOR_BPF_URING_BPF_H

#include "bpf/arguments.bpf.h"
#include "bpf/process.bpf.h"
#include "bpf/records.bpf.h"

enum {
  REQUESTS_MAX = 1 << 18,
  IO_WORKER = 0x10,       /* PF_IO_WORKER: a thread that the kernel made for a ring */
  FIXED_FILE = 1 << 0,    /* IOSQE_FIXED_FILE */
  BUFFER_SELECT = 1 << 5, /* IOSQE_BUFFER_SELECT: the size is that of the buffer taken */
  SKIP_SUCCESS = 1 << 6,  /* IOSQE_CQE_SKIP_SUCCESS */
};

struct ior_request {
  struct ior_task_state call;
  __u32 sqe_flags;
  __u32 file_slot; /* of a direct descriptor that it opens; 0: it opens an fd */
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, REQUESTS_MAX);
  __type(key, __u64); /* of the io_kiocb: its address */
  __type(value, struct ior_request);
} requests SEC(".maps");

/* A request of many completions: all but the last come without it, but with what its submitter
 * marks it by. */
struct ior_multishot {
  __u64 ring;
  __u64 user_data;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, REQUESTS_MAX);
  __type(key, struct ior_multishot);
  __type(value, __u64); /* key of `requests` */
} multishots SEC(".maps");

static __always_inline bool may_be_multishot(__u32 opcode) {
  return opcode == IORING_OP_ACCEPT || opcode == IORING_OP_POLL_ADD || opcode == IORING_OP_RECV ||
         opcode == IORING_OP_RECVMSG || opcode == IORING_OP_READ_MULTISHOT ||
         opcode == IORING_OP_TIMEOUT;
}

static __always_inline struct ior_multishot multishot_of(struct io_kiocb* request) {
  return (struct ior_multishot){.ring = (__u64)BPF_CORE_READ(request, ctx),
                                .user_data = READ(request, cqe.user_data)};
}

/* What a request is known by, as uring.def lists it, from where its own kind keeps it. */
static __always_inline void take_arguments_of(struct ior_task_state* state,
                                              struct io_kiocb* request) {
  __u64* args = state->args;
  args[0] = request->cqe.fd;
  switch (request->opcode) {
    case IORING_OP_READV:
    case IORING_OP_WRITEV:
    case IORING_OP_READV_FIXED:
    case IORING_OP_WRITEV_FIXED:
    case IORING_OP_READ:
    case IORING_OP_WRITE:
    case IORING_OP_READ_MULTISHOT:
    case IORING_OP_READ_FIXED:
    case IORING_OP_WRITE_FIXED: {
      struct io_rw* rw = AS(struct io_rw, request);
      args[1] = READ(rw, addr);
      args[2] = READ(rw, len);
      args[3] = READ(rw, kiocb.ki_pos);
      break;
    }
    case IORING_OP_FSYNC:
    case IORING_OP_SYNC_FILE_RANGE:
      args[1] = READ(AS(struct io_sync, request), off);
      args[2] = READ(AS(struct io_sync, request), len);
      args[3] = (__u32)READ(AS(struct io_sync, request), flags);
      break;
    case IORING_OP_FALLOCATE:
      args[1] = (__u32)READ(AS(struct io_sync, request), mode);
      args[2] = READ(AS(struct io_sync, request), off);
      args[3] = READ(AS(struct io_sync, request), len);
      break;
    case IORING_OP_FADVISE:
      args[1] = READ(AS(struct io_fadvise, request), offset);
      args[2] = READ(AS(struct io_fadvise, request), len);
      args[3] = READ(AS(struct io_fadvise, request), advice);
      break;
    case IORING_OP_FTRUNCATE:
      args[1] = READ(AS(struct io_ftrunc, request), len);
      break;
    case IORING_OP_OPENAT:
      args[0] = READ(AS(struct io_open, request), dfd);
      args[2] = READ(AS(struct io_open, request), how.flags);
      args[3] = READ(AS(struct io_open, request), how.mode);
      break;
    case IORING_OP_OPENAT2:
      args[0] = READ(AS(struct io_open, request), dfd);
      args[2] = READ(AS(struct io_open, request), how.flags) | IOR_CAPTURED;
      break;
    case IORING_OP_CLOSE:
      args[0] = READ(AS(struct io_close, request), fd);
      break;
    case IORING_OP_STATX:
      args[0] = READ(AS(struct io_statx, request), dfd);
      args[2] = READ(AS(struct io_statx, request), flags);
      args[3] = READ(AS(struct io_statx, request), mask);
      break;
    case IORING_OP_UNLINKAT:
      args[0] = READ(AS(struct io_unlink, request), dfd);
      args[2] = READ(AS(struct io_unlink, request), flags);
      break;
    case IORING_OP_MKDIRAT:
      args[0] = READ(AS(struct io_mkdir, request), dfd);
      args[2] = READ(AS(struct io_mkdir, request), mode);
      break;
    case IORING_OP_RENAMEAT:
      args[0] = READ(AS(struct io_rename, request), old_dfd);
      args[2] = READ(AS(struct io_rename, request), new_dfd);
      args[4] = READ(AS(struct io_rename, request), flags);
      break;
    case IORING_OP_LINKAT:
      args[0] = READ(AS(struct io_link, request), old_dfd);
      args[2] = READ(AS(struct io_link, request), new_dfd);
      args[4] = READ(AS(struct io_link, request), flags);
      break;
    case IORING_OP_SYMLINKAT:
      args[1] = READ(AS(struct io_link, request), new_dfd);
      break;
    case IORING_OP_SPLICE:
    case IORING_OP_TEE: {
      struct io_splice* splice = AS(struct io_splice, request);
      args[0] = READ(splice, splice_fd_in);
      args[1] = READ(splice, off_in);
      args[2] = request->cqe.fd;
      args[3] = READ(splice, off_out);
      args[4] = READ(splice, len);
      args[5] = READ(splice, flags);
      break;
    }
    case IORING_OP_SEND:
    case IORING_OP_SEND_ZC:
    case IORING_OP_RECV:
    case IORING_OP_RECV_ZC: {
      struct io_sr_msg* message = AS(struct io_sr_msg, request);
      args[1] = (__u64)READ(message, buf);
      args[2] = request->flags & BUFFER_SELECT ? ~0ull : (__u32)READ(message, len);
      args[3] = READ(message, msg_flags);
      break;
    }
    case IORING_OP_SENDMSG:
    case IORING_OP_SENDMSG_ZC:
    case IORING_OP_RECVMSG: {
      struct io_sr_msg* message = AS(struct io_sr_msg, request);
      args[1] = (__u64)READ(message, umsg);
      args[2] = READ(message, msg_flags);
      capture_arguments(state, IOR_CAPTURES((fd, msg, msg_flags)), __NR_recvmsg);
      break;
    }
    case IORING_OP_ACCEPT:
      args[3] = (__u32)READ(AS(struct io_accept, request), flags);
      break;
    case IORING_OP_SOCKET:
      args[0] = (__u32)READ(AS(struct io_socket, request), domain);
      args[1] = (__u32)READ(AS(struct io_socket, request), type);
      args[2] = (__u32)READ(AS(struct io_socket, request), protocol);
      break;
    case IORING_OP_LISTEN:
      args[1] = (__u32)READ(AS(struct io_listen, request), backlog);
      break;
    case IORING_OP_SHUTDOWN:
      args[1] = (__u32)READ(AS(struct io_shutdown, request), how);
      break;
    case IORING_OP_POLL_ADD:
      args[2] = READ(AS(struct io_poll, request), events);
      break;
    case IORING_OP_EPOLL_CTL:
      args[0] = (__u32)READ(AS(struct io_epoll, request), epfd);
      args[1] = (__u32)READ(AS(struct io_epoll, request), op);
      args[2] = (__u32)READ(AS(struct io_epoll, request), fd);
      break;
    case IORING_OP_FGETXATTR:
    case IORING_OP_FSETXATTR:
    case IORING_OP_GETXATTR:
    case IORING_OP_SETXATTR:
      args[3] = READ(AS(struct io_xattr, request), ctx.size);
      break;
  }
}

/* The path or paths that a request carries, as struct filename; 0: none. */
static __always_inline __u64 path_of_request(struct io_kiocb* request, __u64* other) {
  *other = 0;
  switch (request->opcode) {
    case IORING_OP_OPENAT:
    case IORING_OP_OPENAT2:
      return (__u64)BPF_CORE_READ((struct io_open*)request, filename);
    case IORING_OP_STATX:
      return (__u64)BPF_CORE_READ((struct io_statx*)request, filename);
    case IORING_OP_UNLINKAT:
      return (__u64)BPF_CORE_READ((struct io_unlink*)request, filename);
    case IORING_OP_MKDIRAT:
      return (__u64)BPF_CORE_READ((struct io_mkdir*)request, filename);
    case IORING_OP_SETXATTR:
    case IORING_OP_GETXATTR:
      return (__u64)BPF_CORE_READ((struct io_xattr*)request, filename);
    case IORING_OP_RENAMEAT:
      *other = (__u64)BPF_CORE_READ((struct io_rename*)request, oldpath);
      return (__u64)BPF_CORE_READ((struct io_rename*)request, newpath);
    case IORING_OP_LINKAT:
    case IORING_OP_SYMLINKAT:
      *other = (__u64)BPF_CORE_READ((struct io_link*)request, oldpath);
      return (__u64)BPF_CORE_READ((struct io_link*)request, newpath);
  }
  return 0;
}

/* Where a path starts, as capture_directory() has it. */
static __noinline int capture_start(struct ior_file* file, __s32 dirfd, __u64 filename) {
  char first = 0;
  if (!file) return false;
  bpf_probe_read_kernel(&first, 1, BPF_CORE_READ((struct filename*)filename, name));
  if (first == '/') return false;
  if (dirfd == AT_FDCWD_VALUE)
    capture_working_directory(file);
  else
    capture_fd(file, dirfd);
  return true;
}

static __noinline __u32 append_filename(struct ior_record_buffer* record, __u32 offset,
                                        __u64 filename) {
  struct ior_text* text = (void*)record + (offset & 0x3ff8);
  const char* name = BPF_CORE_READ((struct filename*)filename, name);
  long got = bpf_probe_read_kernel_str(text + 1, IOR_TEXT_MAX, name);
  text->size = got < 1 ? 0 : ((__u32)got - 1) & (IOR_TEXT_MAX - 1);
  text->status = got < 1 ? IOR_TEXT_FAULT : IOR_TEXT_OK;
  text->reserved = 0;
  return offset + sizeof(*text) + ((text->size + 7) & ~7u);
}

/* Sends the enter half of a request with paths. */
__noinline int send_request_enter(struct ior_task_state* state, __u64 path, __u64 other) {
  struct ior_record_buffer* record = record_buffer();
  if (!state || !record) return false;
  __u32 size = begin_enter(record, state);
  size = append_filename(record, size, path);
  record->head.sections |= IOR_TEXT;
  if (other) {
    size = append_filename(record, size, other);
    record->head.sections |= IOR_TEXT_OTHER;
  }
  record->head.time_ns = state->enter_ns;
  if (!write_call(state, record, size, true)) return false;
  state->flags |= TASK_SENT_ENTER;
  return true;
}

/* The directories that the paths of a request start from. */
static __always_inline void capture_starts(struct ior_task_state* state, __u32 opcode, __u64 path,
                                           __u64 other) {
  bool has_two = opcode == IORING_OP_RENAMEAT || opcode == IORING_OP_LINKAT;
  __s32 start = has_two                         ? state->args[2]
                : opcode == IORING_OP_SYMLINKAT ? state->args[1]
                : opcode == IORING_OP_SETXATTR || opcode == IORING_OP_GETXATTR
                    ? AT_FDCWD_VALUE
                    : (__s32)state->args[0];
  if (capture_start(&state->file, start, path)) state->sections |= IOR_FILE;
  if (has_two && capture_start(&state->other, state->args[0], other)) state->sections |= IOR_OTHER;
}

static __always_inline bool is_about_fd(const struct ior_task_state* call) {
  __u32 shape = row_of(call)->shape;
  return shape == IOR_SHAPE_fd0 || shape == IOR_SHAPE_fd2_from_fd0 ||
         shape == IOR_SHAPE_fd1_from_fd0;
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
}

/* What can be named only before the request is carried out. */
static __always_inline bool capture_at_submit(struct ior_request* kept, struct io_kiocb* request) {
  struct ior_task_state* call = &kept->call;
  __u64 other, path = path_of_request(request, &other);
  if (path) {
    capture_starts(call, request->opcode, path, other);
    return send_request_enter(call, path, other);
  }
  if (request->opcode == IORING_OP_CLOSE ||
      (is_about_fd(call) && (kept->sqe_flags & (SKIP_SUCCESS | FIXED_FILE)) == SKIP_SUCCESS)) {
    capture_fd(&call->file, call->args[0]);
    call->sections |= IOR_FILE;
  }
  if (request->opcode == IORING_OP_SPLICE) {
    capture_fd(&call->other, call->args[0]);
    call->sections |= IOR_OTHER;
  }
  return true;
}

/* Whose a request is: one that a thread of the kernel's submits is its process's, under the id and
 * the name of the first thread, for nothing tells which one made the ring. */
static __always_inline void take_submitter(struct task_struct* task, __u32 tgid, __u32 tid,
                                           struct ior_task_state* call) {
  call->tgid = tgid;
  call->tid = tid;
  if (task->flags & IO_WORKER)
    bpf_probe_read_kernel_str(call->comm, IOR_COMM_SIZE, task->group_leader->comm);
  else
    bpf_get_current_comm(call->comm, IOR_COMM_SIZE);
}

static __always_inline bool is_traced_submitter(struct task_struct* task, __u32 tgid, __u32 tid) {
  if (tgid == settings.self_tgid) return false;
  if (is_target(tgid, tid)) return !settings.from_exec || target_execed;
  if (!settings.follow) return false;
  struct ior_task_state* leader = find_state(task->group_leader);
  return leader && (leader->flags & TASK_FOLLOWED);
}

static __always_inline void describe_process(struct task_struct* task, __u32 cpu) {
  struct ior_task_state* leader = make_state(task->group_leader);
  if (leader && !leader->described) leader->described = send_process(cpu);
}

/* A request whose success posts no completion has a row all the same, without a result. It is known
 * to be over when its memory serves the next one, or at the end of the trace. */
static __always_inline void send_silent(struct ior_request* kept) {
  if (kept->call.flags & TASK_SENT_ENTER)
    send_exit(&kept->call, kept->call.enter_ns, 0, false, IOR_NO_RETURN);
  else
    send_whole(&kept->call, kept->call.enter_ns, 0, IOR_NO_RETURN);
}

/* Not on the stack, of which name_open_file() and what it calls need the rest. */
static const struct ior_request blank_request = {.call = {.sections = IOR_REQUEST}};

static __always_inline void start_request(struct io_kiocb* request) {
  struct task_struct* task = bpf_get_current_task_btf();
  __u64 pid_tgid = bpf_get_current_pid_tgid(), key = (__u64)request;
  __u32 tgid = pid_tgid >> 32, tid = task->flags & IO_WORKER ? tgid : (__u32)pid_tgid;
  __u32 row = row_number(request->opcode, IOR_TABLE_URING);
  if (!(settings.selected[row] & IOR_SELECTED) || !is_traced_submitter(task, tgid, tid)) return;
  struct ior_request* kept = bpf_map_lookup_elem(&requests, &key);
  if (kept && (kept->sqe_flags & SKIP_SUCCESS)) send_silent(kept);
  if (bpf_map_update_elem(&requests, &key, &blank_request, BPF_ANY) ||
      !(kept = bpf_map_lookup_elem(&requests, &key))) {
    count(IOR_COUNTER_requests_full);
    return;
  }
  take_submitter(task, tgid, tid, &kept->call);
  kept->call.nr = request->opcode;
  kept->call.task = __sync_fetch_and_add(&last_task, 1) + 1;
  kept->call.cpu = bpf_get_smp_processor_id();
  kept->call.nargs = rows[row].nargs;
  kept->call.enter_ns = bpf_ktime_get_boot_ns();
  kept->sqe_flags = request->flags;
  if (request->opcode == IORING_OP_OPENAT || request->opcode == IORING_OP_OPENAT2)
    kept->file_slot = READ(AS(struct io_open, request), file_slot);
  if (may_be_multishot(request->opcode)) {
    struct ior_multishot mark = multishot_of(request);
    bpf_map_update_elem(&multishots, &mark, &key, BPF_ANY);
  }
  describe_process(task, kept->call.cpu);
  take_arguments_of(&kept->call, request);
  if (!capture_at_submit(kept, request)) bpf_map_delete_elem(&requests, &key);
}

/* Sends the row of a completion. */
static __always_inline void send_completion(struct ior_request* kept, struct io_kiocb* request,
                                            __s64 ret) {
  __u64 now = bpf_ktime_get_boot_ns();
  struct ior_task_state* call = &kept->call;
  bool opened = row_of(call)->returns == IOR_RETURNS_fd && ret >= 0 && !kept->file_slot;
  if (call->flags & TASK_SENT_ENTER) {
    send_exit(call, now, ret, opened, 0);
  } else {
    capture_file_of(kept, request);
    send_whole(call, now, ret, 0);
  }
}

static __always_inline void finish_request(struct io_kiocb* request, __s64 ret) {
  __u64 key = (__u64)request;
  __u32 opcode = READ(request, opcode);
  if (ret >= 0 && opcode == IORING_OP_RENAMEAT) __sync_fetch_and_add(&name_epoch, 1);
  struct ior_request* kept = bpf_map_lookup_elem(&requests, &key);
  if (!kept) return;
  send_completion(kept, request, ret);
  bpf_map_delete_elem(&requests, &key);
  if (!may_be_multishot(opcode)) return;
  struct ior_multishot mark = multishot_of(request);
  bpf_map_delete_elem(&multishots, &mark);
}

/* One completion of many: a row of its own, under a number of its own. */
static __always_inline void note_multishot(struct io_ring_ctx* ring, __u64 user_data,
                                           __s32 result) {
  struct ior_multishot mark = {.ring = (__u64)ring, .user_data = user_data};
  __u64* key = bpf_map_lookup_elem(&multishots, &mark);
  struct ior_request* kept = key ? bpf_map_lookup_elem(&requests, key) : 0;
  if (!kept) return;
  send_completion(kept, AS(struct io_kiocb, *key), result);
  kept->call.task = __sync_fetch_and_add(&last_task, 1) + 1;
  kept->call.seq = 0;
  kept->call.flags = 0;
  kept->call.sections = IOR_REQUEST;
}

/* At the end of a trace: rows for the requests that are over without a word, a count of those in
 * flight. */
static long settle_request(struct bpf_map* map, __u64* key, struct ior_request* kept,
                           void* context) {
  if (kept->sqe_flags & SKIP_SUCCESS)
    send_silent(kept);
  else
    in_flight += 1;
  return 0;
}

#endif
