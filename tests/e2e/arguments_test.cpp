// The arguments of calls as -args shows them, and the bytes of calls whose return is no number of
// bytes moved.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "tests/e2e/call32.hpp"
#include "tests/e2e/trace.hpp"
#include "tests/e2e/untouched.hpp"

namespace ior::e2e {
namespace {

using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;

TEST(Arguments, are_shown_by_name_and_meaning) {
  const Traced traced = trace_child(
      [] {
        std::array<char, 16> buffer{};
        const int file = ::open("/dev/zero", O_RDONLY);
        (void)!::pread(file, buffer.data(), 10, 1234);
        std::array<iovec, 2> parts = {{{buffer.data(), 5}, {buffer.data() + 5, 6}}};
        (void)!::readv(file, parts.data(), 2);
        const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
        const int client = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, client, &event);
        ::epoll_wait(epoll, &event, 1, 3);
        const timespec pause = {0, 2'000'000};
        ::nanosleep(&pause, nullptr);
        const std::array<std::uint64_t, 3> how = {O_RDONLY | O_DIRECTORY, 0, 0};
        ::syscall(SYS_openat2, AT_FDCWD, "/tmp", how.data(), sizeof(how));
        const auto start = reinterpret_cast<std::uint64_t>(::sbrk(0));
        ::syscall(SYS_brk, start + 4096);
      },
      {"-plain", "-args", "-trace-families", "all"});
  EXPECT_EQ(traced.rows.front(),
            "time,durationToPrevNs,durationNs,comm,pid,tid,name,ret,file,args");
  for (const char* end : {
           "size=10 offset=1234",
           "size=11 vlen=2",
           "flags=O_CLOEXEC",
           "domain=AF_INET type=SOCK_DGRAM|SOCK_CLOEXEC protocol=0",
           "events=EPOLLIN|EPOLLET",
           "maxevents=1 timeout_ms=3",
           "flags=O_RDONLY|O_DIRECTORY size=24",
       }) {
    EXPECT_THAT(traced.rows, Contains(EndsWith(end)));
  }
  EXPECT_THAT(traced.rows, Contains(HasSubstr(" duration=0.002s ")));
  EXPECT_THAT(traced.rows, Contains(HasSubstr(" old_brk=0x")));
}

TEST(Arguments, are_as_wide_as_the_kernel_takes_them_and_keep_their_sign) {
  constexpr std::uint64_t kDirty = 0xdeadbeef00000000;
  const Traced traced = trace_child(
      [] {
        const std::int64_t last = -1, page = -4096, most = INT64_MAX;
        ::syscall(SYS_copy_file_range, 0, &last, 0, &page, 1, kDirty);
        ::syscall(SYS_copy_file_range, 0, &most, 0, &page, 1, 0);
        const timespec negative = {-5, 0}, deadline = {795814887, 375773483},
                       endless = {INT64_MAX, 0};
        ::syscall(SYS_nanosleep, &negative, nullptr);
        ::syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &deadline, nullptr);
        ::syscall(SYS_clock_nanosleep, 77, 0, &endless, nullptr);
        ::syscall(SYS_close_range, kDirty | 0x1000, kDirty | 0x1001, kDirty);
        ::syscall(SYS_epoll_create, kDirty | 1);
        ::syscall(500, 1L, 2L, 3L, 4L, 5L, 6L);
      },
      {"-plain", "-args", "-trace-families", "all"});
  for (const char* end : {
           "fd_in=0 offset_in=-1 fd_out=0 offset_out=-4096 size=1 flags=0x0",
           "duration=-5s remaining_out=0x0",
           "duration=795814887.375773483s remaining_out=0x0",
           "duration=>4611686018.427387903s remaining_out=0x0",
           "first=4096 last=4097 flags=0x0",
           ",size=1",
           "arg0=0x1 arg1=0x2 arg2=0x3 arg3=0x4 arg4=0x5 arg5=0x6",
       }) {
    EXPECT_THAT(traced.rows, Contains(EndsWith(end)));
  }
  EXPECT_THAT(traced.rows, Contains(HasSubstr("fd_in=0 offset_in=0x"))) << "the address: no room";
}

void must(bool holds) {
  if (!holds) ::_exit(6);
}

struct UnixAddress {
  sockaddr_un address{};
  socklen_t size;
  explicit UnixAddress(std::string_view path)
      : size(static_cast<socklen_t>(sizeof(sa_family_t) + path.size())) {
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path));
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

// Port 1 of this host, which nobody has.
sockaddr_in6 closed_port() {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(1);
  address.sin6_addr = in6addr_loopback;
  return address;
}

long call(long number, int fd, const void* address, socklen_t size) {
  return ::syscall(number, fd, address, size);
}

void send_to(int fd, const UnixAddress& to) {
  iovec part = {const_cast<char*>("text"), 4};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_name = const_cast<sockaddr*>(to.get());
  message.msg_namelen = to.size;
  must(::sendmsg(fd, &message, 0) == -1);
  must(::sendto(fd, "text", 4, 0, to.get(), to.size) == -1);
}

TEST(Arguments, have_the_addresses_that_sockets_are_given) {
  const TempDir directory;
  const std::string bound = directory.file("bound");
  const Traced traced = trace_child(
      [&] {
        const int stream = ::socket(AF_UNIX, SOCK_STREAM, 0);
        const int inet6 = ::socket(AF_INET6, SOCK_STREAM, 0);
        const int datagram = ::socket(AF_UNIX, SOCK_DGRAM, 0);
        const UnixAddress path("/no/such.sock"), name(std::string_view("\0nobody", 7));
        must(::connect(stream, path.get(), path.size) == -1);
        must(::connect(stream, name.get(), name.size) == -1);
        const std::string bytes(reinterpret_cast<const char*>(path.get()), path.size);
        must(call(SYS_connect, stream, untouched(bytes), path.size) == -1);
        const sockaddr_in6 port = closed_port();
        must(call(SYS_connect, inet6, &port, sizeof(port)) == -1);
        const UnixAddress here(bound), missing("/missing/dir");
        must(::bind(datagram, here.get(), here.size) == 0);
        must(::bind(stream, missing.get(), missing.size) == -1);
        send_to(datagram, UnixAddress("/no/reader"));
        must(::connect(stream, path.get(), 200) == -1);  // more than the kernel takes
        must(::send(stream, "x", 1, MSG_NOSIGNAL) == -1);
        Low low;
        const long low_address = low.text(bytes);
        must(call32("connect", stream, low_address, path.size) < 0);
      },
      {"-plain", "-args", "-trace-families", "Network"});
  const auto rows_with = [&](const std::string& call, const std::string& text) {
    return std::ranges::count_if(traced.rows, [&](const std::string& row) {
      return row.contains("," + call + ",") && row.contains(text);
    });
  };
  EXPECT_EQ(rows_with("connect", " addr=AF_UNIX:/no/such.sock addrlen=15"), 2);
  EXPECT_EQ(rows_with("connect", " addr=AF_UNIX:@nobody addrlen=9"), 1);
  EXPECT_EQ(rows_with("connect", " addr=AF_INET6:[::1]:1 addrlen=28"), 1);
  EXPECT_EQ(rows_with("connect", " sockaddr=0x"), 1);
  EXPECT_EQ(rows_with("bind", bound + "],fd="), 1) << "the socket's name has it by then";
  EXPECT_EQ(rows_with("bind", " addr=AF_UNIX:" + bound + " "), 1);
  EXPECT_EQ(rows_with("bind", " addr=AF_UNIX:/missing/dir "), 1);
  EXPECT_EQ(rows_with("sendmsg", " size=4 addr=AF_UNIX:/no/reader "), 1);
  EXPECT_EQ(rows_with("sendto", " addr=AF_UNIX:/no/reader "), 1);
  EXPECT_EQ(rows_with("sendto", " sockaddr=0x0 "), 1);
  EXPECT_EQ(rows_with("i386_connect", " addr=AF_UNIX:/no/such.sock addrlen=15"), 1);
}

TEST(Arguments, without_rows_are_refused) {
  const TempDir directory;
  const Finished finished = run({IOR_BIN, "-args"}, directory.path());
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_THAT(finished.err, HasSubstr("-plain"));
}

TEST(Bytes, of_messages_are_those_that_left_the_socket) {
  const Traced traced = trace_child(
      [] {
        std::array<int, 2> ends{};
        ::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends.data());
        std::array<char, 100> buffer{};
        for (int i = 0; i < 3; ++i) ::send(ends[0], buffer.data(), 100, 0);
        ::recv(ends[1], buffer.data(), 100, MSG_PEEK);
        ::recv(ends[1], buffer.data(), 7, MSG_TRUNC);
        iovec part = {buffer.data(), 9};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        ::recvmsg(ends[1], &message, MSG_PEEK | MSG_TRUNC);
        ::recvmsg(ends[1], &message, MSG_TRUNC);
        std::array<mmsghdr, 2> messages{};
        messages[0].msg_hdr = message;
        ::recvmmsg(ends[1], messages.data(), 1, 0, nullptr);
      },
      {"-trace-families", "Network"});
  EXPECT_EQ(sum_of(traced.records, "enter_sendto").bytes_written, 300u);
  EXPECT_EQ(sum_of(traced.records, "enter_recvfrom").count, 2u);
  EXPECT_EQ(sum_of(traced.records, "enter_recvfrom").bytes_read, 7u);
  EXPECT_EQ(sum_of(traced.records, "enter_recvmsg").count, 2u);
  EXPECT_EQ(sum_of(traced.records, "enter_recvmsg").bytes_read, 9u);
  EXPECT_EQ(sum_of(traced.records, "enter_recvmmsg").count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_recvmmsg").bytes_read, 0u);
}

TEST(Bytes, of_attributes_are_none_where_their_size_was_asked_for) {
  const TempDir directory;
  const std::string path = directory.file("file");
  const Traced traced = trace_child([&] {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
    ::fsetxattr(fd, "user.ior", "value", 5, 0);
    std::array<char, 64> value{};
    ::getxattr(path.c_str(), "user.ior", nullptr, 0);
    ::getxattr(path.c_str(), "user.ior", value.data(), value.size());
    ::flistxattr(fd, nullptr, 0);
    ::flistxattr(fd, value.data(), value.size());
  });
  EXPECT_EQ(sum_of(traced.records, "enter_getxattr", path).count, 2u);
  EXPECT_EQ(sum_of(traced.records, "enter_getxattr", path).bytes_read, 5u);
  EXPECT_EQ(sum_of(traced.records, "enter_flistxattr", path).count, 2u);
  EXPECT_EQ(sum_of(traced.records, "enter_flistxattr", path).bytes_read, sizeof("user.ior"));
}

}  // namespace
}  // namespace ior::e2e
