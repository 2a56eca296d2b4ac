/* The walk from a dentry under a mount up to a root, by which its path is made, and which tells
 * later whether the path is the same still.
 *
 * Others rename, mount and free meanwhile, and nothing here may take a lock. So a name is read up
 * to its end only, while the dentry's sequence number stays the same, and the whole way is walked
 * twice: what was found twice was all there at one time, between the two. Each walk makes a number
 * of all that it has met (the chain). A walk needs not be of the current task: its root is that of
 * the fs_struct that it is given. */
#ifndef IOR_BPF_WALK_BPF_H
#define IOR_BPF_WALK_BPF_H

#include <linux/magic.h>

#include "bpf/kernel_memory.bpf.h"

enum {
  STEPS_MAX = 1 << 12, /* of components and mounts; a name ends before */
  WALKS_MAX = 16,      /* by twos; each time something had changed */
  OP_REVALIDATE = 4,   /* DCACHE_OP_REVALIDATE: a look-up asks the file system whether it holds */
};

/* What is to be named, and the name being made of it: `size` of the bytes, from `start` on (a path
 * is built from its end). Pointers live here as numbers, which the verifier lets global functions
 * share: those it checks once, not once per call. */
struct ior_name_buffer {
  __u64 opened; /* struct file, to compare only */
  __u64 dentry;
  __u64 mount;     /* struct vfsmount */
  __u64 fs;        /* struct fs_struct: whose root the path is to be seen from; 0: ior's own */
  __u64 at_dentry; /* where the walk is */
  __u64 at_mount;  /* struct mount */
  __u64 root_dentry;
  __u64 root_mount;
  __u64 chain;
  __u64 first_chain; /* of the walk that made the path, where this one looks whether it holds */
  __u32 steps;       /* of this walk */
  __u32 walks;       /* before this one */
  __u32 start;
  __u32 size;
  __u64 inode;
  __u32 kind;
  __u8 is_torn;     /* something was being changed while it was read */
  __u8 is_too_long; /* the path, or the way; the walk may go on without it */
  __u8 is_movable;  /* a look-up may move a dentry of the path: no call tells */
  __u8 reserved;
  __u32 root; /* number of that which the path starts from */
  __u32 reserved_too;
  __u8 bytes[IOR_TEXT_MAX + 256];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct ior_name_buffer);
} name_buffers SEC(".maps");

static __always_inline struct ior_name_buffer* name_buffer(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&name_buffers, &zero);
}

static __always_inline __u32 sequence_of(struct dentry* dentry) {
  __u32 sequence = READ(dentry, d_seq.seqcount.sequence);
  barrier();
  return sequence;
}

static __always_inline void add_to_chain(struct ior_name_buffer* to, __u64 number) {
  __u64 chain = (to->chain ^ number) * GOLDEN_RATIO;
  to->chain = chain ^ chain >> 32;
}

/* ior's own root, a dentry and a struct vfsmount; set by prepare. */
__u64 own_root_dentry = 0;
__u64 own_root_mount = 0;

static __always_inline void begin_walk(struct ior_name_buffer* to, __u64 dentry, __u64 mount,
                                       struct fs_struct* fs) {
  to->root_dentry = fs ? (__u64)READ(fs, root.dentry) : own_root_dentry;
  to->root_mount = fs ? (__u64)READ(fs, root.mnt) : own_root_mount;
  barrier();
  to->root_mount -= bpf_core_field_offset(struct mount, mnt);
  to->at_dentry = dentry;
  to->at_mount = mount - bpf_core_field_offset(struct mount, mnt);
  to->chain = 0;
  to->steps = 0;
}

enum walk_result {
  WALK_ENDS,
  WALK_ENDS_OUTSIDE, /* it was moved out of what its mount shows: no path leads to it */
  WALK_CROSSED,      /* from a mount to the place where it is mounted */
  WALK_ROSE,         /* to the dentry's parent */
};

/* One step up (fs/d_path.c). */
static __always_inline enum walk_result step_up(struct ior_name_buffer* to) {
  if (to->at_dentry == to->root_dentry && to->at_mount == to->root_mount) return WALK_ENDS;
  if (++to->steps > STEPS_MAX) {
    to->is_too_long = true;
    return WALK_ENDS;
  }
  struct dentry* dentry = AS(struct dentry, to->at_dentry);
  struct mount* mount = AS(struct mount, to->at_mount);
  if (to->at_dentry == (__u64)READ(mount, mnt.mnt_root)) {
    struct mount* parent = READ(mount, mnt_parent);
    add_to_chain(to, to->at_mount);
    if (to->at_mount == (__u64)parent || !parent) return WALK_ENDS;
    to->at_dentry = (__u64)READ(mount, mnt_mountpoint);
    to->at_mount = (__u64)parent;
    return WALK_CROSSED;
  }
  __u32 sequence = sequence_of(dentry);
  struct dentry* parent = READ(dentry, d_parent);
  add_to_chain(to, to->at_dentry);
  add_to_chain(to, READ(dentry, d_name.hash_len) + sequence * GOLDEN_RATIO);
  if (sequence & 1) to->is_torn = true;
  if (to->at_dentry == (__u64)parent) return WALK_ENDS_OUTSIDE;
  to->at_dentry = (__u64)parent;
  return WALK_ROSE;
}

static long chain_step(__u32 index, void* context) {
  struct ior_name_buffer* to = name_buffer();
  return !to || step_up(to) <= WALK_ENDS_OUTSIDE;
}

/* Puts a component in front of the path. */
static __always_inline void prepend_name(struct ior_name_buffer* to, struct dentry* dentry) {
  __u32 length = READ(dentry, d_name.len) & 255, end = to->start;
  if (end < length + 1) to->is_too_long = true;
  if (to->is_too_long) return;
  to->start = end - length - 1;
  __u32 at = to->start & (IOR_TEXT_MAX - 1);
  to->bytes[at] = '/';
  long got = bpf_probe_read_kernel_str(to->bytes + at + 1, length + 1, READ(dentry, d_name.name));
  if (got != length + 1) to->is_torn = true;
  /* The name's end has written over what begins there. */
  if (end < IOR_TEXT_MAX) to->bytes[end & (IOR_TEXT_MAX - 1)] = '/';
}

static __always_inline bool is_unlinked(struct dentry* dentry) {
  return !READ(dentry, d_hash.pprev) && READ(dentry, d_parent) != dentry;
}

/* Begins the walk that makes the path. */
static __always_inline void begin_path(struct ior_name_buffer* to) {
  to->kind = is_unlinked(AS(struct dentry, to->dentry)) ? IOR_NAME_DELETED : IOR_NAME_PATH;
  to->start = IOR_TEXT_MAX;
  to->is_torn = false;
  to->is_too_long = false;
  to->is_movable = false;
  begin_walk(to, to->dentry, to->mount, AS(struct fs_struct, to->fs));
}

/* Goes on with the walk that looks whether the path holds, and from there, if it does not, with a
 * walk that makes it anew; true where nothing is left to be done. */
static __always_inline bool end_walk(struct ior_name_buffer* to) {
  if (!(++to->walks & 1)) {
    to->is_torn |= to->chain != to->first_chain;
    if (!to->is_torn || to->walks == WALKS_MAX) return true;
    begin_path(to);
    return false;
  }
  to->first_chain = to->chain;
  begin_walk(to, to->dentry, to->mount, AS(struct fs_struct, to->fs));
  return false;
}

static long walk_step(__u32 index, void* context) {
  struct ior_name_buffer* to = name_buffer();
  if (!to) return 1;
  if (index == 0) begin_path(to); /* with this function's stack */
  struct dentry* dentry = AS(struct dentry, to->at_dentry);
  enum walk_result result = step_up(to);
  if (result == WALK_ENDS_OUTSIDE) to->start = IOR_TEXT_MAX;
  if (result <= WALK_ENDS_OUTSIDE) return end_walk(to);
  if (result == WALK_CROSSED || (to->walks & 1)) return 0;
  /* The dentries of procfs never move. */
  if ((READ(dentry, d_flags) & OP_REVALIDATE) && READ(dentry, d_sb, s_magic) != PROC_SUPER_MAGIC)
    to->is_movable = true;
  prepend_name(to, dentry);
  return 0;
}

/* The path as the root sees it, unless it never stood still (is_torn). */
static __always_inline void walk_path(struct ior_name_buffer* to) {
  to->walks = 0;
  bpf_loop(2 * WALKS_MAX * STEPS_MAX, walk_step, 0, 0);
  if (to->start == IOR_TEXT_MAX) {
    to->start = IOR_TEXT_MAX - 1;
    to->bytes[IOR_TEXT_MAX - 1] = '/';
  } else if (to->is_too_long) {
    to->kind = IOR_NAME_TOO_LONG;
  }
  to->size = IOR_TEXT_MAX - to->start;
}

/* Whether a walk finds now what one found that made this chain. */
static __noinline int finds_chain(__u64 dentry, __u64 mount, __u64 chain, struct fs_struct* fs) {
  struct ior_name_buffer* to = name_buffer();
  if (!to) return false;
  begin_walk(to, dentry, mount, fs);
  bpf_loop(2 * STEPS_MAX, chain_step, 0, 0);
  return to->chain == chain;
}

#endif
