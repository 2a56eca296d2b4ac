/* Paths through those links of procfs that stand for a file and not for a text: /proc/self/fd/5,
 * /proc/self/cwd/x, /proc/4711/root, and /dev/fd/5, /dev/stdin, which lead there. What such a link
 * leads to is looked up at enter, as the kernel will; user space puts it in the link's place.
 *
 * Nothing is taken for granted: procfs must be what is mounted at /proc below the process's root,
 * with nothing mounted over its processes, and /dev/fd a link to /proc/self/fd. Otherwise, and
 * where a link leads nowhere, the path stays as it was passed. */
#ifndef IOR_BPF_LINKS_BPF_H
#define IOR_BPF_LINKS_BPF_H

#include "bpf/names.bpf.h"

enum {
  LINK_BYTES = 128, /* of a path: a link that ends behind is not looked for */
  MOUNTS_MAX = 4096,
  CHILDREN_MAX = 4096,
  LEVELS_MAX = 6, /* of a mount's place below /proc */
  LINK_MODE = 0120000,
};

/* Where the components that were read lead to. */
enum ior_link_place {
  PLACE_ROOT,
  PLACE_PROC,
  PLACE_DEV,
  PLACE_PROCESS, /* directory of a process or of a thread */
  PLACE_TASKS,   /* its threads */
  PLACE_FDS,     /* its fds */
  PLACE_FD,      /* links from here on */
  PLACE_CWD,
  PLACE_OWN_ROOT,
  PLACE_EXE,
  PLACE_UNKNOWN,
};

/* The link being looked for. Pointers are numbers, as in the name buffer. */
struct ior_link {
  __u64 word[2]; /* the component being read, zeros behind it */
  __u64 at;      /* node of the list being searched, and its head */
  __u64 head;
  __u64 above; /* where it must lie: a dentry */
  __u64 found;
  __u64 sought;    /* a name of up to 7 bytes */
  __u64 namespace; /* of procfs: struct pid_namespace */
  __u32 length;    /* of the component */
  __u32 number;
  __u32 place;
  __u32 size;    /* of the path up to the link's end */
  __u32 process; /* 0: the caller's own */
  __u32 thread;  /* 0: none named; OWN_THREAD */
  __u32 fd;
  __u8 is_number;
  __u8 is_last; /* nothing follows the link */
  __u8 is_stacked;
  __u8 is_covered; /* something is mounted over a process's directory */
  __u8 by_dev;     /* 1: by /dev/fd; 2 + n: by /dev/stdin, stdout or stderr */
  __u8 reserved[7];
  __u64 dev_links[4]; /* where in memory the links of /dev were seen last: dentries */
  char bytes[LINK_BYTES + 8];
};

#define OWN_THREAD (~0u)

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct ior_link);
} links SEC(".maps");

static __always_inline struct ior_link* link_buffer(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&links, &zero);
}

/* Up to 8 bytes of a text as a number, and the 8 behind. */
static __always_inline bool is_word(const struct ior_link* link, __u64 first, __u64 second) {
  return link->word[0] == first && link->word[1] == second;
}
#define C(letter, at) ((__u64)(letter) << 8 * (at))
#define WORD2(a, b) (C(a, 0) | C(b, 1))
#define WORD3(a, b, c) (WORD2(a, b) | C(c, 2))
#define WORD4(a, b, c, d) (WORD3(a, b, c) | C(d, 3))
#define WORD8(a, b, c, d, e, f, g, h) (WORD4(a, b, c, d) | C(e, 4) | C(f, 5) | C(g, 6) | C(h, 7))

static __always_inline __u32 place_in_proc(struct ior_link* link) {
  if (is_word(link, WORD4('s', 'e', 'l', 'f'), 0)) return PLACE_PROCESS;
  if (is_word(link, WORD8('t', 'h', 'r', 'e', 'a', 'd', '-', 's'), WORD3('e', 'l', 'f'))) {
    link->thread = OWN_THREAD;
    return PLACE_PROCESS;
  }
  link->process = link->number;
  return link->is_number && link->number ? PLACE_PROCESS : PLACE_UNKNOWN;
}

static __always_inline __u32 place_in_process(const struct ior_link* link) {
  if (is_word(link, WORD2('f', 'd'), 0)) return PLACE_FDS;
  if (is_word(link, WORD3('c', 'w', 'd'), 0)) return PLACE_CWD;
  if (is_word(link, WORD4('r', 'o', 'o', 't'), 0)) return PLACE_OWN_ROOT;
  if (is_word(link, WORD3('e', 'x', 'e'), 0)) return PLACE_EXE;
  if (is_word(link, WORD4('t', 'a', 's', 'k'), 0) && !link->thread) return PLACE_TASKS;
  return PLACE_UNKNOWN;
}

static __always_inline __u32 place_in_dev(struct ior_link* link) {
  if (is_word(link, WORD2('f', 'd'), 0)) {
    link->by_dev = 1;
    return PLACE_FDS;
  }
  __u64 first = WORD4('s', 't', 'd', 0);
  if (is_word(link, first | C('i', 3) | C('n', 4), 0))
    link->fd = 0;
  else if (is_word(link, first | C('o', 3) | C('u', 4) | C('t', 5), 0))
    link->fd = 1;
  else if (is_word(link, first | C('e', 3) | C('r', 4) | C('r', 5), 0))
    link->fd = 2;
  else
    return PLACE_UNKNOWN;
  link->by_dev = 2 + link->fd;
  return PLACE_FD;
}

/* Where the component that ends here leads to. */
static __always_inline __u32 next_place(struct ior_link* link) {
  switch (link->place) {
    case PLACE_ROOT:
      if (is_word(link, WORD4('p', 'r', 'o', 'c'), 0)) return PLACE_PROC;
      return is_word(link, WORD3('d', 'e', 'v'), 0) ? PLACE_DEV : PLACE_UNKNOWN;
    case PLACE_PROC:
      return place_in_proc(link);
    case PLACE_DEV:
      return place_in_dev(link);
    case PLACE_PROCESS:
      return place_in_process(link);
    case PLACE_TASKS:
      link->thread = link->number;
      return link->is_number && link->number ? PLACE_PROCESS : PLACE_UNKNOWN;
    case PLACE_FDS:
      link->fd = link->number;
      return link->is_number ? PLACE_FD : PLACE_UNKNOWN;
  }
  return PLACE_UNKNOWN;
}

static __always_inline void begin_component(struct ior_link* link) {
  link->word[0] = 0;
  link->word[1] = 0;
  link->length = 0;
  link->number = 0;
  link->is_number = true;
}

/* A byte of the path more. */
static long read_step(__u32 index, void* context) {
  struct ior_link* link = link_buffer();
  if (!link) return 1;
  __u8 byte = link->bytes[index & (LINK_BYTES - 1)];
  if (byte && byte != '/') {
    if (link->length < 16) link->word[link->length >> 3 & 1] |= C(byte, link->length & 7);
    /* As procfs takes numbers: without zeros in front. */
    if (byte < '0' || byte > '9' || link->length > 9 || (link->length && !link->number))
      link->is_number = false;
    link->number = link->number * 10 + (byte - '0');
    link->length += 1;
    return 0;
  }
  bool is_dot = link->length == 1 && link->word[0] == '.';
  if (link->length && !is_dot) {
    link->place = link->length > 16 ? PLACE_UNKNOWN : next_place(link);
    link->size = index;
    link->is_last = !byte;
  }
  begin_component(link);
  return link->place >= PLACE_FD || !byte;
}

/* The first bytes of a path, zeros where it ends or cannot be read. */
static __always_inline __u64 first_bytes(__u64 path, bool is_in_kernel) {
  __u64 first = 0;
  if (is_in_kernel)
    bpf_probe_read_kernel_str(&first, sizeof(first), (const void*)path);
  else if (bpf_probe_read_user(&first, sizeof(first), (const void*)path))
    bpf_probe_read_user_str(&first, sizeof(first), (const void*)path);
  return first;
}

/* Whether an absolute path that begins so may go through a link: all that is spelled oddly may. */
static __always_inline bool may_be_link(__u64 first) {
  __u8 second = first >> 8, behind_dev = first >> 40;
  if (second == '/' || second == '.') return true;
  if (first << 16 == WORD8(0, 0, '/', 'p', 'r', 'o', 'c', '/')) return true;
  return first << 24 == WORD8(0, 0, 0, '/', 'd', 'e', 'v', '/') &&
         (behind_dev == 'f' || behind_dev == 's' || behind_dev == '/' || behind_dev == '.');
}

/* Finds the first link in a path. */
static __always_inline bool find_link(struct ior_link* link, __u64 path, bool is_in_kernel) {
  long got = is_in_kernel ? bpf_probe_read_kernel_str(link->bytes, LINK_BYTES, (const void*)path)
                          : bpf_probe_read_user_str(link->bytes, LINK_BYTES, (const void*)path);
  if (got < 1) return false;
  if (got == LINK_BYTES) link->bytes[LINK_BYTES - 1] = '.'; /* it goes on */
  link->place = PLACE_ROOT;
  link->process = 0;
  link->thread = 0;
  link->by_dev = 0;
  begin_component(link);
  bpf_loop(LINK_BYTES, read_step, 0, 0);
  return link->place >= PLACE_FD && link->place < PLACE_UNKNOWN;
}

/* The mount that is found: at a place with the sought name, then what is mounted over it. */
static __always_inline void find_mount_over(struct ior_link* link, __u64 mount) {
  struct mount* found = AS(struct mount, mount);
  link->found = mount;
  link->is_stacked = true;
  link->is_covered = false;
  link->above = (__u64)READ(found, mnt.mnt_root);
  link->head = mount + bpf_core_field_offset(struct mount, mnt_mounts);
  link->at = NUMBER_AT(link->head);
}

static __always_inline __u64 short_name(struct dentry* dentry) {
  __u64 name = 0;
  bpf_probe_read_kernel_str(&name, sizeof(name), READ(dentry, d_name.name));
  return READ(dentry, d_name.len) < sizeof(name) ? name : 0;
}

/* Whether a mount at this place is over a process's directory of procfs, or may be. */
static __always_inline bool covers_process(struct dentry* place, __u64 proc_root) {
  for (int i = 0; i < LEVELS_MAX; i++) {
    struct dentry* above = READ(place, d_parent);
    if ((__u64)above == proc_root) {
      __u64 name = 0;
      bpf_probe_read_kernel_str(&name, sizeof(name), READ(place, d_name.name));
      __u8 first = name;
      return (first >= '0' && first <= '9') || name == WORD4('s', 'e', 'l', 'f') ||
             (name & 0xffffffffff) == (WORD4('t', 'h', 'r', 'e') | C('a', 4));
    }
    place = above;
  }
  return true;
}

/* One of a mount's mounts. */
static long mount_step(__u32 index, void* context) {
  struct ior_link* link = link_buffer();
  if (!link || !link->at || link->at == link->head) return 1;
  __u64 number = link->at - bpf_core_field_offset(struct mount, mnt_child);
  struct dentry* place = READ(AS(struct mount, number), mnt_mountpoint);
  bool is_over = link->is_stacked ? (__u64)place == link->above
                                  : (__u64)READ(place, d_parent) == link->above &&
                                        short_name(place) == link->sought;
  if (is_over) {
    find_mount_over(link, number);
    return 0;
  }
  if (link->is_stacked && covers_process(place, link->above)) link->is_covered = true;
  link->at = NUMBER_AT(link->at);
  return 0;
}

/* Finds what is mounted at a directory of the root's; false where nothing is. */
__noinline int find_mount(struct ior_link* link, __u64 name) {
  if (!link) return false;
  struct fs_struct* fs = READ(current_task(), fs);
  __u64 root = NUMBER_AT(&fs->root.mnt) - bpf_core_field_offset(struct mount, mnt);
  link->found = 0;
  link->is_stacked = false;
  link->sought = name;
  link->above = NUMBER_AT(&fs->root.dentry);
  link->head = root + bpf_core_field_offset(struct mount, mnt_mounts);
  link->at = NUMBER_AT(link->head);
  return bpf_loop(MOUNTS_MAX, mount_step, 0, 0) < MOUNTS_MAX && link->found;
}

/* Whether procfs is mounted at /proc, all of it, with its processes to be seen. */
static __always_inline bool has_proc(struct ior_link* link) {
  if (!find_mount(link, WORD4('p', 'r', 'o', 'c')) || link->is_covered) return false;
  struct mount* proc = AS(struct mount, link->found);
  struct super_block* super = READ(proc, mnt.mnt_sb);
  if (READ(super, s_magic) != PROC_SUPER_MAGIC) return false;
  if (READ(super, s_root) != READ(proc, mnt.mnt_root)) return false;
  link->namespace = (__u64)READ(AS(struct proc_fs_info, READ(super, s_fs_info)), pid_ns);
  return true;
}

/* A directory's children lay in another kind of list before Linux 6.8. */
struct dentry___before_6_8 {
  struct list_head d_subdirs;
  struct list_head d_child;
};

static __always_inline bool has_hlist_of_children(void) {
  return bpf_core_field_exists(struct dentry, d_children);
}

/* Whether a dentry is the link of that name in /dev, and leads where it has to. */
static __always_inline bool is_dev_link(struct ior_link* link, __u64 number) {
  if (!number) return false;
  struct dentry* dentry = AS(struct dentry, number);
  if ((__u64)READ(dentry, d_parent) != link->above || is_unlinked(dentry)) return false;
  if (short_name(dentry) != link->sought) return false;
  struct inode* inode = READ(dentry, d_inode);
  if ((READ(inode, i_mode) & TYPE_BITS) != LINK_MODE) return false;
  __u64 text[3] = {};
  bpf_probe_read_kernel_str(text, sizeof(text), READ(inode, i_link));
  if (text[0] != WORD8('/', 'p', 'r', 'o', 'c', '/', 's', 'e') || text[2]) return false;
  __u64 rest = WORD4('l', 'f', '/', 'f') | C('d', 4);
  if (link->by_dev > 1) rest |= C('/', 5) | C('0' + link->by_dev - 2, 6);
  return text[1] == rest;
}

static long child_step(__u32 index, void* context) {
  struct ior_link* link = link_buffer();
  if (!link || !link->at || link->at == link->head) return 1;
  struct dentry___before_6_8* before = 0;
  __u64 offset = has_hlist_of_children() ? bpf_core_field_offset(struct dentry, d_sib)
                                         : bpf_core_field_offset(before->d_child);
  if (is_dev_link(link, link->at - offset)) {
    link->found = link->at - offset;
    return 1;
  }
  link->at = NUMBER_AT(link->at);
  return 0;
}

/* Whether the link of /dev by which the path goes is one to /proc/self/fd. It is searched for among
 * all that is in /dev, so where it was is remembered. */
__noinline int has_dev_link(struct ior_link* link) {
  if (!link || !find_mount(link, WORD3('d', 'e', 'v'))) return false;
  struct dentry___before_6_8* before = 0;
  __u64 offset = has_hlist_of_children() ? bpf_core_field_offset(struct dentry, d_children)
                                         : bpf_core_field_offset(before->d_subdirs);
  __u32 which = (link->by_dev - 1) & 3;
  link->sought = which == 0   ? WORD2('f', 'd')
                 : which == 1 ? WORD4('s', 't', 'd', 'i') | C('n', 4)
                 : which == 2 ? WORD4('s', 't', 'd', 'o') | C('u', 4) | C('t', 5)
                              : WORD4('s', 't', 'd', 'e') | C('r', 4) | C('r', 5);
  if (is_dev_link(link, link->dev_links[which])) return true;
  link->found = 0;
  link->head = link->above + offset;
  link->at = NUMBER_AT(link->head);
  bpf_loop(CHILDREN_MAX, child_step, 0, 0);
  link->dev_links[which] = link->found;
  return link->found != 0;
}

/* A task's number in a PID namespace; 0 where it has none there. */
static __always_inline __u32 number_in(struct task_struct* task, __u64 namespace) {
  struct pid* pid = READ(task, thread_pid);
  __u32 level = READ(AS(struct pid_namespace, namespace), level);
  if (!pid || level > READ(pid, level)) return 0;
  __u64 place = (__u64)&pid->numbers + level * sizeof(struct upid);
  struct upid* number = AS(struct upid, place);
  return (__u64)READ(number, ns) == namespace ? READ(number, nr) : 0;
}

extern struct task_struct* bpf_task_from_vpid(__s32 pid) __ksym __weak; /* Linux 6.14 */
extern void bpf_task_release(struct task_struct* task) __ksym __weak;

/* What the link leads to in a task, as the buffer's dentry and mount. */
static __noinline int take_target(const struct ior_link* link, struct ior_name_buffer* to,
                                  struct task_struct* task) {
  const struct path* path = 0;
  if (link->place == PLACE_FD) {
    struct files_struct* files = READ(task, files);
    struct file* open = open_file_of(files, link->fd);
    barrier();
    if (!open || READ(task, files) != files) return false;
    path = &open->f_path;
  } else if (link->place == PLACE_EXE) {
    struct mm_struct* mm = READ(task, mm);
    struct file* program = mm ? READ(mm, exe_file) : 0;
    if (!program) return false;
    path = &program->f_path;
  } else {
    struct fs_struct* fs = READ(task, fs);
    if (!fs) return false;
    path = link->place == PLACE_CWD ? &fs->pwd : &fs->root;
  }
  to->dentry = (__u64)READ(path, dentry);
  to->mount = (__u64)READ(path, mnt);
  return to->dentry && to->mount;
}

/* The same in another task of the caller's PID namespace; `own` is the caller's process. */
static __always_inline bool take_target_elsewhere(const struct ior_link* link,
                                                  struct ior_name_buffer* to, __u32 own) {
  __u32 process = link->process ? link->process : own;
  if (!bpf_task_from_vpid) return false;
  struct task_struct* task = bpf_task_from_vpid(link->thread ? link->thread : process);
  if (!task) return false;
  struct task_struct* of = AS(struct task_struct, task);
  bool is_found = !link->thread || number_in(READ(of, group_leader), link->namespace) == process;
  if (is_found) is_found = take_target(link, to, of);
  bpf_task_release(task);
  return is_found;
}

/* Looks up what the link leads to; false where that is nothing, or cannot be told. */
__noinline int find_link_target(struct ior_link* link, struct ior_name_buffer* to) {
  if (!link || !to) return false;
  struct task_struct* task = current_task();
  struct task_struct* leader = READ(task, group_leader);
  __u32 own = number_in(leader, link->namespace), thread = number_in(task, link->namespace);
  if (!own) return false; /* procfs shows a PID namespace that the caller is not in */
  bool is_own = !link->process || link->process == own;
  if (is_own && !link->thread) return take_target(link, to, leader);
  if (is_own && (link->thread == OWN_THREAD || link->thread == thread))
    return take_target(link, to, task);
  if (link->process == thread && !link->thread) return take_target(link, to, task);
  /* The numbers of procfs's namespace are known of the tasks in it alone. */
  if (READ(AS(struct pid_namespace, link->namespace), level) != READ(task, thread_pid, level))
    return false;
  return take_target_elsewhere(link, to, own);
}

/* Whether the path goes through a link; which file it leads to is in the name buffer then. */
static __always_inline bool resolve_link(struct ior_link* link, struct ior_name_buffer* to) {
  return (!link->by_dev || has_dev_link(link)) && has_proc(link) && find_link_target(link, to);
}

#endif
