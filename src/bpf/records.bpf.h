/* The records of a call, made from the task's state: built in the CPU's record buffer, written in
 * one piece. */
#ifndef IOR_BPF_RECORDS_BPF_H
#define IOR_BPF_RECORDS_BPF_H

#include "bpf/addresses.bpf.h"
#include "bpf/outputs.bpf.h"
#include "bpf/totals.bpf.h"

/* Appends a path or other string of the user's; *status says how that went. Returns the record's
 * new size. */
static __noinline __u32 append_user_text(struct ior_record_buffer* record, __u32 offset,
                                         __u64 address, __u32* status) {
  struct ior_text* text = (void*)record + (offset & 0x3ff8);
  long got = 0;
  if (address) got = bpf_probe_read_user_str(text + 1, IOR_TEXT_MAX + 1, (const void*)address);
  /* The kernel reads no further, either: what lies behind may be no memory. */
  if (got < 0 && !bpf_probe_read_user(text + 1, IOR_TEXT_MAX, (const void*)address))
    got = IOR_TEXT_MAX + 1;
  *status = !address             ? IOR_TEXT_NULL
            : got < 0            ? IOR_TEXT_FAULT
            : got > IOR_TEXT_MAX ? IOR_TEXT_TOO_LONG
                                 : IOR_TEXT_OK;
  return end_text(record, offset, string_size(got), *status);
}

static __always_inline void fill_head(struct ior_record_buffer* record,
                                      const struct ior_task_state* state, __u32 kind) {
  poison(record, sizeof(*record));
  record->head.kind = kind;
  record->head.nargs = 0;
  record->head.sections = 0;
  record->head.nr = state->nr;
  record->head.task = state->task;
  record->head.seq = state->seq;
  record->head.tgid = state->tgid;
  record->head.tid = state->tid;
}

static __always_inline void* at_offset(struct ior_record_buffer* record, __u32 offset) {
  return (void*)record + (offset & 0x1f8);
}

static __always_inline __u32 append_args(struct ior_record_buffer* record, __u32 offset,
                                         const struct ior_task_state* state) {
  __u64* args = at_offset(record, offset);
  for (int i = 0; i < IOR_ARGS_MAX; i++) args[i] = state->args[i];
  record->head.nargs = state->nargs;
  return offset + (state->nargs & 7) * 8;
}

static __always_inline __u32 append_file(struct ior_record_buffer* record, __u32 offset,
                                         const struct ior_file* file, __u32 section) {
  struct ior_file* to = at_offset(record, offset);
  *to = *file;
  record->head.sections |= section;
  return offset + sizeof(*to);
}

static __always_inline __u32 append_files(struct ior_record_buffer* record, __u32 offset,
                                          const struct ior_task_state* state) {
  if (state->sections & IOR_FILE) offset = append_file(record, offset, &state->file, IOR_FILE);
  if (state->sections & IOR_OTHER) offset = append_file(record, offset, &state->other, IOR_OTHER);
  return offset;
}

static __always_inline __u32 append_intro(struct ior_record_buffer* record, __u32 offset,
                                          const struct ior_task_state* state) {
  if (state->flags & TASK_INTRODUCED) return offset;
  struct ior_intro* intro = at_offset(record, offset);
  intro->process_start_ns = state->process_start_ns;
  __builtin_memcpy(intro->comm, state->comm, IOR_COMM_SIZE);
  intro->root = state->root;
  intro->reserved = 0;
  record->head.sections |= IOR_INTRO;
  return offset + sizeof(*intro);
}

/* Writes a call's record, the first of its call or the second; remembers what it introduced, or
 * that it found no room. */
static __always_inline bool write_call(struct ior_task_state* state,
                                       struct ior_record_buffer* record, __u32 size, bool first) {
  record->head.sections |= state->sections & (IOR_COMPAT | IOR_REQUEST | IOR_AIO);
  if (first) {
    record->head.seq = state->seq + 1;
    if (state->flags & TASK_LOST) record->head.sections |= IOR_AFTER_LOSS;
    if (state->flags & TASK_EXIT_LOST) record->head.sections |= IOR_EXIT_LOST;
  }
  if (!put_record(state->cpu, record, size)) {
    state->flags |= first ? TASK_LOST : TASK_LOST | TASK_EXIT_LOST;
    return false;
  }
  if (!first) return true;
  state->seq += 1;
  state->flags &= ~(TASK_LOST | TASK_EXIT_LOST);
  if (record->head.sections & IOR_INTRO) state->flags |= TASK_INTRODUCED;
  return true;
}

/* How a path was read that the call may have written over since then. */
static __always_inline __u32 status_after(struct ior_task_state* state, const struct ior_text* text,
                                          __u64 address, __s64 ret) {
  if (text->status == IOR_TEXT_NULL) return text->status;
  if (state->flags & TASK_DENIED)
    return text->status == IOR_TEXT_FAULT ? IOR_TEXT_UNREAD : text->status;
  __u64 size = text->status == IOR_TEXT_OK ? text->size + 1 : IOR_TEXT_MAX + 1;
  if (has_written(state, address, address + size, ret)) return IOR_TEXT_OVERWRITTEN;
  /* Only where the kernel has found the same is the address bad. */
  return text->status == IOR_TEXT_FAULT && ret != -EFAULT ? IOR_TEXT_UNREAD : text->status;
}

/* When a path is read: before the call, or behind it. */
enum { BEFORE_CALL = 0, AFTER_CALL = 1 };

/* Appends one of the call's paths; false where it could not be read. */
static __always_inline bool append_text_of(struct ior_record_buffer* record, __u32* size,
                                           struct ior_task_state* state, __u32 argument, __u32 link,
                                           __u32 when, __s64 ret) {
  struct ior_text* text = (void*)record + (*size & 0x3ff8);
  __u64 address = state->args[argument & 7];
  __u32 offset = *size, status = 0;
  *size = append_user_text(record, offset, address, &status);
  text->link = text->size < link ? 0 : link;
  if (when == BEFORE_CALL) return status != IOR_TEXT_FAULT;
  __u32 after = status_after(state, text, address, ret);
  if (after == IOR_TEXT_OVERWRITTEN) *size = end_text(record, offset, 0, after);
  text->status = after;
  return true;
}

/* Appends the paths that the call passes to a record of `size` bytes; returns its new size, 0 where
 * one could not be read. */
__noinline int append_user_texts(struct ior_record_buffer* record, struct ior_task_state* state,
                                 __u32 size, __u32 when, __s64 ret) {
  if (!record || !state) return 0;
  __u32 shape = row_of(state)->shape;
  if (shape >= IOR_SHAPE_COUNT) return size;
  bool is_complete = true;
  __u32 text = text_arguments[shape].text, other = text_arguments[shape].other;
  if (text < IOR_ARGS_MAX) {
    is_complete &= append_text_of(record, &size, state, text, state->link, when, ret);
    record->head.sections |= IOR_TEXT;
  }
  if (other < IOR_ARGS_MAX) {
    is_complete &= append_text_of(record, &size, state, other, state->other_link, when, ret);
    record->head.sections |= IOR_TEXT_OTHER;
  }
  return is_complete ? size : 0;
}

/* Begins an enter record, up to its texts. */
static __always_inline __u32 begin_enter(struct ior_record_buffer* record,
                                         const struct ior_task_state* state) {
  fill_head(record, state, IOR_RECORD_ENTER);
  __u32 size = append_args(record, sizeof(struct ior_head), state);
  size = append_files(record, size, state);
  return append_intro(record, size, state);
}

/* Where it finds no room, the call is lost as a whole, and counted when it ends. */
static __always_inline void write_enter(struct ior_task_state* state,
                                        struct ior_record_buffer* record, __u32 size) {
  record->head.time_ns = state->enter_ns;
  if (write_call(state, record, size, true))
    state->flags |= TASK_SENT_ENTER;
  else
    state->flags |= fits_no_ring(size) ? TASK_ENTER_LOST | TASK_TOO_LARGE : TASK_ENTER_LOST;
}

/* Sends the enter half with its paths. Where one is on a page that is not resident, the exit sends
 * the whole call: the kernel has made the page resident by then. */
__noinline int send_enter(struct ior_task_state* state) {
  struct ior_record_buffer* record = record_buffer();
  if (!state || !record) return 0;
  __u32 size = append_user_texts(record, state, begin_enter(record, state), BEFORE_CALL, 0);
  state->enter_ns = now_ns();
  if (size)
    write_enter(state, record, size);
  else
    state->flags |= TASK_TEXT_FAULT;
  return 0;
}

/* What the kernel puts before a path that starts from this fd: "/dev/fd/N", and "/" where the path
 * is not empty (fs/exec.c). */
static __always_inline __u32 start_bytes(__u32 fd) {
  __u32 digits = 1;
  for (__u32 power = 10; digits < 10 && fd >= power; power *= 10) digits++;
  return sizeof("/dev/fd/") - 1 + digits + 1;
}

/* Appends the path that an exec was called with, from the kernel's copy. */
static __always_inline __u32 append_exec_path(struct ior_record_buffer* record, __u32 offset,
                                              __u64 path, __u32 skipped) {
  struct ior_text* text = (void*)record + (offset & 0x3ff8);
  long got = bpf_probe_read_kernel_str(text + 1, IOR_TEXT_MAX, (const void*)path);
  if (got > 0 && skipped)
    got = got > skipped ? bpf_probe_read_kernel_str(text + 1, IOR_TEXT_MAX, (void*)path + skipped)
                        : 1;
  return end_text(record, offset, string_size(got), got < 1 ? IOR_TEXT_FAULT : IOR_TEXT_OK);
}

/* Sends the enter half of an exec whose path could not be read at enter and is gone at exit. */
__noinline int send_exec_enter(struct ior_task_state* state, __u64 path, __u32 is_from_fd) {
  struct ior_record_buffer* record = record_buffer();
  if (!state || !record) return 0;
  __u32 size = begin_enter(record, state);
  size = append_exec_path(record, size, path, is_from_fd ? start_bytes(state->args[0]) : 0);
  record->head.sections |= IOR_TEXT;
  write_enter(state, record, size);
  return 0;
}

/* Begins a record of both halves of a call that has ended. */
static __always_inline __u32 begin_whole(struct ior_record_buffer* record,
                                         const struct ior_task_state* state, __u64 exit_ns,
                                         __s64 ret, __u32 sections) {
  count_call(state, ret);
  fill_head(record, state, IOR_RECORD_EXIT);
  record->head.sections = IOR_WHOLE | sections;
  record->head.time_ns = exit_ns;
  struct ior_exit* exit = (void*)record->body;
  exit->enter_ns = state->enter_ns;
  exit->ret = ret;
  __u32 size = append_args(record, sizeof(struct ior_head) + sizeof(*exit), state);
  size = append_files(record, size, state);
  return append_intro(record, size, state);
}

/* Sends an exit half that carries its enter half, of a call that passes no path. */
__noinline int send_whole(struct ior_task_state* state, __u64 exit_ns, __s64 ret, __u32 sections) {
  struct ior_record_buffer* record = record_buffer();
  if (!state || !record) return 0;
  __u32 size = begin_whole(record, state, exit_ns, ret, sections);
  if (state->flags & TASK_ADDRESS) size = append_address(record, size);
  if (!write_call(state, record, size, true)) count_lost(fits_no_ring(size));
  return 0;
}

/* The same of a call whose paths could not be read at enter. */
__noinline int send_whole_late(struct ior_task_state* state, __u64 exit_ns, __s64 ret,
                               __u32 sections) {
  struct ior_record_buffer* record = record_buffer();
  if (!state || !record) return 0;
  __u32 size = begin_whole(record, state, exit_ns, ret, sections);
  size = append_user_texts(record, state, size, AFTER_CALL, ret);
  if (!write_call(state, record, size, true)) count_lost(fits_no_ring(size));
  return 0;
}

/* Sends both halves of a call, of whichever of the two kinds. */
static __always_inline void send_call(struct ior_task_state* state, __u64 exit_ns, __s64 ret,
                                      __u32 sections) {
  if (state->flags & TASK_TEXT_FAULT)
    send_whole_late(state, exit_ns, ret, sections);
  else
    send_whole(state, exit_ns, ret, sections);
}

/* The file that a successful open made. Where the task has moved since it entered, this CPU's names
 * mean nothing in the ring in which the enter half lies, and the name itself, left in the name
 * buffer, goes into the record. */
static __always_inline void capture_opened(struct ior_file* file, __u32 enter_cpu, __s32 fd) {
  if (enter_cpu == bpf_get_smp_processor_id()) {
    capture_fd(file, fd);
    return;
  }
  struct ior_name_buffer* to = name_buffer();
  struct file* open = open_file(fd);
  if (!open || !to) return;
  to->dentry = (__u64)READ(open, f_path.dentry);
  to->mount = (__u64)READ(open, f_path.mnt);
  to->fs = (__u64)READ(current_task(), fs);
  file->f_flags = READ(open, f_flags);
  file->status = make_name() ? IOR_FILE_INLINE : count_nameless(to);
}

static __always_inline __u32 append_inline_name(struct ior_record_buffer* record, __u32 offset) {
  struct ior_name_buffer* made = name_buffer();
  struct ior_name* name = (void*)record + (offset & 0x3ff8);
  if (!made) return offset;
  name->name_id = 0;
  name->name_kind = made->kind;
  name->root = made->root;
  name->inode = made->inode;
  record->head.sections |= IOR_TEXT_NAME;
  return append_name(record, offset + sizeof(*name), made);
}

/* Sends the exit half of a call whose enter half is in the ring, with the file that a successful
 * open made; where the enter half found no room, neither has the call. */
__noinline int send_exit(struct ior_task_state* state, __u64 exit_ns, __s64 ret, __u32 opened,
                         __u32 sections) {
  struct ior_record_buffer* record = record_buffer();
  if (!state || !record) return 0;
  count_call(state, ret);
  if (state->flags & TASK_ENTER_LOST) {
    count_lost(state->flags & TASK_TOO_LARGE);
    return 0;
  }
  struct ior_file* file = &state->file; /* what it was at the enter has been sent */
  *file = (struct ior_file){.fd = ret, .status = IOR_FILE_CLOSED};
  if (opened) capture_opened(file, state->cpu, ret);
  fill_head(record, state, IOR_RECORD_EXIT);
  record->head.sections = sections;
  record->head.time_ns = exit_ns;
  struct ior_exit* exit = (void*)record->body;
  exit->enter_ns = state->enter_ns;
  exit->ret = ret;
  __u32 size = sizeof(struct ior_head) + sizeof(*exit);
  if (state->flags & TASK_ARGS_CHANGED) size = append_args(record, size, state);
  if (opened) size = append_file(record, size, file, IOR_FILE);
  if (file->status == IOR_FILE_INLINE) size = append_inline_name(record, size);
  if (!write_call(state, record, size, false)) count_lost(fits_no_ring(size));
  return 0;
}

/* What an END record says. User space keeps a state per thread until it has come, so one that did
 * not fit is owed: it is sent at a later thread's end on the same CPU. */
struct ior_end {
  __u32 task;
  __u32 seq;
  __u32 tgid;
  __u32 tid;
  __u32 sections;
};

enum { OWED_ENDS_MAX = 256 };

struct ior_owed_ends {
  __u32 count;
  struct ior_end ends[OWED_ENDS_MAX];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct ior_owed_ends);
} owed_ends SEC(".maps");

static __always_inline bool write_end(const struct ior_end* end) {
  struct ior_record_buffer* record = record_buffer();
  if (!record) return false;
  poison(record, sizeof(*record));
  record->head = (struct ior_head){.kind = IOR_RECORD_END,
                                   .sections = end->sections,
                                   .task = end->task,
                                   .seq = end->seq,
                                   .tgid = end->tgid,
                                   .tid = end->tid,
                                   .time_ns = now_ns()};
  return put_record(bpf_get_smp_processor_id(), record, sizeof(record->head));
}

static long send_owed_step(__u32 index, void* context) {
  __u32 zero = 0;
  struct ior_owed_ends* owed = bpf_map_lookup_elem(&owed_ends, &zero);
  if (!owed || !owed->count || !write_end(&owed->ends[(owed->count - 1) % OWED_ENDS_MAX])) return 1;
  owed->count -= 1;
  return 0;
}

static __always_inline void send_end(struct task_struct* task, const struct ior_task_state* state) {
  struct ior_end end = {
      .task = state->task, .seq = state->seq, .tgid = task->tgid, .tid = task->pid};
  const bool died_in_call = (state->flags & TASK_IN_CALL) && (state->flags & TASK_SENT_ENTER);
  if (died_in_call || (state->flags & TASK_EXIT_LOST)) end.sections = IOR_NO_RETURN;
  __u32 zero = 0;
  struct ior_owed_ends* owed = bpf_map_lookup_elem(&owed_ends, &zero);
  if (!owed) return;
  if (owed->count) bpf_loop(OWED_ENDS_MAX, send_owed_step, 0, 0);
  if (write_end(&end)) return;
  if (owed->count >= OWED_ENDS_MAX) {
    count(IOR_COUNTER_end_not_sent);
    return;
  }
  owed->ends[owed->count % OWED_ENDS_MAX] = end;
  owed->count += 1;
}

#endif
