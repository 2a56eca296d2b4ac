#include "bpf/kernel_support.hpp"

#include <bpf/btf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace ior::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct BtfDeleter {
  void operator()(btf* types) const { ::btf__free(types); }
};

// A kernel's types, of which only those matter that tell what it can do.
class KernelTypes {
 public:
  KernelTypes() : types_(::btf__new_empty()) {}
  const btf& types() const { return *types_; }
  int pointer_to(const char* name) {
    return ::btf__add_ptr(types_.get(), ::btf__add_struct(types_.get(), name, 8));
  }
  int void_pointer() { return ::btf__add_ptr(types_.get(), 0); }
  int integer(std::size_t size) {
    const int type = ::btf__add_int(types_.get(), "integer", size, 0);
    return ::btf__add_typedef(types_.get(), "number", type);
  }
  void add_cast() {
    const int prototype = ::btf__add_func_proto(types_.get(), void_pointer());
    ::btf__add_func(types_.get(), "bpf_rdonly_cast", BTF_FUNC_GLOBAL, prototype);
  }
  void add_helper(const char* name) {
    ::btf__add_enum(types_.get(), "bpf_func_id", 4);
    ::btf__add_enum_value(types_.get(), name, 1);
  }
  void add_tracepoint(const std::string& name, const std::vector<int>& arguments) {
    const int own_data = void_pointer();
    const int prototype = ::btf__add_func_proto(types_.get(), 0);
    ::btf__add_func_param(types_.get(), "", own_data);
    for (const int argument : arguments) ::btf__add_func_param(types_.get(), "", argument);
    const int pointer = ::btf__add_ptr(types_.get(), prototype);
    ::btf__add_typedef(types_.get(), ("btf_trace_" + name).c_str(), pointer);
  }
  void add_other_ends() {
    add_tracepoint("io_uring_req_failed", {void_pointer(), pointer_to("io_kiocb"), integer(4)});
    add_tracepoint("io_uring_cqe_overflow",
                   {void_pointer(), integer(8), integer(4), integer(4), void_pointer()});
  }

 private:
  std::unique_ptr<btf, BtfDeleter> types_;
};

TEST(KernelSupport, is_whole_where_all_is_as_in_a_new_kernel) {
  KernelTypes kernel;
  kernel.add_cast();
  kernel.add_helper("BPF_FUNC_user_ringbuf_drain");
  kernel.add_other_ends();
  kernel.add_tracepoint("io_uring_submit_req", {kernel.pointer_to("io_kiocb")});
  kernel.add_tracepoint(
      "io_uring_complete",
      {kernel.pointer_to("io_ring_ctx"), kernel.void_pointer(), kernel.pointer_to("io_uring_cqe")});
  EXPECT_EQ(kernel_support(kernel.types()), KernelSupport{});
  EXPECT_THAT(losses_of(KernelSupport{}), IsEmpty());
}

TEST(KernelSupport, finds_the_names_and_arguments_of_linux_6_1) {
  KernelTypes kernel;
  kernel.add_helper("BPF_FUNC_user_ringbuf_drain");
  kernel.add_other_ends();
  kernel.add_tracepoint("io_uring_submit_sqe", {kernel.pointer_to("io_kiocb"), kernel.integer(1)});
  kernel.add_tracepoint("io_uring_complete",
                        {kernel.void_pointer(), kernel.void_pointer(), kernel.integer(8),
                         kernel.integer(4), kernel.integer(4)});
  const KernelSupport support = kernel_support(kernel.types());
  EXPECT_FALSE(support.can_cast);
  EXPECT_EQ(support.request_tracepoint, "io_uring_submit_sqe");
  EXPECT_EQ(support.completion, Completion::members);
  EXPECT_THAT(losses_of(support), ElementsAre(HasSubstr("bpf_rdonly_cast")));
}

TEST(KernelSupport, is_without_io_uring_where_no_request_is_passed) {
  KernelTypes kernel;
  kernel.add_cast();
  kernel.add_other_ends();
  kernel.add_tracepoint("io_uring_submit_sqe", {kernel.void_pointer(), kernel.void_pointer(),
                                                kernel.integer(8), kernel.integer(1)});
  kernel.add_tracepoint("io_uring_complete", {kernel.void_pointer(), kernel.void_pointer(),
                                              kernel.integer(8), kernel.integer(4)});
  const KernelSupport support = kernel_support(kernel.types());
  EXPECT_TRUE(support.can_cast);
  EXPECT_EQ(support.request_tracepoint, "");
  EXPECT_THAT(losses_of(support), ElementsAre(HasSubstr("io_uring requests are not traced"),
                                              HasSubstr("AIO requests")));
}

TEST(KernelSupport, is_without_io_uring_where_a_completion_has_another_form) {
  const auto request_tracepoint_with = [](const auto& completion_of) {
    KernelTypes kernel;
    kernel.add_other_ends();
    kernel.add_tracepoint("io_uring_submit_req", {kernel.pointer_to("io_kiocb")});
    kernel.add_tracepoint("io_uring_complete", completion_of(kernel));
    return kernel_support(kernel.types()).request_tracepoint;
  };
  using Arguments = std::vector<int>;
  EXPECT_EQ(request_tracepoint_with([](KernelTypes&) { return Arguments{}; }), "");
  EXPECT_EQ(
      request_tracepoint_with([](KernelTypes& kernel) {
        return Arguments{kernel.void_pointer(), kernel.void_pointer(), kernel.pointer_to("io_cqe")};
      }),
      "");
  EXPECT_EQ(request_tracepoint_with([](KernelTypes& kernel) {
              return Arguments{kernel.void_pointer(), kernel.integer(8), kernel.integer(4),
                               kernel.integer(8)};
            }),
            "");
}

TEST(KernelSupport, is_without_io_uring_where_a_request_may_end_unseen) {
  KernelTypes kernel;
  kernel.add_tracepoint("io_uring_submit_req", {kernel.pointer_to("io_kiocb")});
  kernel.add_tracepoint("io_uring_complete", {kernel.void_pointer(), kernel.void_pointer(),
                                              kernel.pointer_to("io_uring_cqe")});
  EXPECT_EQ(kernel_support(kernel.types()).request_tracepoint, "");
}

TEST(KernelSupport, has_no_part_where_the_kernel_has_none) {
  const KernelSupport support = kernel_support(KernelTypes().types());
  EXPECT_FALSE(support.can_cast);
  EXPECT_EQ(support.request_tracepoint, "");
  EXPECT_FALSE(support.can_read_rings);
  EXPECT_EQ(losses_of(support).size(), 3u);
}

}  // namespace
}  // namespace ior::test
