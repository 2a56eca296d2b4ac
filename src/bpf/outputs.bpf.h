/* What a call has written into its caller's memory (outputs.def): a path that is read when the call
 * is over may be the answer by then. */
#ifndef IOR_BPF_OUTPUTS_BPF_H
#define IOR_BPF_OUTPUTS_BPF_H

#include "bpf/capture.bpf.h"

enum ior_output_size {
  OUTPUT_FIXED = 1,
  OUTPUT_RETURNED,
  OUTPUT_GIVEN,
  OUTPUT_HANDLE,
  OUTPUT_MOUNT_ID,
  OUTPUT_XATTR,
  OUTPUT_QUOTA,
};

struct ior_output {
  __u16 number; /* IOR_ROW_OF */
  __u8 argument;
  __u8 size; /* ior_output_size */
  __u16 value;
};

#define FIXED(bytes) OUTPUT_FIXED, bytes
#define RETURNED(argument) OUTPUT_RETURNED, argument
#define GIVEN(argument) OUTPUT_GIVEN, argument
#define HANDLE OUTPUT_HANDLE, 0
#define MOUNT_ID OUTPUT_MOUNT_ID, 0
#define XATTR OUTPUT_XATTR, 0
#define QUOTA OUTPUT_QUOTA, 0
static const struct ior_output outputs[] = {
#define OUTPUT(table, number, name, argument, size) \
  {IOR_ROW_OF(number, IOR_TABLE_##table), argument, size},
#include "catalog/outputs.def"
#undef OUTPUT
};
#undef FIXED
#undef RETURNED
#undef GIVEN
#undef HANDLE
#undef MOUNT_ID
#undef XATTR
#undef QUOTA

enum {
  OUTPUTS = sizeof(outputs) / sizeof(outputs[0]),
  ERROR_FAULT = -14,    /* some of it may have been written */
  ERROR_OVERFLOW = -75, /* the size of a handle has */
  HANDLE_HEAD = 8,
  MOUNT_ID_UNIQUE = 1, /* AT_HANDLE_MNT_ID_UNIQUE */
  GET_QUOTA_FORMAT = 0x800004,
  GET_QUOTA_INFO = 0x800005,
  GET_QUOTA = 0x800007,
  GET_NEXT_QUOTA = 0x800009,
  GET_XFS_QUOTA = 0x5803,
  GET_XFS_STATE = 0x5805,
  GET_XFS_STATE_2 = 0x5808,
  GET_NEXT_XFS_QUOTA = 0x5809,
};

/* linux/quota.h, linux/dqblk_xfs.h: the size of what each command gets. */
static __always_inline __u32 quota_bytes(__u32 command) {
  switch (command >> 8) {
    case GET_QUOTA_FORMAT:
      return 4;
    case GET_QUOTA_INFO:
      return 24;
    case GET_QUOTA:
    case GET_NEXT_QUOTA:
      return 72;
    case GET_XFS_QUOTA:
    case GET_NEXT_XFS_QUOTA:
      return 112;
    case GET_XFS_STATE:
      return 80;
    case GET_XFS_STATE_2:
      return 160;
  }
  return 0;
}

/* Of as many as the call returns. */
static __always_inline __u64 returned_bytes(__s64 ret, __u64 limit) {
  return ret == ERROR_FAULT || (__u64)ret > limit ? limit : ret;
}

/* How many bytes a call that has returned has written to an output, and where. */
static __always_inline __u64 output_bytes(const struct ior_output* output, const __u64* args,
                                          __s64 ret, __u64* start) {
  __u32 size = 0;
  *start = args[output->argument & 7];
  switch (output->size) {
    case OUTPUT_FIXED:
      return output->value;
    case OUTPUT_RETURNED:
      return returned_bytes(ret, args[output->value & 7]);
    case OUTPUT_GIVEN:
      return args[output->value & 7];
    case OUTPUT_HANDLE:
      if (ret == ERROR_OVERFLOW) return HANDLE_HEAD;
      bpf_probe_read_user(&size, sizeof(size), (const void*)*start);
      return HANDLE_HEAD + size;
    case OUTPUT_MOUNT_ID:
      return args[4] & MOUNT_ID_UNIQUE ? 8 : 4;
    case OUTPUT_XATTR:
      if (bpf_probe_read_user(&size, sizeof(size), (const void*)(*start + 8)) ||
          bpf_probe_read_user(start, sizeof(*start), (const void*)*start)) {
        *start = 0; /* anywhere */
        return ~0ull;
      }
      return returned_bytes(ret, size);
    case OUTPUT_QUOTA:
      return quota_bytes(args[0]);
  }
  return 0;
}

/* What is asked of the outputs of a call that has returned. */
struct ior_written {
  __u64 from; /* bytes from here on */
  __u64 to;   /* to before here */
  __s64 ret;
  __u32 number; /* of the call's row */
  __u32 is_found;
};

/* Whether this output is one of the call's, and among those bytes. */
__noinline int is_written(const struct ior_written* written, __u32 index) {
  struct ior_name_buffer* scratch = name_buffer();
  if (!written || !scratch || index >= OUTPUTS) return false;
  const struct ior_output* output = &outputs[index];
  if (output->number != written->number) return false;
  const bool has_part = output->size == OUTPUT_HANDLE || output->size == OUTPUT_MOUNT_ID;
  if (written->ret == ERROR_OVERFLOW && !has_part) return false;
  __u64 start, size = output_bytes(output, (__u64*)scratch->bytes, written->ret, &start);
  return size && start < written->to && (start + size > written->from || start + size < start);
}

static long output_step(__u32 index, void* context) {
  struct ior_written* written = context;
  written->is_found = is_written(written, index);
  return written->is_found != 0;
}

/* Whether the call in flight, which has returned, has written between `from` and before `to`. */
__noinline int has_written(struct ior_task_state* state, __u64 from, __u64 to, __s64 ret) {
  struct ior_name_buffer* scratch = name_buffer(); /* a stack must be shallow */
  if (!state || !scratch || (ret < 0 && ret != ERROR_FAULT && ret != ERROR_OVERFLOW)) return false;
  __u64* args = (__u64*)scratch->bytes;
  args[6] = args[7] = 0;
  /* Those in the state may have been replaced by what they point to. */
  take_arguments(args, (void*)bpf_task_pt_regs(bpf_get_current_task_btf()), state->sections);
  struct ior_written written = {
      .from = from,
      .to = to,
      .ret = ret,
      .number = row_number(state->nr, table_of(state->sections)),
  };
  bpf_loop(OUTPUTS, output_step, &written, 0);
  return written.is_found;
}

#endif
