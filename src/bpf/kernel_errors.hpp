// What the kernel's refusals of BPF mean: one errno has several causes, and each its own remedy.
// Usable from any thread.
#pragma once

#include <string>

#include "base/result.hpp"

namespace ior {

// As fail_errno, for what was asked of bpf().
std::unexpected<Error> fail_bpf(std::string attempt, int error);

// For the load of the probes: whatever has no other cause is a kernel that is too old for them.
// `detail` is libbpf's word on it.
std::unexpected<Error> fail_load(const std::string& detail, int error);

// Whether so many files more can be opened: libbpf takes a failure to open one for another
// kernel's habit.
Result<void> check_open_files(std::size_t count);

// Whether so much memory more may be mapped: nor does libbpf always say that there was none.
Result<void> check_memory(std::size_t bytes);

}  // namespace ior
