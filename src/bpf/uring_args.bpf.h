/* The arguments and paths of an io_uring request: each kind of request keeps them in a struct of
 * its own, and one that the kernel refused has them only in its submitter's entry. */
#ifndef IOR_BPF_URING_ARGS_BPF_H
#define IOR_BPF_URING_ARGS_BPF_H

#include "bpf/arguments.bpf.h"
#include "bpf/records.bpf.h"

enum { BUFFER_SELECT = 1 << 5 }; /* IOSQE_BUFFER_SELECT: the size is that of the buffer taken */

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
      if (bpf_core_type_exists(struct io_ftrunc)) /* Linux 6.9 */
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
      if (bpf_core_type_exists(struct io_listen)) /* Linux 6.11 */
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

/* The same two of a request that the kernel refused: it has nothing but its submitter's entry, and
 * paths in user space. */
static __always_inline void take_arguments_of_entry(struct ior_task_state* state,
                                                    const struct io_uring_sqe* entry) {
  __u64* args = state->args;
  __u32 flags = entry->rw_flags; /* of any kind: they lie at one place */
  args[0] = entry->fd;
  args[1] = entry->addr;
  args[2] = entry->len;
  args[3] = entry->off;
  switch (state->nr) {
    case IORING_OP_FSYNC:
    case IORING_OP_SYNC_FILE_RANGE:
    case IORING_OP_FADVISE:
      args[1] = entry->off;
      args[3] = flags;
      break;
    case IORING_OP_FALLOCATE:
      args[1] = entry->len;
      args[2] = entry->off;
      args[3] = entry->addr;
      break;
    case IORING_OP_FTRUNCATE:
      args[1] = entry->off;
      break;
    case IORING_OP_OPENAT:
    case IORING_OP_STATX:
      args[2] = flags;
      args[3] = entry->len;
      break;
    case IORING_OP_OPENAT2:
      args[2] = entry->addr2;
      break;
    case IORING_OP_UNLINKAT:
    case IORING_OP_SENDMSG:
    case IORING_OP_SENDMSG_ZC:
    case IORING_OP_RECVMSG:
    case IORING_OP_POLL_ADD:
      args[2] = flags;
      break;
    case IORING_OP_RENAMEAT:
    case IORING_OP_LINKAT:
      args[4] = flags;
      break;
    case IORING_OP_SYMLINKAT:
      args[1] = entry->fd;
      break;
    case IORING_OP_SPLICE:
    case IORING_OP_TEE:
      args[0] = entry->splice_fd_in;
      args[2] = entry->fd;
      args[4] = entry->len;
      args[5] = flags;
      break;
    case IORING_OP_SEND:
    case IORING_OP_SEND_ZC:
    case IORING_OP_RECV:
    case IORING_OP_RECV_ZC:
    case IORING_OP_ACCEPT:
      args[3] = flags;
      break;
    case IORING_OP_SOCKET:
      args[1] = entry->off;
      args[2] = entry->len;
      break;
    case IORING_OP_LISTEN:
    case IORING_OP_SHUTDOWN:
      args[1] = entry->len;
      break;
    case IORING_OP_EPOLL_CTL:
      args[1] = entry->len;
      args[2] = entry->off;
      break;
    case IORING_OP_FGETXATTR:
    case IORING_OP_FSETXATTR:
    case IORING_OP_GETXATTR:
    case IORING_OP_SETXATTR:
      args[3] = entry->len;
      break;
  }
}

static __always_inline __u64 path_of_entry(const struct io_uring_sqe* entry, __u64* other) {
  *other = 0;
  switch (entry->opcode) {
    case IORING_OP_OPENAT:
    case IORING_OP_OPENAT2:
    case IORING_OP_STATX:
    case IORING_OP_UNLINKAT:
    case IORING_OP_MKDIRAT:
      return entry->addr;
    case IORING_OP_SETXATTR:
    case IORING_OP_GETXATTR:
      return entry->addr3;
    case IORING_OP_RENAMEAT:
    case IORING_OP_LINKAT:
    case IORING_OP_SYMLINKAT:
      *other = entry->addr;
      return entry->addr2;
  }
  return 0;
}

/* The paths of a request. */
struct ior_request_paths {
  __u64 main; /* struct filename; 0: none */
  __u64 other;
  __s64
      refusal; /* with which error the kernel refused it: they are strings of the user's; else 0 */
};

static __always_inline bool capture_start_of(struct ior_task_state* state, __s32 dirfd, __u64 path,
                                             __u32 place, const struct ior_request_paths* paths) {
  if (paths->refusal) return capture_start(state, dirfd, path, place);
  path = (__u64)BPF_CORE_READ((struct filename*)path, name);
  return capture_start(state, dirfd, path, place | PATH_IN_KERNEL);
}

static __noinline __u32 append_filename(struct ior_record_buffer* record, __u32 offset,
                                        __u64 filename) {
  struct ior_text* text = (void*)record + (offset & 0x3ff8);
  const char* name = BPF_CORE_READ((struct filename*)filename, name);
  long got = bpf_probe_read_kernel_str(text + 1, IOR_TEXT_MAX, name);
  return end_text(record, offset, string_size(got), got < 1 ? IOR_TEXT_FAULT : IOR_TEXT_OK);
}

__noinline int append_path(struct ior_record_buffer* record, __u32 offset, __u64 path, __u32 link,
                           __s64 refusal) {
  if (!record) return offset;
  struct ior_text* text = (void*)record + (offset & 0x3ff8);
  __u32 status = IOR_TEXT_OK;
  __u32 end = refusal ? append_user_text(record, offset, path, &status)
                      : append_filename(record, offset, path);
  text->link = text->size < link ? 0 : link;
  if (status == IOR_TEXT_FAULT && refusal != -EFAULT) text->status = IOR_TEXT_UNREAD;
  return end;
}

/* Sends the enter half of a request with paths. */
__noinline int send_request_enter(struct ior_task_state* state,
                                  const struct ior_request_paths* paths) {
  struct ior_record_buffer* record = record_buffer();
  if (!state || !record || !paths) return 0;
  __u32 size = begin_enter(record, state);
  size = append_path(record, size, paths->main, state->link, paths->refusal);
  record->head.sections |= IOR_TEXT;
  if (paths->other) {
    size = append_path(record, size, paths->other, state->other_link, paths->refusal);
    record->head.sections |= IOR_TEXT_OTHER;
  }
  write_enter(state, record, size);
  return 0;
}

/* The directories that the paths of a request start from. */
static __always_inline void capture_starts(struct ior_task_state* state,
                                           const struct ior_request_paths* paths) {
  __u32 opcode = state->nr;
  bool has_two = opcode == IORING_OP_RENAMEAT || opcode == IORING_OP_LINKAT;
  __s32 start = has_two                         ? state->args[2]
                : opcode == IORING_OP_SYMLINKAT ? state->args[1]
                : opcode == IORING_OP_SETXATTR || opcode == IORING_OP_GETXATTR
                    ? AT_FDCWD_VALUE
                    : (__s32)state->args[0];
  if (capture_start_of(state, start, paths->main, 0, paths)) state->sections |= IOR_FILE;
  if (has_two && capture_start_of(state, state->args[0], paths->other, PATH_OTHER, paths))
    state->sections |= IOR_OTHER;
}

#endif
