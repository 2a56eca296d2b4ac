/* Reading the kernel's structs. Where the kernel has bpf_rdonly_cast (Linux 6.2) a read is a plain
 * load; elsewhere the same expression is a helper call. Which of the two is known before the load
 * (settings.can_cast), so the verifier removes the other: one source, and no test of it while the
 * probe runs. */
#ifndef IOR_BPF_KERNEL_MEMORY_BPF_H
#define IOR_BPF_KERNEL_MEMORY_BPF_H

#include "bpf/state.bpf.h"

extern void* bpf_rdonly_cast(const void* obj, __u32 btf_id) __ksym __weak;

/* settings.can_cast in a form that the compiler may read once per function, but not fold: read as
 * volatile at every READ it costs a call 10 ns. */
static __always_inline bool can_cast(void) {
  __u64 value;
  asm("%0 = settings ll\n"
      "%0 = *(u8*)(%0 + %1)"
      : "=r"(value)
      : "i"(__builtin_offsetof(struct ior_settings, can_cast)));
  return value;
}

/* A typed pointer into kernel memory, for READ. Also of a pointer that a program is given, before
 * many reads from it: the verifier checks each read from such a one at a hundred times the cost. */
#define AS(type, pointer)                                                                      \
  ((type*)(can_cast() ? bpf_rdonly_cast((const void*)(pointer), bpf_core_type_id_kernel(type)) \
                      : (void*)(pointer)))

/* READ(from, a, b) is from->a->b; faults read as zero. */
#define READ(from, ...)                                                            \
  ({                                                                               \
    __typeof__(from) from_ = (from);                                               \
    can_cast() ? ___arrow(from_, __VA_ARGS__) : BPF_CORE_READ(from_, __VA_ARGS__); \
  })

/* The word at an address in kernel memory, as a number: with a pointer that is read as such nobody
 * may compute, says the verifier. Any kernel struct that begins with a number will do. */
#define NUMBER_AT(address) ((__u64)READ(AS(struct timespec64, address), tv_sec))

/* The current task, to READ from. The verifier checks reads from the trusted pointer of
 * bpf_get_current_task_btf() at a hundred times the cost, which delays every start. */
static __always_inline struct task_struct* current_task(void) {
  return AS(struct task_struct, bpf_get_current_task());
}

static __always_inline struct pt_regs* current_regs(void) {
  return (void*)bpf_task_pt_regs(bpf_get_current_task_btf());
}

/* The task whose call is looked at: the current one but at the end of a trace. */
static __always_inline struct task_struct* subject_task(void) {
  return subject ? AS(struct task_struct, subject) : current_task();
}

#endif
