/* What a call carries: one capture routine per argument shape, generated from shapes.def. They fill
 * the task's state at enter with the files that the call names; texts go straight into the record
 * (records.bpf.h). */
#ifndef IOR_BPF_CAPTURE_BPF_H
#define IOR_BPF_CAPTURE_BPF_H

#include <asm-generic/errno-base.h>
#include <asm/unistd_64.h>

#include "bpf/links.bpf.h"

enum {
  AT_FDCWD_VALUE = -100,
  FD_WORDS_MAX = 1 << 15,
  AT_WORKING_DIRECTORY = -1,
  NO_FD = -1,
};

static __always_inline struct file* open_file(__u32 fd) {
  return open_file_of(READ(subject_task(), files), fd);
}

static __always_inline __u64 name_open_file(struct ior_file* file, struct ior_name_buffer* to,
                                            struct file* open) {
  file->f_flags = READ(open, f_flags);
  to->opened = (__u64)open;
  to->dentry = (__u64)READ(open, f_path.dentry);
  to->mount = (__u64)READ(open, f_path.mnt);
  give_name(file);
  return to->opened;
}

/* Fills `file` with what the fd refers to; returns which open file that is, to tell later whether
 * it still does. */
__noinline __u64 capture_fd(struct ior_file* file, __s32 fd) {
  struct ior_name_buffer* to = name_buffer();
  if (!file || !to) return 0;
  file->fd = fd;
  file->name_id = 0;
  file->f_flags = 0;
  file->status = IOR_FILE_CLOSED;
  struct file* open = open_file(fd);
  return open ? name_open_file(file, to, open) : 0;
}

/* The same of a struct file that is at hand. */
__noinline int capture_open_file(struct ior_file* file, __u64 opened) {
  struct ior_name_buffer* to = name_buffer();
  if (!file || !to) return 0;
  file->fd = 0;
  file->name_id = 0;
  return name_open_file(file, to, AS(struct file, opened)) != 0;
}

/* As capture_fd(), in the table of the process that the current one knows as `pid`. */
__noinline int capture_fd_of(struct ior_file* file, __s32 pid, __s32 fd) {
  struct ior_name_buffer* to = name_buffer();
  if (!file || !to) return 0;
  file->fd = fd;
  file->name_id = 0;
  file->f_flags = 0;
  file->status = IOR_FILE_NO_NAME;
  if (fd < 0 || subject || !bpf_task_from_vpid) return 0;
  file->status = IOR_FILE_CLOSED;
  struct task_struct* owner = bpf_task_from_vpid(pid);
  if (!owner) return 0;
  struct file* open = open_file_of(READ(owner, files), fd);
  if (open) name_open_file(file, to, open);
  bpf_task_release(owner);
  return 0;
}

/* As capture_fd(), of a ring that the thread has registered: the number is no fd. */
__noinline __u64 capture_registered_ring(struct ior_file* file, __u32 number) {
  struct ior_name_buffer* to = name_buffer();
  struct io_uring_task* rings = READ(subject_task(), io_uring);
  if (!file || !to) return 0;
  *file = (struct ior_file){.fd = NO_FD, .status = IOR_FILE_CLOSED};
  if (!rings || number >= sizeof(rings->registered_rings) / sizeof(rings->registered_rings[0]))
    return 0;
  __u64 place = (__u64)rings + bpf_core_field_offset(struct io_uring_task, registered_rings);
  struct file* open = READ(AS(struct readahead_control, place + (__u64)number * 8), file);
  return open ? name_open_file(file, to, open) : 0;
}

__noinline int capture_working_directory(struct ior_file* file) {
  struct ior_name_buffer* to = name_buffer();
  struct fs_struct* fs = READ(subject_task(), fs);
  if (!file || !to || !fs) return 0;
  file->fd = AT_WORKING_DIRECTORY;
  file->name_id = 0;
  file->f_flags = 0;
  to->dentry = (__u64)READ(fs, pwd.dentry);
  to->mount = (__u64)READ(fs, pwd.mnt);
  return give_name(file);
}

extern int LINUX_KERNEL_VERSION __kconfig;

/* Memory of a file of an overlay or the like has the file below, behind which lies the path as
 * opened (fs/file_table.c). FMODE_BACKING is another bit since Linux 6.14 (linux/fs.h). */
static __always_inline bool is_backing_file(struct file* file) {
  return bpf_core_type_exists(struct backing_file) &&
         READ(file, f_mode) & (LINUX_KERNEL_VERSION < KERNEL_VERSION(6, 14, 0) ? 1 << 25 : 1 << 24);
}

static long name_mapped_file(struct task_struct* task, struct vm_area_struct* area,
                             struct ior_file* file) {
  __u64 mapped = (__u64)BPF_CORE_READ(area, vm_file);
  struct ior_name_buffer* to = name_buffer();
  if (!mapped || !to) return 0;
  struct file* open = AS(struct file, mapped);
  const struct path* path =
      is_backing_file(open) ? &AS(struct backing_file, mapped)->user_path : &open->f_path;
  file->f_flags = READ(open, f_flags);
  to->dentry = (__u64)READ(path, dentry);
  to->mount = (__u64)READ(path, mnt);
  give_name(file);
  return 0;
}

/* The file that is mapped at an address; false where there is none. */
__noinline int capture_mapped(struct ior_file* file, __u64 address) {
  struct ior_file found = {.fd = NO_FD, .status = IOR_FILE_CLOSED};
  if (!file || subject) return false;
  long error = bpf_find_vma(bpf_get_current_task_btf(), address, name_mapped_file, &found, 0);
  if (error == -EBUSY) found.status = IOR_FILE_BUSY;
  *file = found;
  return found.status != IOR_FILE_CLOSED;
}

struct ior_fd_range {
  __u64 open_fds; /* of the table: a bit per fd */
  __u64 word;     /* those of the last 64 fds looked at that are in the range */
  __u32 first;
  __u32 last;
};

static long next_word_step(__u32 index, void* context) {
  struct ior_fd_range* range = context;
  __u32 at = range->first / 64 + index;
  if (at > range->last / 64) return 1;
  range->word = READ(AS(struct cpumask, range->open_fds + (__u64)at * 8), bits[0]);
  if (index == 0) range->word &= ~0ull << (range->first & 63);
  return range->word != 0;
}

static long next_bit_step(__u32 index, void* context) {
  struct ior_fd_range* range = context;
  return range->word >> (index & 63) & 1;
}

/* The file of the lowest open fd of a range; fd -1 where none is. */
__noinline __u64 capture_first_open(struct ior_file* file, __u32 first, __u32 last) {
  struct files_struct* files = READ(subject_task(), files);
  if (!files) return 0;
  struct fdtable* table = READ(files, fdt);
  __u32 max_fds = READ(table, max_fds);
  struct ior_fd_range range = {
      .open_fds = (__u64)READ(table, open_fds), .first = first, .last = last};
  if (last >= max_fds) range.last = max_fds - 1;
  long words = 0;
  if (first <= range.last) words = bpf_loop(FD_WORDS_MAX, next_word_step, &range, 0);
  if (!range.word) return capture_fd(file, -1);
  long bits = bpf_loop(64, next_bit_step, &range, 0);
  __u32 fd = (first / 64 + words - 1) * 64 + bits - 1;
  return capture_fd(file, fd <= last ? fd : -1);
}

static __always_inline void capture_dirfd(struct ior_file* file, __s32 dirfd) {
  if (dirfd == AT_FDCWD_VALUE)
    capture_working_directory(file);
  else
    capture_fd(file, dirfd);
}

struct ior_row {
  __u16 like; /* number of the 64-bit call that it is, or that it is like */
  __u8 shape;
  __u8 nargs;
  __u8 returns;
  __u32 captures; /* IOR_CAPTURES */
  __u32 bytes;    /* IOR_COUNTED */
};

#define ROW(number, shape, nargs, returns, captures, bytes) \
  { number, shape, nargs, returns, captures, bytes }
#define ROW_AS(row, shape, returns, args, bytes)                                            \
  ROW(IOR_NUMBER_##row, IOR_SHAPE_##shape, IOR_ARGUMENT_COUNT(args), IOR_RETURNS_##returns, \
      IOR_CAPTURES(args), bytes)
#define ROW_LIKE(row)                                                            \
  ROW(IOR_NUMBER_##row, IOR_SHAPE_OF_##row, IOR_ARGS_##row, IOR_RETURN_OF_##row, \
      IOR_CAPTURES_##row, IOR_BYTES_OF_##row)

/* By IOR_ROW_OF. Of a syscall that the catalogue does not know all registers are told. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"
static const struct ior_row rows[IOR_ROWS] = {
    [0 ... IOR_ROW_OF(IOR_SYSCALL_LIMIT - 1, IOR_TABLE_32)] = {.nargs = IOR_ARGS_MAX},
#define SYSCALL(number, name, abi, shape, family, kind, bytes, returns, args) \
  [IOR_ROW_OF(number, IOR_TABLE_64)] = ROW_LIKE(name),
#include "catalog/syscalls.def"
#undef SYSCALL
#define COMPAT(number, name, row) [IOR_ROW_OF(number, IOR_TABLE_32)] = ROW_LIKE(row),
#define COMPAT_AS(number, name, row, shape, bytes, returns, args) \
  [IOR_ROW_OF(number, IOR_TABLE_32)] = ROW_AS(row, shape, returns, args, IOR_BYTES_##bytes),
#include "catalog/compat.def"
#undef COMPAT
#undef COMPAT_AS
#define URING(number, name, row, args)                                                            \
  [IOR_ROW_OF(number, IOR_TABLE_URING)] =                                                         \
      ROW(IOR_NUMBER_##row, IOR_SHAPE_OF_##row, IOR_ARGUMENT_COUNT(args), IOR_RETURN_OF_##row, 0, \
          IOR_BYTES_OF_##row),
#define URING_AS(number, name, row, shape, bytes, returns, args) \
  [IOR_ROW_OF(number, IOR_TABLE_URING)] = ROW_AS(row, shape, returns, args, IOR_BYTES_##bytes),
#include "catalog/uring.def"
#undef URING
#undef URING_AS
#define AIO(number, name, row) [IOR_ROW_OF(number, IOR_TABLE_AIO)] = ROW_LIKE(row),
#define AIO_AS(number, name, row, shape, bytes, returns, args) \
  [IOR_ROW_OF(number, IOR_TABLE_AIO)] = ROW_AS(row, shape, returns, args, IOR_BYTES_##bytes),
#include "catalog/aio.def"
#undef AIO
#undef AIO_AS
    [IOR_NO_ROW] = {.nargs = IOR_ARGS_MAX},
};
#pragma clang diagnostic pop

/* The arguments as the registers have them, from a call's enter to its exit. */
static __always_inline void take_arguments(__u64* args, const struct pt_regs* regs,
                                           __u32 sections) {
  if (sections & IOR_COMPAT) {
    args[0] = (__u32)regs->bx;
    args[1] = (__u32)regs->cx;
    args[2] = (__u32)regs->dx;
    args[3] = (__u32)regs->si;
    args[4] = (__u32)regs->di;
    args[5] = (__u32)regs->bp;
    return;
  }
  args[0] = regs->di;
  args[1] = regs->si;
  args[2] = regs->dx;
  args[3] = regs->r10;
  args[4] = regs->r8;
  args[5] = regs->r9;
}

static __always_inline __u32 table_of(__u32 sections) {
  if (sections & IOR_REQUEST) return sections & IOR_AIO ? IOR_TABLE_AIO : IOR_TABLE_URING;
  return sections & IOR_COMPAT ? IOR_TABLE_32 : IOR_TABLE_64;
}

/* Of the call in flight. */
static __always_inline const struct ior_row* row_of(const struct ior_task_state* state) {
  return &rows[row_number(state->nr, table_of(state->sections))];
}

#define FOLLOWED false
#define KEPT is_last
#define KEPT_IF(a, bits) is_last && (args[a] & (bits))
#define KEPT_UNLESS(a, bits) is_last && !(args[a] & (bits))
#define NO_LINKS true

/* Whether the call in flight takes a link in a path for what it is. */
static __always_inline bool keeps_link(const struct ior_task_state* state, bool is_other,
                                       bool is_last) {
  enum {
    AT_NOFOLLOW = 0x100,
    AT_FOLLOW = 0x400,
    O_NOFOLLOW_OR_EXCL = 00400000 | 00000200,
  };
  const __u64* args = state->args;
  switch (row_of(state)->like) {
#define LAST_LINK(name, main, other) \
  case IOR_NUMBER_##name:            \
    return is_other ? other : main;
#include "catalog/last_links.def"
#undef LAST_LINK
  }
  return false;
}

#undef FOLLOWED
#undef KEPT
#undef KEPT_IF
#undef KEPT_UNLESS
#undef NO_LINKS

enum path_place {
  PATH_OTHER = 1,     /* it is the row's old path */
  PATH_IN_KERNEL = 2, /* it lies in the kernel's memory */
  PATH_LATE = 4,      /* where it starts is known already, unless it begins with a link */
};

/* Where a path starts that begins with a link: at what that leads to. False where it does not. */
static __noinline int capture_link(struct ior_task_state* state, struct ior_file* file, __u64 path,
                                   __u32 place) {
  struct ior_link* link = link_buffer();
  struct ior_name_buffer* to = name_buffer();
  if (!link || !to || !find_link(link, path, place & PATH_IN_KERNEL)) return false;
  if (keeps_link(state, place & PATH_OTHER, link->is_last) || !resolve_link(link, to)) return false;
  *file = (struct ior_file){.fd = NO_FD};
  give_name(file);
  if (place & PATH_OTHER)
    state->other_link = link->size;
  else
    state->link = link->size;
  return true;
}

/* Where a path of the call in flight starts; false, nowhere, if it is absolute. A path that cannot
 * be read yet may turn out relative. */
__noinline int capture_start(struct ior_task_state* state, __s32 dirfd, __u64 path, __u32 place) {
  if (!state) return false;
  struct ior_file* file = place & PATH_OTHER ? &state->other : &state->file;
  __u64 first = subject ? 0 : first_bytes(path, place & PATH_IN_KERNEL);
  if ((__u8)first == '/') return may_be_link(first) && capture_link(state, file, path, place);
  if (place & PATH_LATE) return false;
  capture_dirfd(file, dirfd);
  return true;
}

#define NO_FILE ((void)0)
#define TEXT(a) ((void)0)
#define FD(a) (*opened = capture_fd(file, args[a]), state->sections |= section)
#define FD_UNLESS(f, bit, a) (args[f] & (bit) ? (void)0 : (void)FD(a))
#define FD_IF_OPEN(a) (FD(a), file->fd = *opened ? file->fd : -1)
#define FD_OF(t, p, a)                                                       \
  (*opened = 0, capture_fd_of(file, args[p], args[t] ? -1 : (__s32)args[a]), \
   state->sections |= section)
#define RING(a, f, bit)                                                                            \
  (*opened = args[f] & (bit) ? capture_registered_ring(file, args[a]) : capture_fd(file, args[a]), \
   state->sections |= section)
#define FIRST_OPEN(a, b) \
  (*opened = capture_first_open(file, args[a], args[b]), state->sections |= section)
#define START(dirfd, a) \
  (state->sections |= capture_start(state, dirfd, args[a], place) ? section : 0)
#define PATH(a) START(AT_FDCWD_VALUE, a)
#define AT(d, a) START(args[d], a)
#define AT_OR_FD(d, a) AT(d, a)
#define MAPPED(a) (state->sections |= capture_mapped(file, args[a]) ? section : 0)

/* The files that the call in flight names, into the task's state. */
static __always_inline void capture_files(struct ior_task_state* state, __u32 shape) {
  const __u64* args = state->args;
  struct ior_file* file = &state->file;
  __u64* opened = &state->opened;
  __u32 section = IOR_FILE, place = 0;
  switch (shape) {
#define SHAPE(shape, main, other, flags, description) \
  case IOR_SHAPE_##shape:                             \
    main;                                             \
    break;
#include "catalog/shapes.def"
#undef SHAPE
  }
  file = &state->other;
  opened = &state->other_opened;
  section = IOR_OTHER;
  place = PATH_OTHER;
  switch (shape) {
#define SHAPE(shape, main, other, flags, description) \
  case IOR_SHAPE_##shape:                             \
    other;                                            \
    break;
#include "catalog/shapes.def"
#undef SHAPE
  }
}

#undef NO_FILE
#undef TEXT
#undef FD
#undef FD_UNLESS
#undef FD_IF_OPEN
#undef FD_OF
#undef RING
#undef FIRST_OPEN
#undef MAPPED
#undef START
#undef PATH
#undef AT
#undef AT_OR_FD

/* Which argument holds a path or other text, by shape. */
#define NO_FILE NO_TEXT
#define FD(a) NO_TEXT
#define FD_UNLESS(f, bit, a) NO_TEXT
#define FD_IF_OPEN(a) NO_TEXT
#define FD_OF(t, p, a) NO_TEXT
#define RING(a, f, bit) NO_TEXT
#define FIRST_OPEN(a, b) NO_TEXT
#define MAPPED(a) NO_TEXT
#define PATH(a) a
#define AT(d, a) a
#define AT_OR_FD(d, a) a
#define TEXT(a) a
struct ior_text_arguments {
  __u8 text;
  __u8 other;
};
enum { NO_TEXT = IOR_ARGS_MAX };
static const struct ior_text_arguments text_arguments[IOR_SHAPE_COUNT] = {
#define SHAPE(shape, main, other, flags, description) [IOR_SHAPE_##shape] = {main, other},
#include "catalog/shapes.def"
#undef SHAPE
};
#undef NO_FILE
#undef FD
#undef FD_UNLESS
#undef FD_IF_OPEN
#undef FD_OF
#undef RING
#undef FIRST_OPEN
#undef MAPPED
#undef PATH
#undef AT
#undef AT_OR_FD
#undef TEXT

/* Looks for links in paths that could be read no sooner than at exit. What the call itself may have
 * made them lead to is not what they led to. */
static __always_inline void capture_late_links(struct ior_task_state* state, __s64 ret) {
  const struct ior_row* row = row_of(state);
  __u32 shape = row->shape, like = row->like;
  if (row->returns == IOR_RETURNS_fd && ret >= 0) return; /* the fd tells more */
  if (shape >= IOR_SHAPE_COUNT || shape == IOR_SHAPE_text0 || shape == IOR_SHAPE_text0_open) return;
  if (like == __NR_chdir || like == __NR_chroot || like == __NR_pivot_root) return;
  __u32 text = text_arguments[shape].text, other = text_arguments[shape].other;
  if (text < IOR_ARGS_MAX && capture_start(state, 0, state->args[text & 7], PATH_LATE))
    state->sections |= IOR_FILE;
  if (other < IOR_ARGS_MAX &&
      capture_start(state, 0, state->args[other & 7], PATH_LATE | PATH_OTHER))
    state->sections |= IOR_OTHER;
}

#endif
