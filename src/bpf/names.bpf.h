/* Names of open files and directories, walked in the kernel and sent once: a per-CPU cache
 * remembers which dentries this CPU's ring has a name for, so that a call's record carries a number
 * instead of a path.
 *
 * A cached name is good while dentry, mount, parent, name hash, inode number and generation, root
 * and "unlinked" are the same (which a rename or removal of the file itself, and a reuse of the
 * memory, change) and the name epoch is (which a rename or mount anywhere above it changes: every
 * rename and mount call advances it when it returns). */
#ifndef IOR_BPF_NAMES_BPF_H
#define IOR_BPF_NAMES_BPF_H

#include <linux/magic.h>

#include "bpf/kernel_memory.bpf.h"
#include "bpf/rings.bpf.h"

enum {
  CACHE_BITS = 14,
  CACHE_SLOTS = 1 << CACHE_BITS,
  WALK_LIMIT = 1 << 13, /* of components and mounts; a name ends before */
};

#define GOLDEN_RATIO 0x9e3779b97f4a7c15ull

struct ior_named_dentry {
  __u64 dentry;
  __u64 mount;
  __u64 parent;
  __u64 root; /* of the root directory's dentry and mount */
  __u64 name_hash;
  __u64 inode;
  __u32 generation;
  __u32 epoch_unlinked; /* name epoch << 1 | unlinked */
  __u32 name_id;
  __u32 reserved;
};

struct ior_cpu_names {
  __u32 next_id;
  __u32 reserved[15];
  struct ior_named_dentry slots[CACHE_SLOTS];
};

/* By CPU; user space sets max_entries. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct ior_cpu_names);
} names SEC(".maps");

/* What is to be named, and the name being made of it: `size` of the bytes, from `start` on (a path
 * is built from its end). Pointers live here as numbers, which the verifier lets global functions
 * share: those it checks once, not once per call. */
struct ior_name_buffer {
  __u64 opened; /* struct file, to compare only */
  __u64 dentry;
  __u64 mount;     /* struct vfsmount */
  __u64 at_dentry; /* where the walk is */
  __u64 at_mount;  /* struct mount */
  __u64 root_dentry;
  __u64 root_mount;
  __u32 start;
  __u32 size;
  __u64 inode;
  __u32 kind;
  __u32 reserved;
  __u64 scratch; /* pointers on their way to become numbers */
  __u64 scratch2;
  __u8 bytes[IOR_TEXT_MAX + 256];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct ior_name_buffer);
} name_buffers SEC(".maps");

__u32 name_epoch = 0;

static __always_inline struct ior_name_buffer* name_buffer(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&name_buffers, &zero);
}

#include "bpf/sockets.bpf.h"

/* One step of a walk to the root: over a mount point, or one component up. */
static long walk_step(__u32 index, void* context) {
  struct ior_name_buffer* to = name_buffer();
  if (!to) return 1;
  if (to->at_dentry == to->root_dentry && to->at_mount == to->root_mount) return 1;
  struct dentry* dentry = AS(struct dentry, to->at_dentry);
  struct mount* mount = AS(struct mount, to->at_mount);
  if (to->at_dentry == (__u64)READ(mount, mnt.mnt_root)) {
    struct mount* parent = READ(mount, mnt_parent);
    if (to->at_mount == (__u64)parent || !parent) return 1;
    to->at_dentry = (__u64)READ(mount, mnt_mountpoint);
    to->at_mount = (__u64)parent;
    return 0;
  }
  /* Moved out of what its mount shows: no path leads to it (fs/d_path.c). */
  struct dentry* parent = READ(dentry, d_parent);
  if (to->at_dentry == (__u64)parent) {
    to->start = IOR_TEXT_MAX;
    return 1;
  }
  __u32 length = READ(dentry, d_name.len) & 255;
  if (to->start < length + 1) {
    to->kind = IOR_NAME_TOO_LONG;
    return 1;
  }
  to->start -= length + 1;
  __u32 at = to->start & (IOR_TEXT_MAX - 1);
  to->bytes[at] = '/';
  bpf_probe_read_kernel(to->bytes + at + 1, length, READ(dentry, d_name.name));
  to->at_dentry = (__u64)parent;
  return 0;
}

/* The path as the root sees it. */
static __always_inline void walk_path(struct ior_name_buffer* to, struct fs_struct* fs) {
  to->root_dentry = (__u64)READ(fs, root.dentry);
  to->root_mount = (__u64)READ(fs, root.mnt);
  barrier();
  to->at_dentry = to->dentry;
  to->at_mount = to->mount - bpf_core_field_offset(struct mount, mnt);
  to->root_mount -= bpf_core_field_offset(struct mount, mnt);
  to->start = IOR_TEXT_MAX;
  if (bpf_loop(WALK_LIMIT, walk_step, 0, 0) == WALK_LIMIT) to->kind = IOR_NAME_TOO_LONG;
  if (to->start == IOR_TEXT_MAX) {
    to->start = IOR_TEXT_MAX - 1;
    to->bytes[IOR_TEXT_MAX - 1] = '/';
  }
  to->size = IOR_TEXT_MAX - to->start;
}

/* What has no path: the kernel itself makes up a name then (fs/d_path.c). */
static __always_inline bool is_pseudo(struct dentry* dentry, struct vfsmount* mount) {
  const struct dentry_operations* operations = READ(dentry, d_op);
  return operations && READ(operations, d_dname) &&
         (READ(dentry, d_parent) != dentry || READ(mount, mnt_root) != dentry);
}

/* "file system type:dentry name"; a name space's dentry has no name, but the kind has one. */
static __always_inline void pseudo_name(struct ior_name_buffer* to, struct dentry* dentry) {
  __u32 length = READ(dentry, d_name.len) & 255;
  const void* name = READ(dentry, d_name.name);
  long size = bpf_probe_read_kernel_str(to->bytes, 64, READ(dentry, d_sb, s_type, name));
  __u32 type_size = size < 1 ? 1 : (__u32)size & 127;
  to->bytes[(type_size - 1) & 127] = ':';
  if (READ(dentry, d_sb, s_magic) == NSFS_MAGIC) {
    void* namespace = READ(dentry, d_inode, i_private);
    name = READ(AS(struct ns_common, namespace), ops, name);
    size = bpf_probe_read_kernel_str(to->bytes + type_size, 64, name);
    length = size < 1 ? 0 : ((__u32)size - 1) & 63;
  } else {
    bpf_probe_read_kernel(to->bytes + type_size, length, name);
  }
  to->kind = IOR_NAME_PSEUDO;
  to->start = 0;
  to->size = type_size + length;
}

static __always_inline bool is_unlinked(struct dentry* dentry) {
  return !READ(dentry, d_hash.pprev) && READ(dentry, d_parent) != dentry;
}

/* Makes the name of the buffer's dentry and mount; false where there is none to be made. */
__noinline int make_name(void) {
  struct ior_name_buffer* to = name_buffer();
  struct fs_struct* fs = READ(current_task(), fs);
  if (!to || !to->dentry || !to->mount || !fs) return false;
  struct dentry* dentry = AS(struct dentry, to->dentry);
  to->kind = is_unlinked(dentry) ? IOR_NAME_DELETED : IOR_NAME_PATH;
  struct inode* inode = READ(dentry, d_inode);
  to->inode = READ(inode, i_ino);
  if (is_socket(inode) && READ(dentry, d_sb, s_magic) == SOCKFS_MAGIC)
    socket_name(to, inode);
  else if (is_pseudo(dentry, AS(struct vfsmount, to->mount)))
    pseudo_name(to, dentry);
  else
    walk_path(to, fs);
  return true;
}

/* Appends `size` bytes as an ior_text to a record of `offset` bytes; returns its new size. */
static __always_inline __u32 append_text(struct ior_record_buffer* record, __u32 offset,
                                         const void* bytes, __u32 size, __u32 status) {
  struct ior_text* text = (void*)record + (offset & 0x3ff8);
  size &= 0x1fff;
  if (size > IOR_TEXT_MAX) size = IOR_TEXT_MAX;
  text->size = size;
  text->status = status;
  text->reserved = 0;
  bpf_probe_read_kernel(text + 1, size, bytes);
  return offset + sizeof(*text) + ((size + 7) & ~7u);
}

static __always_inline __u32 append_name(struct ior_record_buffer* record, __u32 offset,
                                         const struct ior_name_buffer* name) {
  return append_text(record, offset, name->bytes + (name->start & (IOR_TEXT_MAX - 1)), name->size,
                     IOR_TEXT_OK);
}

/* Makes a NAME record about the buffer's dentry and mount, and sends it; false where it finds no
 * room. */
static __always_inline bool write_name(__u32 cpu, __u32 id, struct ior_name_buffer* made) {
  struct ior_record_buffer* record = record_buffer();
  if (!record || !has_room(cpu, sizeof(struct ior_head)) || !make_name()) return false;
  __builtin_memset(&record->head, 0, sizeof(record->head));
  record->head.kind = IOR_RECORD_NAME;
  record->head.time_ns = bpf_ktime_get_boot_ns();
  struct ior_name* name = (void*)record->body;
  name->name_id = id;
  name->name_kind = made->kind;
  name->inode = made->inode;
  __u32 size = append_name(record, sizeof(struct ior_head) + sizeof(*name), made);
  return put_record(cpu, record, size);
}

/* Tells the names of one inode apart. Those of anonymous inodes, which are one, have a length but
 * no hash. With a stack of its own, which give_name() and what it calls need not have. */
static __noinline __u64 name_hash(struct dentry* dentry) {
  __u64 hash = READ(dentry, d_name.hash_len), words[5] = {};
  if ((__u32)hash || READ(dentry, d_sb, s_magic) != ANON_INODE_FS_MAGIC) return hash;
  __u32 length = READ(dentry, d_name.len);
  if (length > sizeof(words)) length = sizeof(words);
  bpf_probe_read_kernel(words, length, READ(dentry, d_name.name));
  for (int i = 0; i < 5; i++) hash = (hash ^ words[i]) * GOLDEN_RATIO;
  return hash;
}

static __always_inline struct ior_named_dentry* slot_of(struct ior_cpu_names* cache, __u64 dentry) {
  return &cache->slots[dentry * GOLDEN_RATIO >> (64 - CACHE_BITS)];
}

/* One number for the root's dentry and mount. */
static __always_inline __u64 root_of(struct fs_struct* fs) {
  __u64 mount = NUMBER_AT(&fs->root.mnt);
  return NUMBER_AT(&fs->root.dentry) ^ (mount << 32 | mount >> 32);
}

static __always_inline __u32 epoch_unlinked(__u64 hashed_at, __u64 parent, __u64 dentry) {
  return name_epoch << 1 | (!hashed_at && parent != dentry);
}

/* Whether the slot has the name of a dentry under a mount, as a root sees it, and user space still
 * knows it. `name_hash` is the dentry's (name_hash()). */
static __always_inline bool is_name_of(const struct ior_named_dentry* slot,
                                       const struct ior_cpu_names* cache, __u64 dentry, __u64 mount,
                                       __u64 name_hash, struct fs_struct* fs) {
  if (slot->dentry != dentry || slot->mount != mount || slot->name_hash != name_hash) return false;
  struct dentry* of = AS(struct dentry, dentry);
  __u64 parent = NUMBER_AT(&of->d_parent);
  if (slot->parent != parent || slot->root != root_of(fs)) return false;
  __u64 hashed_at = NUMBER_AT(&of->d_hash.pprev);
  if (slot->epoch_unlinked != epoch_unlinked(hashed_at, parent, dentry)) return false;
  struct inode* inode = READ(of, d_inode);
  return slot->inode == READ(inode, i_ino) && slot->generation == READ(inode, i_generation) &&
         cache->next_id - slot->name_id < IOR_NAME_WINDOW / 2;
}

static __always_inline void fill_slot(struct ior_named_dentry* slot, __u64 dentry, __u64 mount,
                                      __u64 name_hash, struct fs_struct* fs) {
  struct dentry* of = AS(struct dentry, dentry);
  struct inode* inode = READ(of, d_inode);
  slot->dentry = dentry;
  slot->mount = mount;
  slot->parent = NUMBER_AT(&of->d_parent);
  slot->root = root_of(fs);
  slot->name_hash = name_hash;
  slot->inode = READ(inode, i_ino);
  slot->generation = READ(inode, i_generation);
}

/* Gives the file the name of the buffer's dentry and mount: from the cache, or sent now. */
__noinline int give_name(struct ior_file* file) {
  __u32 cpu = bpf_get_smp_processor_id();
  struct ior_cpu_names* cache = bpf_map_lookup_elem(&names, &cpu);
  struct ior_name_buffer* to = name_buffer();
  struct fs_struct* fs = READ(current_task(), fs);
  if (!file || !cache || !to || !fs) return 0;
  struct dentry* dentry = AS(struct dentry, to->dentry);
  struct inode* inode = READ(dentry, d_inode);
  __u64 hash = name_hash(dentry);
  if (is_socket(inode)) hash ^= socket_mark(to, inode);
  struct ior_named_dentry* slot = slot_of(cache, to->dentry);
  file->status = IOR_FILE_NAMED;
  if (is_name_of(slot, cache, to->dentry, to->mount, hash, fs)) {
    file->name_id = slot->name_id;
    return 0;
  }
  __u32 fresh = cache->next_id, epoch = name_epoch << 1 | is_unlinked(dentry);
  if (!write_name(cpu, fresh, to)) {
    count(IOR_COUNTER_name_not_sent);
    file->status = IOR_FILE_NO_NAME;
    return 0;
  }
  cache->next_id = fresh + 1;
  fill_slot(slot, to->dentry, to->mount, hash, fs);
  slot->epoch_unlinked = epoch;
  slot->name_id = fresh;
  file->name_id = fresh;
  return 0;
}

#endif
