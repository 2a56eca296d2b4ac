/* What user space sets in the BPF object's rodata between open and load, and never changes after.
 */
#ifndef IOR_BPF_SETTINGS_H
#define IOR_BPF_SETTINGS_H

#include "catalog/catalog.h"

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

/* What is done about a call. */
enum ior_selection {
  IOR_SELECTED = 1,      /* it is traced */
  IOR_CARRIES_AIO = 2,   /* it submits or reaps requests that may be */
  IOR_CONTINUES = 4,     /* it goes on with another one that may be */
  IOR_MOVES_NAMES = 8,   /* after it a file that it did not touch may have another name */
  IOR_FD_CALL = 16,      /* nothing is told of it but its first argument's file and its return */
  IOR_COUNTS_BYTES = 32, /* with IOR_FD_CALL: a positive return is bytes that it moved */
  IOR_CROSSES = 64,      /* calls end under its number that began under another one */
};

/* A target is known by its number, which may become another's. */
enum ior_target_phase {
  IOR_TARGET_AWAITED, /* not known to be there, or before the execve from which on it is traced */
  IOR_TARGET_TRACED,
  IOR_TARGET_GONE, /* who has its number now is another */
};

#define IOR_RING_BYTES_MIN 4096
#define IOR_POISON 0xa5

struct ior_settings {
  __u32 self_tgid;   /* never traced */
  __u32 target_tgid; /* 0: every process */
  __u32 target_tid;  /* 0: every thread */
  __u32 ring_bytes;  /* of each CPU's own ring: a power of two */
  __u32 segments;    /* of such a ring: a power of two */
  __u32 segment_bytes;
  __u8 can_cast;           /* the kernel has bpf_rdonly_cast */
  __u8 has_target;         /* target_tgid or target_tid is set */
  __u8 follow;             /* trace what the target forks, too */
  __u8 from_exec;          /* trace the target from its next execve on */
  __u8 arguments;          /* all arguments of each call are wanted */
  __u8 poison;             /* for tests: IOR_POISON lies wherever a record or a name is built */
  __u8 selected[IOR_ROWS]; /* by row (IOR_ROW_OF) */
};

#endif
