/* The roots that paths start from: each has a number, which records carry, and a place in a table
 * that user space reads. ior's own root is number 0 and costs no more than to compare it.
 *
 * A task's root is looked at again when the name epoch has changed since: what can change it
 * (chroot, pivot_root, setns, unshare, and what moves names, for the root's own path) advances
 * that, whoever makes the call. */
#ifndef IOR_BPF_ROOTS_BPF_H
#define IOR_BPF_ROOTS_BPF_H

/* Included by names.bpf.h, whose walk it needs. */

enum { ANONYMOUS_NAMESPACE = 0xeffffff7 }; /* MNT_NS_ANON_INO; before Linux 6.18 it was 0 */

#define FIRST_ERROR_POINTER (~0ull - 4095)

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct ior_roots);
} roots SEC(".maps");

/* What a root is told apart by. */
struct ior_root_key {
  __u64 text_hash;
  __u32 id;
  __u16 size;
  __u8 kind;
  __u8 is_deleted;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, IOR_ROOTS_MAX);
  __type(key, struct ior_root_key);
  __type(value, __u32);
} root_numbers SEC(".maps");

/* A path lies at the end of its buffer, so its words are taken from the end, too. */
static long hash_step(__u32 index, void* context) {
  __u64* hash = context;
  struct ior_name_buffer* to = name_buffer();
  __u32 end = IOR_TEXT_MAX - 8 * index;
  if (!to || end > IOR_TEXT_MAX || end <= to->start) return 1;
  __u64 word = *(__u64*)(to->bytes + ((end - 8) & (IOR_TEXT_MAX - 8)));
  if (end - to->start < 8) word &= ~0ull << 8 * (8 - (end - to->start));
  *hash = (*hash ^ word) * GOLDEN_RATIO;
  *hash ^= *hash >> 32;
  return 0;
}

/* A number for a root that has none; its path is in the name buffer. */
static __noinline __u32 add_root(const struct ior_root_key* key) {
  __u32 zero = 0;
  struct ior_roots* table = bpf_map_lookup_elem(&roots, &zero);
  struct ior_name_buffer* path = name_buffer();
  if (!table || !path) return IOR_ROOT_UNKNOWN;
  __u32 size = key->size;
  __u32 number = table->count < IOR_ROOTS_MAX ? __sync_fetch_and_add(&table->count, 1) + 1 : 0;
  __u32 at = table->text_bytes < IOR_ROOT_TEXTS_MAX ? __sync_fetch_and_add(&table->text_bytes, size)
                                                    : IOR_ROOT_TEXTS_MAX;
  if (!number || number >= IOR_ROOTS_MAX || at >= IOR_ROOT_TEXTS_MAX - IOR_TEXT_MAX) {
    count(IOR_COUNTER_root_not_told);
    return IOR_ROOT_UNKNOWN;
  }
  if (size > IOR_TEXT_MAX) size = IOR_TEXT_MAX;
  bpf_probe_read_kernel(table->texts + at, size, path->bytes + (path->start & (IOR_TEXT_MAX - 1)));
  struct ior_root* root = &table->roots[number];
  root->id = key->id;
  root->text = at;
  root->size = size;
  root->kind = key->kind;
  root->is_deleted = key->is_deleted;
  if (!bpf_map_update_elem(&root_numbers, key, &number, BPF_NOEXIST)) return number;
  __u32* first = bpf_map_lookup_elem(&root_numbers, key);
  return first ? *first : number;
}

static __always_inline bool has_reached_root(const struct ior_name_buffer* to) {
  return to->at_dentry == to->root_dentry && to->at_mount == to->root_mount;
}

/* The number of the root that lies `size` bytes of path below where a walk of the buffer has ended:
 * at ior's own root, or at the top of its mounts. */
static __always_inline __u32 number_of_root(const struct ior_name_buffer* to, __u32 size,
                                            bool is_deleted) {
  struct ior_root_key key = {.size = size, .kind = IOR_ROOT_PATH, .is_deleted = is_deleted};
  if (!has_reached_root(to)) {
    struct mount* top = AS(struct mount, to->at_mount);
    __u64 namespace =
        to->at_dentry == (__u64)READ(top, mnt.mnt_root) ? (__u64)READ(top, mnt_ns) : 0;
    if (namespace && namespace < FIRST_ERROR_POINTER)
      key.id = READ(AS(struct mnt_namespace, namespace), ns.inum);
    if (key.id == ANONYMOUS_NAMESPACE) key.id = 0;
    key.kind = key.id ? IOR_ROOT_NAMESPACE : IOR_ROOT_MOUNT;
    if (!key.id) key.id = READ(top, mnt_id);
  }
  if (size) bpf_loop(IOR_TEXT_MAX / 8, hash_step, &key.text_hash, 0);
  __u32* known = bpf_map_lookup_elem(&root_numbers, &key);
  return known ? *known : add_root(&key);
}

static __always_inline bool is_own_root(struct fs_struct* fs) {
  return NUMBER_AT(&fs->root.dentry) == own_root_dentry &&
         NUMBER_AT(&fs->root.mnt) == own_root_mount;
}

/* The number of the root of a struct fs_struct. Uses the name buffer, and leaves its `fs`. */
__noinline int root_number(__u64 of) {
  struct ior_name_buffer* to = name_buffer();
  if (!to || !of) return IOR_ROOT_UNKNOWN;
  struct fs_struct* fs = AS(struct fs_struct, of);
  if (is_own_root(fs)) return IOR_ROOT_OWN;
  to->dentry = (__u64)READ(fs, root.dentry);
  to->mount = (__u64)READ(fs, root.mnt);
  to->fs = 0;
  walk_path(to);
  to->fs = of;
  if (to->is_torn || to->kind == IOR_NAME_TOO_LONG) {
    count(IOR_COUNTER_root_not_told);
    return IOR_ROOT_UNKNOWN;
  }
  bool is_top = to->start == IOR_TEXT_MAX - 1;
  return number_of_root(to, is_top ? 0 : to->size, to->kind == IOR_NAME_DELETED);
}

static __always_inline __u32 current_root(void) {
  return root_number(NUMBER_AT(&current_task()->fs));
}

static __always_inline void take_root(struct ior_task_state* state) {
  __u32 root = current_root();
  if (root == state->root) return;
  state->root = root;
  state->flags &= ~TASK_INTRODUCED;
}

/* The path of the buffer's dentry and mount, and the number of the root that it starts from: that
 * of its `fs`, which is given, or where that is not above it, ior's own, or else the top of its
 * mounts. */
static __always_inline void path_name(struct ior_name_buffer* to, __u32 root) {
  __u64 fs = to->fs;
  walk_path(to);
  to->root = root;
  if (has_reached_root(to) || to->is_torn || to->kind == IOR_NAME_TOO_LONG) return;
  to->root = IOR_ROOT_OWN;
  __u64 chain = to->chain; /* of the way that finds_chain() goes */
  to->fs = 0;
  if (root != IOR_ROOT_OWN) walk_path(to);
  to->fs = fs;
  to->chain = chain;
  if (!has_reached_root(to)) to->root = number_of_root(to, 0, false);
}

#endif
