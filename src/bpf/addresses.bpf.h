/* The socket addresses that calls pass, for -args: an address may be longer than a task's state has
 * room for, so it is kept beside that, from the call's enter to its exit. */
#ifndef IOR_BPF_ADDRESSES_BPF_H
#define IOR_BPF_ADDRESSES_BPF_H

#include <asm/unistd_64.h>

#include "bpf/names.bpf.h"

struct ior_address {
  __u32 size;
  __u32 reserved;
  __u8 bytes[2 * IOR_ADDRESS_MAX]; /* a power of two more than the largest, for masked reads */
};

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct ior_address);
} addresses SEC(".maps");

/* Reads an address as the kernel does, which takes none of any other size. */
static __always_inline void keep_address(struct ior_task_state* state, __u64 address, __u32 size) {
  state->flags &= ~(TASK_ADDRESS | TASK_ADDRESS_FAULT);
  if (!address || !size || size > IOR_ADDRESS_MAX) return;
  struct ior_address* kept = bpf_task_storage_get(&addresses, bpf_get_current_task_btf(), 0,
                                                  BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (!kept) return;
  kept->size = size;
  barrier_var(size); /* the mask is for the verifier, and must stay */
  size &= 2 * IOR_ADDRESS_MAX - 1;
  state->flags |= bpf_probe_read_user(kept->bytes, size, (const void*)address) ? TASK_ADDRESS_FAULT
                                                                               : TASK_ADDRESS;
}

/* msg_name of a struct msghdr, and its size. */
static __always_inline void keep_address_of(struct ior_task_state* state, __u64 message) {
  __u64 address = 0;
  __u32 size = 0, width = state->sections & IOR_COMPAT ? 4 : 8;
  if (message & IOR_CAPTURED) return; /* it has been read already */
  if (bpf_probe_read_user(&address, width & 0xf, (const void*)message)) return;
  if (bpf_probe_read_user(&size, sizeof(size), (const void*)(message + width))) return;
  keep_address(state, address, size);
}

/* Keeps the address that the call in flight passes. */
__noinline int keep_passed_address(struct ior_task_state* state, __u32 like) {
  if (!state) return 0;
  if (like == __NR_connect || like == __NR_bind)
    keep_address(state, state->args[1], state->args[2]);
  else if (like == __NR_sendto)
    keep_address(state, state->args[4], state->args[5]);
  else if (like == __NR_sendmsg)
    keep_address_of(state, state->args[1]);
  return 0;
}

static __always_inline __u32 append_address(struct ior_record_buffer* record, __u32 offset) {
  struct ior_address* kept = bpf_task_storage_get(&addresses, bpf_get_current_task_btf(), 0, 0);
  if (!kept) return offset;
  record->head.sections |= IOR_ADDRESS;
  return append_text(record, offset, kept->bytes, kept->size & (2 * IOR_ADDRESS_MAX - 1),
                     IOR_TEXT_OK);
}

#endif
