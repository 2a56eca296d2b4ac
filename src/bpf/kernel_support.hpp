// What the kernel side uses that not every kernel has, and what is lost without it. Session loads
// for a kernel that has all of it, and looks here only when that is refused, because reading the
// kernel's types takes its time.
#pragma once

#include <string>
#include <vector>

struct btf;

namespace ior {

// How io_uring_complete passes a completion: as a struct io_uring_cqe, or as its members.
enum class Completion { whole, members };

struct KernelSupport {
  bool can_cast = true;  // bpf_rdonly_cast
  // io_uring's tracepoint of a request; empty: its tracepoints are not those that ior can read.
  std::string request_tracepoint = "io_uring_submit_req";
  Completion completion = Completion::whole;
  bool can_read_rings = true;  // of AIO events, at the end: sleepable programs use any map
  bool has_seats = true;       // room for the table of tasks' states; always there but in tests
  bool operator==(const KernelSupport&) const = default;
};

KernelSupport kernel_support(const btf& kernel_types);

// Without what the environment's IOR_WITHOUT names (rdonly_cast, io_uring, seats): for tests.
KernelSupport without_disowned(KernelSupport support);

// What is said at start about what is missing.
std::vector<std::string> losses_of(const KernelSupport& support);

}  // namespace ior
