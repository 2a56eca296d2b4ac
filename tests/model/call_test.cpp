#include "model/call.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <vector>

#include "catalog/catalog.hpp"

namespace ior {
namespace {

struct BytesCase {
  const char* what;
  const char* syscall;
  std::vector<std::uint64_t> args;
  std::int64_t ret;
  std::uint64_t bytes;
};

class CallBytes : public testing::TestWithParam<BytesCase> {};

TEST_P(CallBytes, are_those_that_were_moved) {
  Call call;
  call.number = find_syscall(GetParam().syscall)->number;
  call.args = GetParam().args;
  call.ret = GetParam().ret;
  EXPECT_EQ(bytes_of(call), GetParam().bytes);
}

INSTANTIATE_TEST_SUITE_P(
    Traps, CallBytes,
    testing::Values(
        BytesCase{"read", "read", {3, 0, 4096}, 100, 100},
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
