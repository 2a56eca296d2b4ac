#include "bpf/kernel_support.hpp"

#include <bpf/btf.h>

#include <algorithm>
#include <cstdlib>
#include <span>
#include <string_view>

namespace ior {
namespace {

// The types of a tracepoint's arguments; none where the kernel has no such tracepoint.
std::vector<__u32> arguments_of(const btf& types, const std::string& tracepoint) {
  const std::string name = "btf_trace_" + tracepoint;
  const int prototype = ::btf__find_by_name_kind(&types, name.c_str(), BTF_KIND_TYPEDEF);
  if (prototype < 0) return {};
  const btf_type* pointer =
      ::btf__type_by_id(&types, ::btf__type_by_id(&types, static_cast<__u32>(prototype))->type);
  const btf_type* function = ::btf__type_by_id(&types, pointer->type);
  std::vector<__u32> arguments;
  // The first parameter is the probe's own data.
  for (__u32 i = 1; i < ::btf_vlen(function); ++i) {
    arguments.push_back(
        static_cast<__u32>(::btf__resolve_type(&types, ::btf_params(function)[i].type)));
  }
  return arguments;
}

bool is_pointer_to(const btf& types, __u32 id, std::string_view name) {
  const btf_type* type = ::btf__type_by_id(&types, id);
  if (!::btf_is_ptr(type)) return false;
  const btf_type* target = ::btf__type_by_id(&types, type->type);
  return ::btf_is_struct(target) && ::btf__name_by_offset(&types, target->name_off) == name;
}

bool is_integer(const btf& types, __u32 id, __u32 size) {
  const btf_type* type = ::btf__type_by_id(&types, id);
  return ::btf_is_int(type) && type->size == size;
}

std::string request_tracepoint(const btf& types) {
  for (const char* name : {"io_uring_submit_req", "io_uring_submit_sqe"}) {
    const auto arguments = arguments_of(types, name);
    if (!arguments.empty() && is_pointer_to(types, arguments[0], "io_kiocb")) return name;
  }
  return {};
}

// The tracepoints of a request's other ends: it was refused, or its completion found no room.
bool can_end_otherwise(const btf& types) {
  const auto refused = arguments_of(types, "io_uring_req_failed");
  const auto overflowed = arguments_of(types, "io_uring_cqe_overflow");
  return refused.size() == 3 && is_pointer_to(types, refused[1], "io_kiocb") &&
         overflowed.size() >= 4 && is_integer(types, overflowed[1], 8) &&
         is_integer(types, overflowed[2], 4);
}

bool has_helper(const btf& types, std::string_view name) {
  const int id = ::btf__find_by_name_kind(&types, "bpf_func_id", BTF_KIND_ENUM);
  if (id < 0) return false;
  const btf_type* helpers = ::btf__type_by_id(&types, static_cast<__u32>(id));
  const auto values = std::span(::btf_enum(helpers), ::btf_vlen(helpers));
  return std::ranges::any_of(values, [&](const struct btf_enum& value) {
    return ::btf__name_by_offset(&types, value.name_off) == name;
  });
}

}  // namespace

KernelSupport kernel_support(const btf& kernel_types) {
  KernelSupport support;
  support.can_cast = ::btf__find_by_name_kind(&kernel_types, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
  support.request_tracepoint = request_tracepoint(kernel_types);
  // Came with what is needed, which has no name of its own.
  support.can_read_rings = has_helper(kernel_types, "BPF_FUNC_user_ringbuf_drain");
  const auto done = arguments_of(kernel_types, "io_uring_complete");
  const bool is_whole = done.size() == 3 && is_pointer_to(kernel_types, done[2], "io_uring_cqe");
  const bool has_members = done.size() >= 4 && is_integer(kernel_types, done[2], 8) &&
                           is_integer(kernel_types, done[3], 4);
  support.completion = is_whole ? Completion::whole : Completion::members;
  if ((!is_whole && !has_members) || !can_end_otherwise(kernel_types)) {
    support.request_tracepoint.clear();
  }
  return support;
}

KernelSupport without_disowned(KernelSupport support) {
  const char* value = std::getenv("IOR_WITHOUT");
  const std::string_view disowned = value != nullptr ? value : "";
  if (disowned.contains("rdonly_cast")) support.can_cast = false;
  if (disowned.contains("io_uring")) support.request_tracepoint.clear();
  if (disowned.contains("seats")) support.has_seats = false;
  return support;
}

std::vector<std::string> losses_of(const KernelSupport& support) {
  std::vector<std::string> losses;
  if (!support.can_cast) {
    losses.push_back(
        "this kernel has no bpf_rdonly_cast (Linux 6.2): files are looked up the slow way, about "
        "100 ns more per call");
  }
  if (support.request_tracepoint.empty()) {
    losses.push_back(
        "io_uring requests are not traced: this kernel has not the tracepoints for it (Linux 6.0)");
  }
  if (!support.can_read_rings) {
    losses.push_back(
        "AIO requests that are finished when tracing ends, and not reaped, have no result (Linux "
        "6.1)");
  }
  return losses;
}

}  // namespace ior
