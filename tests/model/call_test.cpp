#include "model/call.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "catalog/catalog.hpp"

namespace ior {
namespace {

struct BytesCase {
  const char* what;
  const char* syscall;
  std::vector<std::uint64_t> args;
  std::int64_t ret;
  std::uint64_t read;
  std::uint64_t written = 0;
  std::optional<std::uint32_t> flags = {};  // of the open file
};

class CallBytes : public testing::TestWithParam<BytesCase> {};

TEST_P(CallBytes, are_those_that_were_moved) {
  Call call;
  call.number = find_syscall(GetParam().syscall)->number;
  call.args = GetParam().args;
  call.ret = GetParam().ret;
  call.has_flags = GetParam().flags.has_value();
  call.flags = GetParam().flags.value_or(0);
  EXPECT_EQ(bytes_of(call).read, GetParam().read);
  EXPECT_EQ(bytes_of(call).written, GetParam().written);
}

INSTANTIATE_TEST_SUITE_P(
    Traps, CallBytes,
    testing::Values(
        BytesCase{"read", "read", {3, 0, 4096}, 100, 100},
        BytesCase{"written", "pwrite64", {3, 0, 4096, 0}, 100, 0, 100},
        BytesCase{"from_file_to_file", "copy_file_range", {3, 0, 4, 0, 99, 0}, 98, 98, 98},
        BytesCase{"from_file_to_socket", "sendfile64", {3, 4, 0, 99}, 98, 98, 98},
        BytesCase{"into_a_pipe", "vmsplice", {3, 0, 1, 0}, 10, 0, 10, O_WRONLY},
        BytesCase{"out_of_a_pipe", "vmsplice", {3, 0, 1, 0}, 10, 10, 0, O_RDONLY | O_NONBLOCK},
        BytesCase{"into_a_fifo_open_for_both", "vmsplice", {3, 0, 1, 0}, 10, 0, 10, O_RDWR},
        BytesCase{"from_another_process", "process_vm_readv", {1, 0, 1, 0, 1, 0}, 9, 9},
        BytesCase{"to_another_process", "process_vm_writev", {1, 0, 1, 0, 1, 0}, 9, 0, 9},
        BytesCase{"failed_read", "read", {3, 0, 4096}, -9, 0},
        BytesCase{"messages", "recvmmsg", {3, 0, 5, 0, 0}, 5, 0},
        BytesCase{"received", "recvfrom", {3, 0, 100, 0, 0, 0}, 60, 60},
        BytesCase{"peeked", "recvfrom", {3, 0, 100, MSG_PEEK, 0, 0}, 60, 0},
        BytesCase{"cut", "recvfrom", {3, 0, 10, MSG_TRUNC, 0, 0}, 60, 10},
        BytesCase{"message", "recvmsg", {3, IOR_CAPTURED | 10, MSG_TRUNC}, 60, 10},
        BytesCase{"unreadable_message", "recvmsg", {3, 0x7ffd0000, MSG_TRUNC}, 60, 60},
        BytesCase{"peeked_message", "recvmsg", {3, IOR_CAPTURED | 10, MSG_PEEK}, 10, 0},
        BytesCase{"attribute", "getxattr", {1, 2, 3, 64}, 20, 20},
        BytesCase{"attributes_size", "getxattr", {1, 2, 0, 0}, 20, 0},
        BytesCase{"open_files_attributes_size", "fgetxattr", {1, 2, 0, 0}, 20, 0},
        BytesCase{"list_size", "listxattr", {1, 0, 0}, 20, 0},
        BytesCase{"attributes_size_in_memory", "getxattrat", {1, 2, 0, 3, IOR_CAPTURED, 16}, 20, 0},
        BytesCase{"arguments_unknown", "recvfrom", {}, 60, 60}),
    [](const auto& info) { return info.param.what; });

}  // namespace
}  // namespace ior
