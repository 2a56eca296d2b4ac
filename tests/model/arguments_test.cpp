#include "model/arguments.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <vector>

#include "catalog/catalog.hpp"

namespace ior {
namespace {

struct ArgumentsCase {
  const char* syscall;
  std::vector<std::uint64_t> args;
  const char* text;
};

std::uint64_t captured(std::uint64_t value) {
  return value | IOR_CAPTURED;
}

std::string text_of(const Call& call) {
  std::string text;
  append_arguments(text, call);
  return text;
}

class ArgumentsText : public testing::TestWithParam<ArgumentsCase> {};

TEST_P(ArgumentsText, says_what_was_passed) {
  Call call;
  call.number = find_syscall(GetParam().syscall)->number;
  call.args = GetParam().args;
  EXPECT_EQ(text_of(call), GetParam().text);
}

constexpr std::uint64_t kWorkingDirectory = static_cast<std::uint32_t>(AT_FDCWD);

INSTANTIATE_TEST_SUITE_P(
    Kinds, ArgumentsText,
    testing::Values(
        ArgumentsCase{"getpid", {}, ""},
        ArgumentsCase{"read", {3, 0x1000, 4096}, "fd=3 buf=0x1000 size=4096"},
        ArgumentsCase{"read", {0xffffffff, 0, 0}, "fd=-1 buf=0x0 size=0"},
        ArgumentsCase{"pread64", {3, 1, 2, ~0ull}, "fd=3 buf=0x1 size=2 offset=-1"},
        ArgumentsCase{"openat",
                      {kWorkingDirectory, 1, O_WRONLY | O_CREAT, 0644},
                      "dirfd=AT_FDCWD flags=O_WRONLY|O_CREAT mode=0644"},
        ArgumentsCase{
            "openat2", {3, 1, captured(O_PATH), 24}, "dirfd=3 flags=O_RDONLY|O_PATH size=24"},
        ArgumentsCase{"openat2", {3, 1, 0x10, 24}, "dirfd=3 how=0x10 size=24"},
        ArgumentsCase{"rename", {1, 2}, ""},
        ArgumentsCase{"socket",
                      {AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 17},
                      "domain=AF_INET6 type=SOCK_DGRAM|SOCK_NONBLOCK protocol=17"},
        ArgumentsCase{"socket", {99, 15, 0}, "domain=99 type=15 protocol=0"},
        ArgumentsCase{"connect",
                      {3, captured(2ull << 48 | 443ull << 32 | 0x7f000001), 16},
                      "fd=3 addr=AF_INET:127.0.0.1:443 addrlen=16"},
        ArgumentsCase{"connect", {3, captured(1ull << 48), 110}, "fd=3 addr=AF_UNIX addrlen=110"},
        ArgumentsCase{"epoll_ctl",
                      {4, EPOLL_CTL_MOD, 5, captured(EPOLLIN | EPOLLET | 0x20000)},
                      "epfd=4 op=EPOLL_CTL_MOD target_fd=5 events=EPOLLIN|EPOLLET|0x20000"},
        ArgumentsCase{"ppoll",
                      {0x10, 2, captured(1'500'000'000), 0, 8},
                      "fds=0x10 nfds=2 timeout=1.5s sigmask=0x0 sigsetsize=8"},
        ArgumentsCase{
            "ppoll", {0, 0, 0, 0, 8}, "fds=0x0 nfds=0 timeout=0x0 sigmask=0x0 sigsetsize=8"},
        ArgumentsCase{"writev", {1, captured(12), 2}, "fd=1 size=12 vlen=2"},
        ArgumentsCase{"writev", {1, 0x7000, 2}, "fd=1 vec=0x7000 vlen=2"},
        ArgumentsCase{"mmap",
                      {0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 4096},
                      "addr=0x0 length=8192 prot=PROT_READ|PROT_WRITE flags=MAP_SHARED fd=3 "
                      "offset=4096"},
        ArgumentsCase{"brk", {0x3000, captured(0x1000)}, "addr=0x3000 old_brk=0x1000"},
        ArgumentsCase{"kill", {7, 9}, "pid=7 signal=SIGKILL"},
        ArgumentsCase{"futex",
                      {0x10, 128, 2, captured(7), 0, 0},
                      "uaddr=0x10 op=FUTEX_WAIT|FUTEX_PRIVATE_FLAG val=2 timeout=7e-09s uaddr2=0x0 "
                      "val3=0x0"}),
    [](const auto& info) {
      return std::string(info.param.syscall) + "_" + std::to_string(info.index);
    });

TEST(Arguments, of_a_syscall_without_a_row_are_numbered) {
  const std::vector<std::uint64_t> args = {1, 16};
  Call call;
  call.number = 999;
  call.args = args;
  EXPECT_EQ(text_of(call), "arg0=0x1 arg1=0x10");
}

TEST(Arguments, missing_ones_are_left_out) {
  const std::vector<std::uint64_t> args = {1};
  Call call;
  call.number = find_syscall("read")->number;
  call.args = args;
  EXPECT_EQ(text_of(call), "fd=1");
}

}  // namespace
}  // namespace ior
