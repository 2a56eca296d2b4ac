#include "model/arguments.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
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

constexpr std::uint64_t kDirty = 0xdeadbeef00000000;  // the kernel looks at the lower 32 bits
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
        ArgumentsCase{"connect", {3, 0x7000, 16}, "fd=3 sockaddr=0x7000 addrlen=16"},
        ArgumentsCase{
            "openat", {kWorkingDirectory, 1, O_RDONLY, 0177777}, "dirfd=AT_FDCWD flags=O_RDONLY"},
        ArgumentsCase{"open", {1, O_WRONLY | O_DIRECTORY, 07}, "flags=O_WRONLY|O_DIRECTORY"},
        ArgumentsCase{"open", {1, O_RDWR | O_TMPFILE, 0600}, "flags=O_RDWR|O_TMPFILE mode=0600"},
        ArgumentsCase{"mq_open", {1, O_RDONLY, 0177, 0}, "name=0x1 flags=O_RDONLY attrp=0x0"},
        ArgumentsCase{"creat", {1, 0640}, "mode=0640"},
        ArgumentsCase{"read", {3, 0x10, ~0ull}, "fd=3 buf=0x10 size=-1"},
        ArgumentsCase{"read", {3, 0x10, 0xffffffff}, "fd=3 buf=0x10 size=4294967295"},
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
        ArgumentsCase{"nanosleep", {captured(-5'000'000'000), 0}, "duration=-5s remaining_out=0x0"},
        ArgumentsCase{"nanosleep",
                      {captured(795'814'887'375'773'483), 0},
                      "duration=795814887.375773483s remaining_out=0x0"},
        ArgumentsCase{"nanosleep",
                      {captured((1ll << 62) - 1), 0},
                      "duration=>4611686018.427387903s remaining_out=0x0"},
        ArgumentsCase{"nanosleep",
                      {captured(-(1ll << 62)), 0},
                      "duration=<-4611686018.427387904s remaining_out=0x0"},
        ArgumentsCase{"splice",
                      {0, captured(-4096), 1, captured(7), 1, 0},
                      "fd_in=0 offset_in=-4096 fd_out=1 offset_out=7 size=1 flags=0"},
        ArgumentsCase{"faccessat2",
                      {kWorkingDirectory, 1, R_OK, 0x200},
                      "dirfd=AT_FDCWD mode=R_OK flags=AT_EACCESS"},
        ArgumentsCase{"name_to_handle_at",
                      {3, 1, 0x10, 0x20, 0x200},
                      "dirfd=3 handle=0x10 mount_idp=0x20 flags=AT_HANDLE_FID"},
        ArgumentsCase{"unlinkat", {3, 1, 0x200}, "dirfd=3 flags=AT_REMOVEDIR"},
        ArgumentsCase{"close_range", {kDirty | 3, kDirty | 4, kDirty}, "first=3 last=4 flags=0x0"},
        ArgumentsCase{"epoll_create", {kDirty | 1}, "size=1"},
        ArgumentsCase{"setns", {3, kDirty | CLONE_NEWNS}, "fd=3 flags=CLONE_NEWNS"},
        ArgumentsCase{
            "ptrace", {1ull << 32, 7, 0, 0}, "request=4294967296 pid=7 addr=0x0 data=0x0"},
        ArgumentsCase{"pkey_mprotect",
                      {0, 1, 1ull << 32 | PROT_READ, 2},
                      "addr=0x0 length=1 prot=PROT_READ|0x100000000 pkey=2"},
        ArgumentsCase{"fanotify_init", {0, O_RDONLY}, "flags=0x0 event_f_flags=O_RDONLY"},
        ArgumentsCase{
            "futex",
            {0x10, 128, 2, captured(7), 0, 0},
            "uaddr=0x10 op=FUTEX_WAIT|FUTEX_PRIVATE_FLAG val=2 timeout=0.000000007s uaddr2=0x0 "
            "val3=0x0"}),
    [](const auto& info) {
      return std::string(info.param.syscall) + "_" + std::to_string(info.index);
    });

std::string text_of(std::uint32_t number, ior_table table, std::vector<std::uint64_t> args) {
  Call call;
  call.number = number;
  call.table = table;
  call.args = args;
  return text_of(call);
}

TEST(Arguments, of_32_bit_calls_have_their_own_width) {
  EXPECT_EQ(text_of(3, IOR_TABLE_32, {3, 0x10, 0xffffffff}), "fd=3 buf=0x10 size=-1");
  EXPECT_EQ(text_of(5, IOR_TABLE_32, {0x10, O_RDONLY, 0177777}), "flags=O_RDONLY");
}

// IORING_OP_RECV into a buffer that is chosen later, IORING_OP_OPENAT.
TEST(Arguments, of_requests_leave_out_what_they_do_not_have) {
  EXPECT_EQ(text_of(27, IOR_TABLE_URING, {3, 0, ~0ull, 0}), "fd=3 buf=0x0 flags=0");
  EXPECT_EQ(text_of(18, IOR_TABLE_URING, {3, 0, O_RDONLY, 0}), "dirfd=3 flags=O_RDONLY");
}

struct AddressCase {
  const char* text;
  std::string bytes;
};

template <typename T>
std::string bytes_of(const T& address, std::size_t size = sizeof(T)) {
  return {reinterpret_cast<const char*>(&address), size};
}

std::string inet_bytes(const char* host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host, &address.sin_addr);
  return bytes_of(address);
}

std::string inet6_bytes(const char* host, std::uint16_t port, std::uint32_t scope) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  ::inet_pton(AF_INET6, host, &address.sin6_addr);
  address.sin6_scope_id = scope;
  return bytes_of(address);
}

std::string unix_bytes(std::string_view path) {
  constexpr sa_family_t kFamily = AF_UNIX;
  return bytes_of(kFamily).append(path);
}

class ArgumentsAddress : public testing::TestWithParam<AddressCase> {};

TEST_P(ArgumentsAddress, is_shown_as_its_family_has_it) {
  const std::vector<std::uint64_t> args = {3, 0x7000, 16};
  Call call;
  call.number = find_syscall("connect")->number;
  call.args = args;
  call.address = GetParam().bytes;
  EXPECT_EQ(text_of(call), std::string("fd=3 addr=") + GetParam().text + " addrlen=16");
}

INSTANTIATE_TEST_SUITE_P(
    Families, ArgumentsAddress,
    testing::Values(AddressCase{"AF_INET:127.0.0.1:443", inet_bytes("127.0.0.1", 443)},
                    AddressCase{"AF_INET", inet_bytes("127.0.0.1", 443).substr(0, 7)},
                    AddressCase{"AF_INET6:[::1]:80", inet6_bytes("::1", 80, 0)},
                    AddressCase{"AF_INET6:[fe80::1%3]:80", inet6_bytes("fe80::1", 80, 3)},
                    AddressCase{"AF_INET6:[::1]:80", inet6_bytes("::1", 80, 0).substr(0, 24)},
                    AddressCase{"AF_INET6", inet6_bytes("::1", 80, 0).substr(0, 23)},
                    AddressCase{"AF_UNIX:/run/x.sock", unix_bytes("/run/x.sock")},
                    AddressCase{"AF_UNIX:/run/x.sock",
                                unix_bytes(std::string_view("/run/x.sock\0rest", 16))},
                    AddressCase{"AF_UNIX:@abstract", unix_bytes(std::string_view("\0abstract", 9))},
                    AddressCase{"AF_UNIX", unix_bytes("")},
                    AddressCase{"AF_NETLINK", std::string("\x10\0\0\0\0\0\0\0\0\0\0\0", 12)},
                    AddressCase{"AF_UNSPEC", std::string("\0\0", 2)},
                    AddressCase{"999", std::string("\xe7\x03", 2)}));

TEST(Arguments, of_a_message_have_its_address_behind_its_size) {
  const std::vector<std::uint64_t> args = {3, captured(11), 0};
  const std::string address = unix_bytes("/run/x");
  Call call;
  call.number = find_syscall("sendmsg")->number;
  call.args = args;
  call.address = address;
  EXPECT_EQ(text_of(call), "fd=3 size=11 addr=AF_UNIX:/run/x flags=0");
}

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
