/* The kernel side's state: the counters, what is kept per task, and which tasks and calls are
 * traced. A task's state follows it through exec and dies with it. Most tasks have theirs in a
 * table, where it is found without a call into the kernel; the others in task storage. */
#ifndef IOR_BPF_STATE_BPF_H
#define IOR_BPF_STATE_BPF_H

#include <bpf/bpf_tracing.h>

#include "bpf/settings.h"
#include "bpf/wire.h"

const volatile struct ior_settings settings = {
    .ring_bytes = IOR_RING_BYTES_MIN, .segments = 1, .segment_bytes = IOR_RING_BYTES_MIN};

enum task_flag {
  TASK_FOLLOWED = 1 << 0,       /* forked by the target, or by one that was */
  TASK_INTRODUCED = 1 << 1,     /* a record has said who it is */
  TASK_PROCESS_SENT = 1 << 2,   /* its process was described as it is now */
  TASK_IN_CALL = 1 << 3,        /* entered, and not exited yet */
  TASK_SENT_ENTER = 1 << 4,     /* the enter half is in the ring already */
  TASK_ENTER_LOST = 1 << 5,     /* the enter half found no room: the call is lost */
  TASK_LOST = 1 << 6,           /* something was lost since the last record */
  TASK_EXIT_LOST = 1 << 7,      /* the exit half of the last call with an enter half was */
  TASK_CALLED = 1 << 8,         /* has entered a traced call */
  TASK_TEXT_FAULT = 1 << 9,     /* a path could not be read at enter: its page was not resident */
  TASK_INTERRUPTED = 1 << 10,   /* the call in flight may go on: see restart.bpf.h */
  TASK_ARGS_CHANGED = 1 << 11,  /* the exit half has them anew */
  TASK_DENIED = 1 << 12,        /* the kernel has not read what the call passes */
  TASK_FD_CALL = 1 << 13,       /* the call in flight has gone the short way: see fd_call.bpf.h */
  TASK_TOO_LARGE = 1 << 14,     /* with TASK_ENTER_LOST: no ring has room for it */
  TASK_UNSELECTED = 1 << 15,    /* in a call that is not selected and may end as one that is */
  TASK_ADDRESS = 1 << 16,       /* the socket address that it passes is kept */
  TASK_ADDRESS_FAULT = 1 << 17, /* that could not be read at enter, as TASK_TEXT_FAULT */
  TASK_COUNTED = 1 << 18,       /* in_flight_at_start counts the call that it was in */
  TASK_COUNTS_BYTES = 1 << 19,  /* with TASK_FD_CALL: IOR_COUNTS_BYTES */
  TASK_SPLIT = TASK_SENT_ENTER | TASK_ENTER_LOST,
  TASK_LASTING = TASK_FOLLOWED | TASK_INTRODUCED | TASK_PROCESS_SENT | TASK_LOST | TASK_EXIT_LOST |
                 TASK_CALLED | TASK_COUNTED,
};

struct ior_task_state {
  __u64 holder; /* struct task_struct: whose state this is; see seat_of() */
  __u64 regs;   /* struct pt_regs of the call in flight, where it has gone the short way */
  __u32 task;
  __u32 seq;   /* of the last call of which something was written */
  __u32 flags; /* only the task itself changes them, or its parent before it runs */
  __u16 nr;
  __u16 cpu;
  __u16 sections; /* those of enum ior_section that hold for the call in flight */
  __u16 nargs;
  __u32 tgid;
  __u32 tid;      /* with which it entered: an exec may change it */
  __u32 known_at; /* name epoch since which comm and root are as told here; 0: comm is not known.
                     Other tasks write it, too: stored whole */
  __u64 enter_ns;
  __u64 opened; /* the open files of `file` and `other`, to compare only */
  struct ior_file file;
  struct ior_file other;
  __u64 other_opened;
  __u64 args[8]; /* IOR_ARGS_MAX, rounded up to a power of two for masked look-ups */
  __u64 process_start_ns;
  __u16 link; /* bytes of the path that are a link to `file`, and of the old one, to `other` */
  __u16 other_link;
  __u32 root; /* number of the root that its paths start from: see roots.bpf.h */
  __u64 interrupted_ns;
  __s64 interrupted_ret;
  __u64 interrupted_at; /* place_of() */
  char comm[IOR_COMM_SIZE];
  __u32 described;   /* leaders: the process was described as it is now; as known_at */
  __u64 older_since; /* see mark_older_calls; 0: not in such a call */
};

#define GOLDEN_RATIO 0x9e3779b97f4a7c15ull

enum {
  SEAT_BITS = 14,
  SEAT_IN_WORK = 1, /* ior_task_state.holder: of nobody yet */
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1 << SEAT_BITS);
  __type(key, __u32);
  __type(value, struct ior_task_state);
} seats SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct ior_task_state);
} tasks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, IOR_COUNTER_COUNT);
  __type(key, __u32);
  __type(value, __u64);
} counters SEC(".maps");

struct ior_cpu {
  __u64 pointer; /* words for as_number(): of the programs that tasks run, */
  __u64 freed;   /* and of on_free, which may interrupt one */
  __u32 entered; /* the seat of the task that began a call by the short way last */
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct ior_cpu);
} cpus SEC(".maps");

/* Where a CPU builds the record that it is about to write. Probes are not preempted, so one is
 * enough. */
struct ior_record_buffer {
  struct ior_head head;
  __u8 body[24544];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct ior_record_buffer);
} record_buffers SEC(".maps");

__u32 last_task = 0;        /* the task number given last */
__u32 stateless = 0;        /* calls that entered and got no state */
__u64 tracing_since_ns = 0; /* boot clock: since when all probes are there; 0: not yet */
__u32 is_ending = 0;        /* the probes are being taken away, that of enters first */
__u32 target_phase = IOR_TARGET_AWAITED;
__u32 in_flight = 0; /* set by the iterators */
__u64 subject = 0;   /* struct task_struct: see subject_task(); 0: the current one */

enum { COMPAT_STATUS = 2 }; /* TS_COMPAT, arch/x86/include/asm/thread_info.h */

static __always_inline void count(__u32 counter) {
  __u64* value = bpf_map_lookup_elem(&counters, &counter);
  if (value) *value += 1;
}

static __always_inline struct ior_cpu* this_cpu(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&cpus, &zero);
}

static __always_inline struct ior_record_buffer* record_buffer(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&record_buffers, &zero);
}

/* A pointer as a number, by way of a word in memory: with the pointer itself nobody may compute,
 * says the verifier. */
static __always_inline __u64 as_number(const void* pointer, volatile __u64* word) {
  *word = (__u64)pointer;
  return *word;
}

static __always_inline __u64 number_of(const void* pointer) {
  struct ior_cpu* here = this_cpu();
  return here ? as_number(pointer, &here->pointer) : 0;
}

/* A task's seat in the table: by its address, which stays when exec changes its numbers. */
static __always_inline __u32 seat_number(__u64 task) {
  return (task >> 6) * GOLDEN_RATIO >> (64 - SEAT_BITS);
}

/* Null where the seat is another task's, or nobody's. */
static __always_inline struct ior_task_state* seat_of(const struct task_struct* task,
                                                      __u32 number) {
  struct ior_task_state* seat = bpf_map_lookup_elem(&seats, &number);
  return seat && seat->holder == (__u64)task ? seat : 0;
}

static __always_inline struct ior_task_state* find_state(struct task_struct* task) {
  struct ior_task_state* seat = seat_of(task, seat_number(number_of(task)));
  return seat ? seat : bpf_task_storage_get(&tasks, task, 0, 0);
}

/* Takes a task's seat, if it is nobody's. */
static __noinline struct ior_task_state* take_seat(struct task_struct* task) {
  __u32 number = seat_number(number_of(task));
  struct ior_task_state* seat = bpf_map_lookup_elem(&seats, &number);
  if (!seat || __sync_val_compare_and_swap(&seat->holder, 0, SEAT_IN_WORK) != 0) return 0;
  __builtin_memset(&seat->regs, 0, sizeof(*seat) - sizeof(seat->holder));
  barrier();
  seat->holder = (__u64)task;
  return seat;
}

/* Several tasks may make a leader's at once. Where the storage of another tracer that ends, the
 * only one that the task has, is taken away just then, the kernel asks to try again. */
static __always_inline struct ior_task_state* make_state(struct task_struct* task) {
  struct ior_task_state* state = find_state(task);
  if (!state) state = take_seat(task);
  if (!state) state = bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (!state) state = bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (state && !state->task)
    __sync_val_compare_and_swap(&state->task, 0, __sync_fetch_and_add(&last_task, 1) + 1);
  return state;
}

static __always_inline void give_seat_back(const struct task_struct* task, __u64 number) {
  struct ior_task_state* seat = seat_of(task, seat_number(number));
  if (seat) seat->holder = 0;
}

/* Nobody can come by the task any more: a grace period has passed since it was reaped. It runs on
 * top of any other task; where the kernel leaves it out, on_fork does it. */
SEC("tp_btf/sched_process_free")
int BPF_PROG(on_free, struct task_struct* task) {
  struct ior_cpu* here = this_cpu();
  if (here) give_seat_back(task, as_number(task, &here->freed));
  return 0;
}

static __always_inline bool is_target(__u32 tgid, __u32 tid) {
  return (!settings.target_tgid || tgid == settings.target_tgid) &&
         (!settings.target_tid || tid == settings.target_tid);
}

/* Of a task that has the target's number. */
static __always_inline bool is_traced_target(void) {
  return !settings.has_target || target_phase == IOR_TARGET_TRACED;
}

/* Whether calls of a task are traced, whatever their number. Most tasks are not where there is a
 * target, so its number comes first. */
static __always_inline bool is_traced_task(struct task_struct* task, __u32 tgid, __u32 tid) {
  if (is_target(tgid, tid)) return tgid != settings.self_tgid && is_traced_target();
  if (!settings.follow || tgid == settings.self_tgid) return false;
  struct ior_task_state* state = find_state(task);
  return state && (state->flags & TASK_FOLLOWED);
}

/* As bpf_get_current_pid_tgid() has it, without a helper call. */
static __always_inline __u64 pid_tgid_of(struct task_struct* task) {
  return (__u64)task->tgid << 32 | (__u32)task->pid;
}

/* Whether the call that the current task is in is a 32-bit one. */
static __always_inline bool is_compat(struct task_struct* task) {
  return task->thread_info.status & COMPAT_STATUS;
}

/* Where a call's row and its setting lie. */
static __always_inline __u32 row_number(__u32 nr, __u32 table) {
  __u32 number = IOR_ROW_OF(nr, table);
  barrier_var(number); /* the mask is for the verifier, and must stay */
  return number & (IOR_ROWS - 1);
}

#endif
