/* The two measures that tracers are held against: probes that do nothing, and the bare tracer,
 * which does what every tracer must that keeps each call: it reads the clock and writes a record of
 * fixed size at enter and at exit, into the ring of the CPU, and wakes nobody. It leaves nothing
 * out. */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct bare_record {
  __u64 ns;
  __u64 tgid_tid;
  __s64 nr;    /* ~nr of an exit */
  __u64 first; /* of an enter the first argument, of an exit the result */
  __u64 second;
};

_Static_assert(sizeof(struct bare_record) == 40, "what a bare record takes is fixed");

struct bare_ring {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
};

/* One per possible CPU; user space makes them and sets max_entries. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 1);
  __type(key, __u32);
  __array(values, struct bare_ring);
} rings SEC(".maps");

__u64 lost_records = 0;

static __always_inline int write_record(long nr, __u64 first, __u64 second) {
  __u32 cpu = bpf_get_smp_processor_id();
  void* ring = bpf_map_lookup_elem(&rings, &cpu);
  if (!ring) return 0;
  struct bare_record* record = bpf_ringbuf_reserve(ring, sizeof(*record), 0);
  if (!record) {
    __sync_fetch_and_add(&lost_records, 1);
    return 0;
  }
  record->ns = bpf_ktime_get_boot_ns();
  record->tgid_tid = bpf_get_current_pid_tgid();
  record->nr = nr;
  record->first = first;
  record->second = second;
  bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
  return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(bare_enter, struct pt_regs* regs, long nr) {
  return write_record(nr, regs->di, regs->si);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(bare_exit, struct pt_regs* regs, long ret) {
  return write_record(~regs->orig_ax, ret, 0);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(empty_enter, struct pt_regs* regs, long nr) {
  return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(empty_exit, struct pt_regs* regs, long ret) {
  return 0;
}
