/* The rings of events that Linux AIO shares with its programs. A program may take events from there
 * without a call: it moves the ring's head. So at its calls, of whichever thread, the rings are
 * looked at, and what lies before the head is finished; the time of the look is an upper bound of
 * when that was.
 *
 * A program may write whatever it likes to its ring. From there only the head and the events
 * themselves are taken: how many events the kernel has written, and how many the ring has room for,
 * the kernel's own struct kioctx says. Events are counted from when a ring was first seen, without
 * end; `seen` grows at each io_submit at least, between two of which the kernel can't write as many
 * as the ring holds. A request knows how many there were when it was submitted, so that no older
 * event of its iocb is taken for its own. */
#ifndef IOR_BPF_AIO_RINGS_BPF_H
#define IOR_BPF_AIO_RINGS_BPF_H

#include "bpf/uring.bpf.h"

enum {
  AIO_PROCESSES_MAX = 4096,
  AIO_RINGS_MAX = 32, /* of a process */
  RINGS_AT_ONCE = 4,
  EVENTS_AT_ONCE_MAX = 1 << 14,
  LOCK_TRIES = 1 << 16,
  CONTEXTS_MAX = 1 << 13,
  AIO_RING_HEADER = 32, /* sizeof(struct aio_ring), fs/aio.c */
  AIO_RING_HEAD = 8,    /* offset of its head */
  RING_ARGUMENT = 6,    /* where a request keeps the number of its ring, */
  POSITION_ARGUMENT = 7 /* and how many events it had: beyond the arguments that are sent */
};

struct ior_aio_event {
  __u64 data;
  __u64 iocb;
  __s64 result;
  __s64 result2;
};

struct ior_iocb_key {
  __u64 iocb;
  __u64 tgid;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, REQUESTS_MAX);
  __type(key, struct ior_iocb_key);
  __type(value, struct ior_task_state);
} iocbs SEC(".maps");

struct ior_aio_ring {
  __u64 context;  /* its address in the program; 0: the place is free */
  __u64 kernel;   /* struct kioctx */
  __u64 seen;     /* how many events there have been; modulo nr the place of the next */
  __u64 next;     /* the first of them that was not taken */
  __u32 nr;       /* of places */
  __u32 number;   /* never used again */
  __s32 getting;  /* threads in io_getevents: they tell themselves what they were given */
  __u32 is_read;  /* at the end of the trace, to its last event */
  __u32 is_stale; /* requests were submitted after that */
  __u32 reserved;
};

struct ior_aio_process {
  __u64 start_ns;
  __u32 lock;
  __u32 count; /* of places that have been used */
  __u32 turn;
  __u32 reserved;
  struct ior_aio_ring rings[AIO_RINGS_MAX];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, AIO_PROCESSES_MAX);
  __type(key, __u64); /* tgid */
  __type(value, struct ior_aio_process);
} aio_processes SEC(".maps");

static const struct ior_aio_process blank_process = {};

/* A bit for each process with a ring, by its tgid: what all others pay is a look at this. */
__u64 aio_marks = 0;
__u32 last_ring = 0; /* the number given last */

static __always_inline bool may_have_rings(__u32 tgid) {
  return aio_marks && (aio_marks >> (tgid & 63) & 1);
}

static __always_inline bool try_lock(struct ior_aio_process* process) {
  return !__sync_val_compare_and_swap(&process->lock, 0, 1);
}

struct ior_lock_wait {
  struct ior_aio_process* process;
  bool has;
};

static long lock_step(__u32 index, void* context) {
  struct ior_lock_wait* wait = context;
  wait->has = try_lock(wait->process);
  return wait->has;
}

/* The owner is in a probe, which is not interrupted. */
static __always_inline bool lock(struct ior_aio_process* process) {
  struct ior_lock_wait wait = {.process = process};
  bpf_loop(LOCK_TRIES, lock_step, &wait, 0);
  return wait.has;
}

static __always_inline void unlock(struct ior_aio_process* process) {
  barrier();
  *(volatile __u32*)&process->lock = 0;
}

static __always_inline struct ior_aio_process* aio_process_of(__u64 tgid) {
  return bpf_map_lookup_elem(&aio_processes, &tgid);
}

/* The place of the ring of a context, or of 0 a free one; -1: none. */
__noinline int place_of_ring(struct ior_aio_process* process, __u64 context) {
  if (!process) return -1;
  for (int i = 0; i < AIO_RINGS_MAX; i++)
    if (process->rings[i].context == context) return i;
  return -1;
}

/* The same by the ring's number. */
__noinline int place_of_number(struct ior_aio_process* process, __u32 number) {
  if (!process || !number) return -1;
  for (int i = 0; i < AIO_RINGS_MAX; i++)
    if (process->rings[i].context && process->rings[i].number == number) return i;
  return -1;
}

static __always_inline struct ior_aio_ring* ring_of(struct ior_aio_process* process,
                                                    __u64 context) {
  int place = place_of_ring(process, context);
  return place < 0 ? 0 : &process->rings[place & (AIO_RINGS_MAX - 1)];
}

struct ior_context_search {
  __u64 table;
  __u64 context;
  __u64 found;
  __u32 count;
};

static long search_step(__u32 index, void* context) {
  struct ior_context_search* search = context;
  __u64 place = search->table + bpf_core_field_offset(struct kioctx_table, table) + index * 8ull;
  if (index >= search->count) return 1;
  __u64 kernel = NUMBER_AT(place);
  if (!kernel || READ(AS(struct kioctx, kernel), user_id) != search->context) return 0;
  search->found = kernel;
  return 1;
}

/* What the kernel itself keeps of a context of the current process; 0: there is none. */
static __noinline __u64 find_context(__u64 context) {
  struct mm_struct* mm = READ(current_task(), mm);
  struct kioctx_table* table = mm ? READ(mm, ioctx_table) : 0;
  if (!table || !context) return 0;
  struct ior_context_search search = {
      .table = (__u64)table, .context = context, .count = READ(table, nr)};
  bpf_loop(CONTEXTS_MAX, search_step, &search, 0);
  return search.found;
}

static __always_inline bool is_known(const struct ior_aio_ring* ring) {
  struct kioctx* kernel = AS(struct kioctx, ring->kernel);
  return ring->nr && READ(kernel, user_id) == ring->context && READ(kernel, nr_events) == ring->nr;
}

/* Takes note of how many events there are; false where that cannot be told any more. */
static __always_inline bool observe(struct ior_aio_ring* ring) {
  if (!is_known(ring)) return false;
  __u32 nr = ring->nr, at = ring->seen % nr;
  __u32 tail = READ(AS(struct kioctx, ring->kernel), tail);
  if (tail >= nr) return false;
  ring->seen += tail >= at ? tail - at : tail + nr - at;
  if (ring->seen - ring->next >= nr) ring->next = ring->seen - nr + 1;
  return true;
}

/* Finishes the request of an event that was taken from a ring. */
static __always_inline void take_event(const struct ior_aio_event* event, __u64 tgid, __u32 ring,
                                       __u64 position) {
  struct ior_iocb_key key = {.iocb = event->iocb, .tgid = tgid};
  struct ior_task_state* call = bpf_map_lookup_elem(&iocbs, &key);
  if (!call || call->args[RING_ARGUMENT] != ring || call->args[POSITION_ARGUMENT] > position)
    return;
  send_whole(call, now_ns(), event->result, IOR_AT_MOST);
  bpf_map_delete_elem(&iocbs, &key);
}

struct ior_taken {
  __u64 context;
  __u64 tgid;
  __u64 next;
  __u32 nr;
  __u32 number;
};

static __always_inline __u64 address_of(const struct ior_taken* taken, __u64 position) {
  __u32 nr = taken->nr ? taken->nr : 1;
  return taken->context + AIO_RING_HEADER + position % nr * sizeof(struct ior_aio_event);
}

static long take_step(__u32 index, void* context) {
  const struct ior_taken* taken = context;
  struct ior_aio_event event;
  __u64 position = taken->next + index;
  if (bpf_probe_read_user(&event, sizeof(event), (const void*)address_of(taken, position)))
    return 1;
  take_event(&event, taken->tgid, taken->number, position);
  return 0;
}

static __always_inline struct ior_taken taken_from(const struct ior_aio_ring* ring, __u64 tgid) {
  return (struct ior_taken){.context = ring->context,
                            .tgid = tgid,
                            .next = ring->next,
                            .nr = ring->nr,
                            .number = ring->number};
}

/* Takes the events that the program has taken, or all that there are. Requires: the lock. */
static __always_inline void look_at_ring(struct ior_aio_ring* ring, __u64 tgid, bool all) {
  __u32 head = 0;
  if (!ring->context || !observe(ring) || ring->seen == ring->next) return;
  __u64 until = ring->seen;
  if (!all) {
    if (ring->getting > 0) return;
    if (bpf_probe_read_user(&head, sizeof(head), (const void*)(ring->context + AIO_RING_HEAD)))
      return;
    __u32 nr = ring->nr ? ring->nr : 1, at = ring->seen % nr;
    head %= nr;
    until -= at >= head ? at - head : at + nr - head;
    if ((__s64)(until - ring->next) <= 0) return;
  }
  __u64 count = until - ring->next;
  if (count > EVENTS_AT_ONCE_MAX) count = EVENTS_AT_ONCE_MAX;
  struct ior_taken taken = taken_from(ring, tgid);
  bpf_loop(count, take_step, &taken, 0);
  ring->next += count;
}

struct ior_look {
  struct ior_aio_process* process;
  __u64 tgid;
  __u32 first;
  __u32 count;
  bool all;
};

static long look_step(__u32 index, void* context) {
  struct ior_look* look = context;
  __u32 place = (look->first + index) % (look->count ? look->count : 1);
  look_at_ring(&look->process->rings[place & (AIO_RINGS_MAX - 1)], look->tgid, look->all);
  return 0;
}

/* Looks at the current process's rings. Where it has many, a call looks at some of them, in turn.
 * Where another thread is at it, that will do. */
__noinline int look_at_rings(__u64 tgid, __u32 all) {
  struct ior_aio_process* process = aio_process_of(tgid);
  if (!process || !process->count) return 0;
  if (!(all ? lock(process) : try_lock(process))) return 0;
  struct ior_look look = {.process = process,
                          .tgid = tgid,
                          .first = process->turn,
                          .count = process->count,
                          .all = all};
  __u32 looks = all || look.count < RINGS_AT_ONCE ? look.count : RINGS_AT_ONCE;
  process->turn += looks;
  bpf_loop(looks, look_step, &look, 0);
  unlock(process);
  return 0;
}

static __always_inline struct ior_aio_process* make_aio_process(__u64 tgid) {
  __u64 start_ns = READ(current_task(), group_leader, start_boottime);
  struct ior_aio_process* process = aio_process_of(tgid);
  if (!process || process->start_ns != start_ns) {
    bpf_map_update_elem(&aio_processes, &tgid, &blank_process, BPF_ANY);
    process = aio_process_of(tgid);
    if (process) process->start_ns = start_ns;
  }
  __sync_fetch_and_or(&aio_marks, 1ull << (tgid & 63));
  return process;
}

static __always_inline void begin_ring(struct ior_aio_process* process, struct ior_aio_ring* ring,
                                       __u64 context, __u64 kernel) {
  ring->kernel = kernel;
  ring->nr = READ(AS(struct kioctx, kernel), nr_events);
  ring->seen = ring->next = READ(AS(struct kioctx, kernel), tail);
  ring->getting = 0;
  ring->number = __sync_fetch_and_add(&last_ring, 1) + 1;
  ring->context = context;
  __u32 place = ring - process->rings;
  if (place >= process->count) process->count = place + 1;
}

/* The ring of a context of the current process, which may be new; null where there is none. */
static __noinline struct ior_aio_ring* make_ring(__u64 tgid, __u64 context) {
  struct ior_aio_process* process = make_aio_process(tgid);
  if (!process) {
    count(IOR_COUNTER_rings_full);
    return 0;
  }
  struct ior_aio_ring* ring = ring_of(process, context);
  if (ring && is_known(ring)) return ring;
  __u64 kernel = find_context(context);
  if (!kernel || !lock(process)) return 0;
  ring = ring_of(process, context);
  if (!ring) ring = ring_of(process, 0);
  if (!ring)
    count(IOR_COUNTER_rings_full);
  else if (ring->context != context || !is_known(ring))
    begin_ring(process, ring, context, kernel);
  unlock(process);
  return ring;
}

static __always_inline void forget_ring(__u64 tgid, __u64 context) {
  struct ior_aio_process* process = aio_process_of(tgid);
  struct ior_aio_ring* ring = process && context ? ring_of(process, context) : 0;
  if (ring) ring->context = 0;
}

/* The process has ended, or its program. */
static __always_inline void forget_rings(__u64 tgid) {
  if (may_have_rings(tgid)) bpf_map_delete_elem(&aio_processes, &tgid);
}

#endif
