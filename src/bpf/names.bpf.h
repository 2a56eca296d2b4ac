/* Names of open files and directories, walked in the kernel and sent once: a per-CPU cache
 * remembers which dentries this CPU's ring has a name for, so that a call's record carries a number
 * instead of a path.
 *
 * A cached name is good while dentry, mount, the mount's namespace (none: it was detached), parent,
 * name hash, inode number and generation, root and "unlinked" are the same (which a rename or
 * removal of the file itself, and a reuse of the memory, change) and the name epoch is (which a
 * rename or mount anywhere above it changes: every rename and mount call advances it when it
 * returns). Where a look-up may move a dentry of its path, as on a file system whose server or
 * whose other clients rename, no call tells, and the way up is walked again at each use. */
#ifndef IOR_BPF_NAMES_BPF_H
#define IOR_BPF_NAMES_BPF_H

#include "bpf/rings.bpf.h"
#include "bpf/walk.bpf.h"

enum {
  CACHE_BITS = 14,
  CACHE_SLOTS = 1 << CACHE_BITS,
};

struct ior_named_dentry {
  __u64 dentry;
  __u64 mount; /* and its namespace */
  __u64 parent;
  __u64 root; /* of the root directory's dentry and mount */
  __u64 name_hash;
  __u64 inode;          /* and its generation */
  __u64 chain;          /* of the way up, where a look-up may change it; else 0 */
  __u32 epoch_unlinked; /* name epoch << 1 | unlinked */
  __u32 name_id;
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

__u32 name_epoch = 1;

#include "bpf/sockets.bpf.h"

/* What has no path: the kernel itself makes up a name then (fs/d_path.c). */
static __always_inline bool is_pseudo(struct dentry* dentry, struct vfsmount* mount) {
  const struct dentry_operations* operations = READ(dentry, d_op);
  return operations && READ(operations, d_dname) &&
         (READ(dentry, d_parent) != dentry || READ(mount, mnt_root) != dentry);
}

/* "file system type:dentry name"; a name space's dentry has no name, but the kind has one. False
 * where the dentry was freed meanwhile: nothing keeps that of a file that is being closed. With a
 * stack of its own, as name_hash(). */
static __noinline int pseudo_name(struct ior_name_buffer* to, struct dentry* dentry) {
  __u32 sequence = sequence_of(dentry);
  struct inode* inode = READ(dentry, d_inode);
  __u32 length = READ(dentry, d_name.len) & 255;
  const void* name = READ(dentry, d_name.name);
  long size = bpf_probe_read_kernel_str(to->bytes, 64, READ(dentry, d_sb, s_type, name));
  __u32 type_size = size < 1 ? 1 : (__u32)size & 127;
  to->bytes[(type_size - 1) & 127] = ':';
  if (READ(dentry, d_sb, s_magic) == NSFS_MAGIC) {
    void* namespace = READ(inode, i_private);
    name = READ(AS(struct ns_common, namespace), ops, name);
    size = bpf_probe_read_kernel_str(to->bytes + type_size, 64, name);
    length = size < 1 ? 0 : ((__u32)size - 1) & 63;
  } else if (bpf_probe_read_kernel_str(to->bytes + type_size, length + 1, name) != length + 1) {
    return false;
  }
  to->kind = IOR_NAME_PSEUDO;
  to->start = 0;
  to->size = type_size + length;
  barrier();
  return sequence_of(dentry) == sequence && READ(dentry, d_inode) == inode;
}

#include "bpf/roots.bpf.h"

/* Makes the name of the buffer's dentry and mount, as the root of its `fs` sees it, which has a
 * number; false where there is none to be made, or where it never stood still (is_torn). */
__noinline int make_name_from(__u32 root) {
  struct ior_name_buffer* to = name_buffer();
  if (!to) return false;
  to->is_torn = false;
  to->root = IOR_ROOT_OWN;
  to->is_movable = false;
  if (!to->dentry || !to->mount || !to->fs) return false;
  poison(to->bytes, sizeof(to->bytes));
  struct dentry* dentry = AS(struct dentry, to->dentry);
  struct inode* inode = READ(dentry, d_inode);
  to->inode = READ(inode, i_ino);
  if (is_socket(inode) && READ(dentry, d_sb, s_magic) == SOCKFS_MAGIC)
    to->is_torn = !socket_name(to, inode);
  else if (is_pseudo(dentry, AS(struct vfsmount, to->mount)))
    to->is_torn = !pseudo_name(to, dentry);
  else
    path_name(to, root);
  return !to->is_torn;
}

/* Both by itself: older kernels add up the stacks. */
static __always_inline bool make_name(void) {
  struct ior_name_buffer* to = name_buffer();
  if (!to) return false;
  __u64 dentry = to->dentry, mount = to->mount;
  __u32 root = root_number(to->fs);
  to->dentry = dentry;
  to->mount = mount;
  return make_name_from(root);
}

/* Counts a file without a name that make_name() did not make, or for which there was no room. */
static __always_inline __u32 count_nameless(const struct ior_name_buffer* to) {
  count(to->is_torn ? IOR_COUNTER_name_in_change : IOR_COUNTER_name_not_sent);
  return to->is_torn ? IOR_FILE_IN_CHANGE : IOR_FILE_NO_NAME;
}

/* Finishes a text of which `size` bytes lie at their place: zero fills the rest of its last word.
 * Returns the record's new size. */
static __always_inline __u32 end_text(struct ior_record_buffer* record, __u32 offset, __u32 size,
                                      __u32 status) {
  struct ior_text* text = (void*)record + (offset & 0x3ff8);
  size &= 2 * IOR_TEXT_MAX - 1;
  text->size = size;
  text->status = status;
  text->link = 0;
  if (size & 7) {
    __u64* last = (void*)(text + 1) + (size & (2 * IOR_TEXT_MAX - 8));
    *last &= (1ull << (size & 7) * 8) - 1;
  }
  return offset + sizeof(*text) + ((size + 7) & ~7u);
}

/* The size of a string that was read with its end; an error is negative. Older kernels have 0 for
 * an empty one. */
static __always_inline __u32 string_size(long got) {
  return got < 1 ? 0 : got - 1;
}

/* Appends `size` bytes as an ior_text to a record of `offset` bytes; returns its new size. */
static __always_inline __u32 append_text(struct ior_record_buffer* record, __u32 offset,
                                         const void* bytes, __u32 size, __u32 status) {
  struct ior_text* text = (void*)record + (offset & 0x3ff8);
  size &= 0x1fff;
  if (size > IOR_TEXT_MAX) size = IOR_TEXT_MAX;
  bpf_probe_read_kernel(text + 1, size, bytes);
  return end_text(record, offset, size, status);
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
  made->is_torn = false;
  if (!record || !has_room(cpu, sizeof(struct ior_head)) || !make_name()) return false;
  poison(record, sizeof(*record));
  __builtin_memset(&record->head, 0, sizeof(record->head));
  record->head.kind = IOR_RECORD_NAME;
  record->head.time_ns = now_ns();
  struct ior_name* name = (void*)record->body;
  name->name_id = id;
  name->name_kind = made->kind;
  name->root = made->root;
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
  if (length > sizeof(words) - 1) length = sizeof(words) - 1;
  bpf_probe_read_kernel_str(words, length + 1, READ(dentry, d_name.name));
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

/* One number for a mount and its namespace. */
static __always_inline __u64 mount_of(__u64 mount) {
  struct mount* of = AS(struct mount, mount - bpf_core_field_offset(struct mount, mnt));
  __u64 namespace = NUMBER_AT(&of->mnt_ns);
  return mount ^ (namespace << 32 | namespace >> 32);
}

/* One number for an inode and which of those that had its number it is. */
static __always_inline __u64 inode_of(struct dentry* dentry) {
  struct inode* inode = READ(dentry, d_inode);
  return READ(inode, i_ino) ^ (__u64)READ(inode, i_generation) << 32;
}

/* Whether the slot has the name of a dentry under a mount, as a root sees it, and user space still
 * knows it. `name_hash` is the dentry's (name_hash()). */
static __always_inline bool is_name_of(const struct ior_named_dentry* slot,
                                       const struct ior_cpu_names* cache, __u64 dentry, __u64 mount,
                                       __u64 name_hash, struct fs_struct* fs) {
  if (slot->dentry != dentry || slot->name_hash != name_hash) return false;
  struct dentry* of = AS(struct dentry, dentry);
  __u64 parent = NUMBER_AT(&of->d_parent);
  if (slot->parent != parent || slot->root != root_of(fs)) return false;
  if (slot->mount != mount_of(mount) || slot->inode != inode_of(of)) return false;
  __u64 hashed_at = NUMBER_AT(&of->d_hash.pprev);
  if (slot->epoch_unlinked != epoch_unlinked(hashed_at, parent, dentry)) return false;
  if (cache->next_id - slot->name_id >= IOR_NAME_WINDOW / 2) return false;
  return !slot->chain || finds_chain(dentry, mount, slot->chain, fs);
}

static __always_inline void fill_slot(struct ior_named_dentry* slot, __u64 dentry, __u64 mount,
                                      __u64 name_hash, struct fs_struct* fs) {
  struct dentry* of = AS(struct dentry, dentry);
  slot->dentry = dentry;
  slot->mount = mount_of(mount);
  slot->parent = NUMBER_AT(&of->d_parent);
  slot->root = root_of(fs);
  slot->name_hash = name_hash;
  slot->inode = inode_of(of);
  slot->epoch_unlinked = epoch_unlinked(NUMBER_AT(&of->d_hash.pprev), slot->parent, dentry);
}

/* Gives the file the name of the buffer's dentry and mount: from the cache, or sent now. */
__noinline int give_name(struct ior_file* file) {
  __u32 cpu = bpf_get_smp_processor_id();
  struct ior_cpu_names* cache = bpf_map_lookup_elem(&names, &cpu);
  struct ior_name_buffer* to = name_buffer();
  struct fs_struct* fs = READ(subject_task(), fs);
  if (!file || !cache || !to || !fs) return 0;
  to->fs = (__u64)fs;
  struct dentry* dentry = AS(struct dentry, to->dentry);
  struct inode* inode = READ(dentry, d_inode);
  __u64 hash = name_hash(dentry);
  if (is_socket(inode)) hash ^= socket_mark(inode);
  struct ior_named_dentry* slot = slot_of(cache, to->dentry);
  file->status = IOR_FILE_NAMED;
  if (is_name_of(slot, cache, to->dentry, to->mount, hash, fs)) {
    file->name_id = slot->name_id;
    return 0;
  }
  /* As things are before the walk: what changes during it shows at the next use. */
  fill_slot(slot, to->dentry, to->mount, hash, fs);
  if (!write_name(cpu, cache->next_id, to)) {
    slot->dentry = 0;
    file->status = count_nameless(to);
    return 0;
  }
  slot->name_id = cache->next_id;
  slot->chain = to->is_movable ? to->chain : 0;
  file->name_id = cache->next_id;
  cache->next_id += IOR_NAME_NUMBERS(to->size);
  return 0;
}

/* The open file of an fd in a table, null where there is none. */
static __always_inline struct file* open_file_of(struct files_struct* files, __u32 fd) {
  if (!files) return 0;
  struct fdtable* table = READ(files, fdt);
  if (fd >= READ(table, max_fds)) return 0;
  /* Any kernel struct whose first member is a struct file pointer will do to read one. */
  __u64 files_by_fd = (__u64)READ(table, fd);
  return READ(AS(struct readahead_control, files_by_fd + (__u64)fd * 8), file);
}

/* A new mount namespace has new mounts, which may lie where those of one that is gone were. */
static __always_inline bool has_new_mounts(struct task_struct* parent, struct task_struct* child) {
  struct mnt_namespace* had = BPF_CORE_READ(parent, nsproxy, mnt_ns);
  return BPF_CORE_READ(child, nsproxy, mnt_ns) != had;
}

#endif
