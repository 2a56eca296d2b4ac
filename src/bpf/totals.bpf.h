/* What came of every traced call, by its row, counted on the CPU where it ended and whether or not
 * its records found room: exact when the stream of records is not. */
#ifndef IOR_BPF_TOTALS_BPF_H
#define IOR_BPF_TOTALS_BPF_H

#include "bpf/capture.bpf.h"

enum {
  READ_ONLY = 0,
  ACCESS_MODE = 3,
  MESSAGE_PEEK = 2,
  MAX_ERRNO = 4095,
  FIRST_RESTART = -512,
  NO_RESTART = -515,
  RESTART_BLOCK = -516
};

/* -ERESTARTSYS, -ERESTARTNOINTR, -ERESTARTNOHAND, -ERESTART_RESTARTBLOCK (linux/errno.h): no error
 * that a program sees. */
static __always_inline bool is_restart(__s64 ret) {
  return ret <= FIRST_RESTART && ret >= RESTART_BLOCK && ret != NO_RESTART;
}

static __always_inline void add_to(struct ior_ring* ring, __u32 number, bool is_error,
                                   __u64 bytes) {
  struct ior_total* total = &ring->totals[number & (IOR_ROWS - 1)];
  total->calls += 1;
  total->errors += is_error;
  total->bytes += bytes;
}

static __always_inline void add_total(__u32 number, bool is_error, __u64 bytes) {
  __u32 cpu = bpf_get_smp_processor_id();
  struct ior_ring* ring = bpf_map_lookup_elem(&rings, &cpu);
  if (ring) add_to(ring, number, is_error, bytes);
}

static __always_inline __u64 argument_or(const struct ior_task_state* state,
                                         const struct ior_row* row, __u32 argument,
                                         __u64 otherwise) {
  return argument < row->nargs ? state->args[argument & 7] : otherwise;
}

/* Of a positive return, as far as the row counts it (syscalls.def). */
static __always_inline __u64 bytes_moved(const struct ior_task_state* state,
                                         const struct ior_row* row, __s64 ret) {
  if (!row->bytes || ret <= 0) return 0;
  if (argument_or(state, row, row->bytes >> 8 & 15, 0) & MESSAGE_PEEK) return 0;
  __u64 limit = argument_or(state, row, row->bytes >> 4 & 15, ~0ull) & ~IOR_CAPTURED;
  return (__u64)ret < limit ? ret : limit;
}

/* So many bytes were moved by a call that reads or writes as its fd is open for. */
static __always_inline void count_either(const struct ior_task_state* state, __u32 number,
                                         __u64 bytes) {
  __u32 cpu = bpf_get_smp_processor_id();
  struct ior_ring* ring = bpf_map_lookup_elem(&rings, &cpu);
  if (ring && (state->file.f_flags & ACCESS_MODE) == READ_ONLY)
    ring->totals[number & (IOR_ROWS - 1)].either_read += bytes;
}

/* The call in flight has ended. */
static __always_inline void count_call(const struct ior_task_state* state, __s64 ret) {
  __u32 number = row_number(state->nr, table_of(state->sections));
  const struct ior_row* row = &rows[number];
  bool is_error = ret < 0 && ret >= -MAX_ERRNO && !is_restart(ret);
  __u64 bytes = bytes_moved(state, row, ret);
  add_total(number, is_error, bytes);
  if (row->bytes & IOR_EITHER_WAY) count_either(state, number, bytes);
}

#endif
