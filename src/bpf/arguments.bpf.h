/* What captured arguments (arguments.def) point to, read at enter into the arguments' places. One
 * that cannot be read stays the address that it is. */
#ifndef IOR_BPF_ARGUMENTS_BPF_H
#define IOR_BPF_ARGUMENTS_BPF_H

#include "bpf/addresses.bpf.h"
#include "bpf/capture.bpf.h"

enum {
  BUFFERS_MAX = 1024, /* UIO_MAXIOV */
  NS_PER_US = 1000,
  NS_PER_S = 1000000000,
};

/* What is kept of a number beside the mark has a sign: 62 bits, and which way they go. */
#define CAPTURED_MOST ((1ll << 62) - 1)
#define SECONDS_MAX 4611686018ll /* in ns it still fits */
#define FRACTION_MAX (1ll << 40) /* none that the kernel takes is so large */

enum { HANDLE_MAX = 128 }; /* MAX_HANDLE_SZ */

/* linux/futex.h, whose types clash with the kernel's own. */
enum {
  FUTEX_COMMAND = 0x7f,
  FUTEX_WAIT = 0,
  FUTEX_LOCK_PI = 6,
  FUTEX_WAIT_BITSET = 9,
  FUTEX_WAIT_REQUEUE_PI = 11,
  FUTEX_LOCK_PI2 = 13,
};

struct ior_buffers {
  __u64 vector;
  __u64 bytes;
  __u32 is_compat;
  __u32 is_unreadable;
};

static long add_buffer_step(__u32 index, void* context) {
  struct ior_buffers* buffers = context;
  __u32 words[4] = {};
  __u32 size = buffers->is_compat ? 8 : 16;
  const void* at = (const void*)(buffers->vector + (__u64)index * size);
  if (bpf_probe_read_user(words, size & 0x1f, at)) {
    buffers->is_unreadable = true;
    return 1;
  }
  buffers->bytes += buffers->is_compat ? words[1] : words[2] | (__u64)words[3] << 32;
  return 0;
}

static __always_inline bool read_buffers(__u64 vector, __u64 count, bool is_compat, __u64* value) {
  struct ior_buffers buffers = {.vector = vector, .is_compat = is_compat};
  if (!vector || count > BUFFERS_MAX) return false;
  bpf_loop(count, add_buffer_step, &buffers, 0);
  *value = buffers.bytes;
  return !buffers.is_unreadable;
}

/* The buffers of a struct msghdr: msg_iov and msg_iovlen. */
static __always_inline bool read_message_buffers(__u64 message, bool is_compat, __u64* value) {
  __u64 vector = 0, count = 0;
  __u32 at = is_compat ? 8 : 16, size = is_compat ? 4 : 8;
  if (bpf_probe_read_user(&vector, size & 0xf, (const void*)(message + at)) ||
      bpf_probe_read_user(&count, size & 0xf, (const void*)(message + at + size)))
    return false;
  return read_buffers(vector, count, is_compat, value);
}

/* As a number of ns; one that is beyond what can be kept is the most or the least that can be. */
static __always_inline bool read_time(__u64 address, __u32 ns_per_unit, __u64* ns) {
  __s64 time[2];
  if (bpf_probe_read_user(time, sizeof(time), (const void*)address)) return false;
  if (time[1] > FRACTION_MAX || time[1] < -FRACTION_MAX) return false;
  if (time[0] >= SECONDS_MAX)
    *ns = CAPTURED_MOST;
  else if (time[0] <= -SECONDS_MAX)
    *ns = ~CAPTURED_MOST;
  else
    *ns = time[0] * NS_PER_S + time[1] * ns_per_unit;
  return true;
}

static __always_inline bool read_offset(__u64 address, __u64* value) {
  __s64 offset;
  if (bpf_probe_read_user(&offset, sizeof(offset), (const void*)address)) return false;
  *value = offset;
  return offset <= CAPTURED_MOST && offset >= ~CAPTURED_MOST;
}

/* A struct file_handle as a number: its type and bytes, mixed. */
static __always_inline bool read_handle(__u64 address, __u64* value) {
  struct ior_record_buffer* scratch = record_buffer();
  __u32 size = 0;
  if (!scratch || bpf_probe_read_user(&size, sizeof(size), (const void*)address)) return false;
  __u64* words = (__u64*)scratch->body;
  if (size > HANDLE_MAX) return false;
  for (int i = 0; i <= HANDLE_MAX / 8; i++) words[i] = 0;
  if (bpf_probe_read_user(words, size + 4, (const void*)(address + 4))) return false;
  __u64 number = size;
  for (int i = 0; i <= HANDLE_MAX / 8; i++) {
    number = (number ^ words[i]) * GOLDEN_RATIO;
    number ^= number >> 32;
  }
  *value = number & ~IOR_CAPTURED;
  return true;
}

/* Whether it is a time that futex's fourth argument points to, and no number. */
static __always_inline bool has_timeout(__u32 futex_op) {
  __u32 command = futex_op & FUTEX_COMMAND;
  return command == FUTEX_WAIT || command == FUTEX_LOCK_PI || command == FUTEX_WAIT_BITSET ||
         command == FUTEX_WAIT_REQUEUE_PI || command == FUTEX_LOCK_PI2;
}

static __always_inline bool read_captured(const struct ior_task_state* state, __u32 format,
                                          __u32 position, __u64* value) {
  bool is_compat = state->sections & IOR_COMPAT;
  __u64 address = state->args[position & 7];
  switch (format) {
    case IOR_FORMAT_timespec:
      return !is_compat && read_time(address, 1, value);
    case IOR_FORMAT_itimerspec:
      return !is_compat && read_time(address + 16, 1, value);
    case IOR_FORMAT_timeval:
      return !is_compat && read_time(address, NS_PER_US, value);
    case IOR_FORMAT_itimerval:
      return !is_compat && read_time(address + 16, NS_PER_US, value);
    case IOR_FORMAT_iovec:
      return read_buffers(address, state->args[(position + 1) & 7], is_compat, value);
    case IOR_FORMAT_msghdr:
      return read_message_buffers(address, is_compat, value);
    case IOR_FORMAT_file_handle:
      return read_handle(address, value);
    case IOR_FORMAT_brk:
      *value = READ(current_task(), mm, brk);
      return true;
    case IOR_FORMAT_offset_at:
      return read_offset(address, value);
    case IOR_FORMAT_open_how:
      return !bpf_probe_read_user(value, 8, (const void*)address);
    case IOR_FORMAT_epoll_event:
      return !bpf_probe_read_user(value, 4, (const void*)address);
    case IOR_FORMAT_xattr_args:
      return !bpf_probe_read_user(value, 4, (const void*)(address + 8));
  }
  return false;
}

/* Reads one of them. A function of its own, for the verifier to look at once. */
__noinline int capture_argument(struct ior_task_state* state, __u32 format, __u32 position) {
  __u64 value = 0;
  if (state && read_captured(state, format, position, &value))
    state->args[position & 7] = value | IOR_CAPTURED;
  return 0;
}

__noinline int capture_arguments(struct ior_task_state* state, __u32 captures, __u32 like) {
  if (!state || (like == __NR_futex && !has_timeout(state->args[1]))) return 0;
  if (settings.arguments) keep_passed_address(state, like);
  for (__u32 i = 0; i < IOR_ARGS_MAX; i++) {
    __u32 format = captures >> (i * IOR_CAPTURE_BITS) & ((1 << IOR_CAPTURE_BITS) - 1);
    if (format) capture_argument(state, format, i);
  }
  return 0;
}

/* The handle that the kernel has given out. */
static __noinline int capture_given_handle(struct ior_task_state* state) {
  __u64 value;
  if (!read_handle(state->args[2], &value)) return 0;
  state->args[2] = value | IOR_CAPTURED;
  state->flags |= TASK_ARGS_CHANGED;
  return 0;
}

#endif
