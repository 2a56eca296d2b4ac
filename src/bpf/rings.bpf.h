/* The way of records to user space. Each CPU has a ring of its own (struct ior_ring), which takes a
 * few plain stores, and a second one, a BPF ring buffer, for the ends of calls that began on this
 * CPU and finish on another one: any CPU may write to that. The reader reads a CPU's second ring
 * after its own, up to where it was written before the own one was looked at: the names that its
 * records refer to have been read by then. */
#ifndef IOR_BPF_RINGS_BPF_H
#define IOR_BPF_RINGS_BPF_H

#include "bpf/clock.bpf.h"
#include "bpf/state.bpf.h"

static const __u8 poison_bytes[IOR_TEXT_MAX] = {[0 ... IOR_TEXT_MAX - 1] = IOR_POISON};

/* Fills what is about to be written to, so that a test sees what was sent and was not written. */
static __always_inline void poison(void* buffer, __u32 size) {
  if (!settings.poison) return;
  for (__u32 at = 0; at < size; at += IOR_TEXT_MAX)
    bpf_probe_read_kernel(buffer + at, size - at < IOR_TEXT_MAX ? size - at : IOR_TEXT_MAX,
                          poison_bytes);
}

/* By CPU; user space sets max_entries and value_size. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, sizeof(struct ior_ring) + IOR_RING_BYTES_MIN + IOR_RING_SPARE);
} rings SEC(".maps");

struct ior_moved_ring {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
};

/* By CPU; user space makes them and sets max_entries. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 1);
  __type(key, __u32);
  __array(values, struct ior_moved_ring);
} moved_rings SEC(".maps");

/* Makes the segment in which `at` lies the one in work. Of the places that are free it takes the
 * one that was read last: that is in the caches, and its pages in the TLB, where going around in
 * all of the ring would fetch each page anew. The places of two segments change, both of which hold
 * nothing: this one and the last that was read. */
__noinline int enter_segment(struct ior_ring* ring, __u64 at) {
  if (!ring) return 0;
  __u64 number = at / settings.segment_bytes, mask = settings.segments - 1;
  __u64 unread = *(volatile __u64*)&ring->consumed / settings.segment_bytes;
  __u32 here = number & mask & (IOR_SEGMENTS_MAX - 1);
  __u16 place = ring->places[here];
  if (unread != 0 && unread + mask > number) {
    __u32 last = (unread - 1) & mask & (IOR_SEGMENTS_MAX - 1);
    ring->places[here] = ring->places[last];
    ring->places[last] = place;
    place = ring->places[here];
  }
  ring->segment_at = (place & mask) * (settings.segment_bytes + IOR_RING_SPARE);
  ring->segment_end = (number + 1) * settings.segment_bytes;
  return 0;
}

/* Where the next record of `size` bytes, a multiple of 8, goes in this CPU's ring, and is not yet
 * seen; null where there is no room. */
static __always_inline void* ring_place(struct ior_ring* ring, __u32 size) {
  __u64 at = ring->produced, end = at + IOR_RING_HEADER + size;
  if (end > ring->writable_until) {
    ring->writable_until = *(volatile __u64*)&ring->consumed + settings.ring_bytes;
    if (end > ring->writable_until) return 0;
  }
  if (at >= ring->segment_end) enter_segment(ring, at);
  __u64 segment_at = ring->segment_at;
  if (segment_at > (settings.segments - 1) * (__u64)(settings.segment_bytes + IOR_RING_SPARE)) {
    return 0; /* it never is, but the verifier can't know */
  }
  __u64* header = (void*)ring->data + segment_at + (at & (settings.segment_bytes - 1));
  *header = size;
  return header + 1;
}

/* Shows the record to the reader: on x86-64 stores are seen in their order. */
static __always_inline void publish(struct ior_ring* ring, __u32 size) {
  barrier();
  ring->produced += IOR_RING_HEADER + size;
}

/* Writes the first `size` bytes of a record to a ring of `cpu`; false where it does not fit. */
static __always_inline bool put_record(__u32 cpu, struct ior_record_buffer* record, __u32 size) {
  size &= IOR_RECORD_MAX;
  record->head.cpu = cpu;
  if (cpu != bpf_get_smp_processor_id()) {
    void* moved = bpf_map_lookup_elem(&moved_rings, &cpu);
    return moved && !bpf_ringbuf_output(moved, record, size, BPF_RB_NO_WAKEUP);
  }
  struct ior_ring* ring = bpf_map_lookup_elem(&rings, &cpu);
  void* place = ring ? ring_place(ring, size) : 0;
  if (!place) return false;
  bpf_probe_read_kernel(place, size, record);
  publish(ring, size);
  return true;
}

/* Whether a record of `size` bytes would find room in this CPU's ring. */
static __always_inline bool has_room(__u32 cpu, __u32 size) {
  struct ior_ring* ring = bpf_map_lookup_elem(&rings, &cpu);
  return ring && ring_place(ring, size);
}

static __always_inline bool fits_no_ring(__u32 size) {
  return size + IOR_RING_HEADER > settings.ring_bytes;
}

/* Counts a call whose record found no room. */
static __always_inline void count_lost(bool is_too_large) {
  count(is_too_large ? IOR_COUNTER_record_too_large : IOR_COUNTER_ring_full);
}

#endif
