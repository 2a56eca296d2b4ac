// Exercises of family Network.
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kBadOption = 1 << 20;
constexpr std::string_view kText = "hello";
constexpr long kTextBytes = kText.size();
constexpr long kPeekedBytes = 2;
constexpr const char* kAddress = "listener";

std::array<char, 100> buffer;

sockaddr_un address_of(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path);
  return address;
}

OpenFile described(OpenFile socket, std::string_view detail) {
  socket.path = with_detail(std::move(socket.path), detail);
  return socket;
}

OpenFile new_socket(int type, std::string_view detail) {
  return described(adopt(::socket(AF_UNIX, type, 0), O_RDWR), detail);
}

struct SocketPair {
  OpenFile left;
  OpenFile right;
};

SocketPair new_pair(int type, std::string_view detail) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, type, 0, ends.data()) != 0) throw SyscallError("socketpair", errno);
  return {described(adopt(ends[0], O_RDWR), detail), described(adopt(ends[1], O_RDWR), detail)};
}

SocketPair new_streams() {
  return new_pair(SOCK_STREAM, "unix stream");
}

// A datagram socket that has something to be read.
OpenFile new_receiver() {
  const SocketPair pair = new_pair(SOCK_DGRAM, "unix dgram");
  sys::write(pair.left.fd, kText);
  return pair.right;
}

OpenFile new_bound() {
  OpenFile socket = adopt(::socket(AF_UNIX, SOCK_STREAM, 0), O_RDWR);
  const sockaddr_un address = address_of(kAddress);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(socket.fd, generic, sizeof address) != 0) throw SyscallError("bind", errno);
  return described(std::move(socket), "unix stream listener");
}

OpenFile new_listener() {
  OpenFile listener = new_bound();
  if (::listen(listener.fd, 1) != 0) throw SyscallError("listen", errno);
  return listener;
}

// Connected to the listener.
OpenFile new_client() {
  OpenFile client = adopt(::socket(AF_UNIX, SOCK_STREAM, 0), O_RDWR);
  const sockaddr_un address = address_of(kAddress);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(client.fd, generic, sizeof address) != 0) throw SyscallError("connect", errno);
  return described(std::move(client), "unix stream ->listener");
}

msghdr message_of(iovec& part) {
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return message;
}

}  // namespace

void sendfile64(const Calls& calls) {
  const OpenFile from = new_file(calls, "from", kText);
  const OpenFile to = new_file(calls, "to");
  calls.returns(kTextBytes, {to.fd, from.fd, nullptr, 100},
                on(to).from(from.path).moving(kTextBytes));
  calls.fails(EBADF, {to.fd, kClosedFd, nullptr, 100}, on(to).from(on_closed_fd().path));
  calls.fails(EBADF, {kClosedFd, from.fd, nullptr, 100}, on_closed_fd().from(from.path));
}

void splice(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  const Pipe pipe = new_pipe();
  calls.returns(kTextBytes, {file.fd, nullptr, pipe.in.fd, nullptr, 100, 0},
                on(pipe.in).from(file.path).moving(kTextBytes));
  calls.fails(EINVAL, {file.fd, nullptr, file.fd, nullptr, 100, 0}, on(file).from(file.path));
}

void tee(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  const Pipe from = new_pipe();
  const Pipe to = new_pipe();
  sys::write(from.in.fd, kText);
  calls.returns(kTextBytes, {from.out.fd, to.in.fd, 100, 0},
                on(to.in).from(from.out.path).moving(kTextBytes));
  calls.fails(EINVAL, {from.out.fd, file.fd, 100, 0}, on(file).from(from.out.path));
}

void vmsplice(const Calls& calls) {
  const Pipe pipe = new_pipe();
  const OpenFile file = new_file(calls, "file");
  const iovec part = {buffer.data(), 10};
  calls.returns(10, {pipe.in.fd, &part, 1, 0}, on(pipe.in).moving(10));
  calls.returns(10, {pipe.out.fd, &part, 1, 0}, on(pipe.out).moving(10));
  calls.fails(EBADF, {file.fd, &part, 1, 0}, on(file));
}

void socket(const Calls& calls) {
  calls.opens({AF_UNIX, SOCK_STREAM, 0}, O_RDWR, "unix stream");
  calls.opens({AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0}, O_RDWR | O_NONBLOCK, "inet dgram");
  calls.fails(EAFNOSUPPORT, {9999, SOCK_STREAM, 0});
}

void socketpair(const Calls& calls) {
  std::array<int, 2> ends{};
  calls.returns(0, {AF_UNIX, SOCK_STREAM, 0, ends.data()});
  calls.fails(EOPNOTSUPP, {AF_INET, SOCK_STREAM, 0, ends.data()});
}

void bind(const Calls& calls) {
  const sockaddr_un address = address_of(kAddress);
  const OpenFile socket = new_socket(SOCK_STREAM, "unix stream");
  const OpenFile other = new_socket(SOCK_STREAM, "unix stream");
  calls.returns(0, {socket.fd, &address, sizeof address}, on(described(socket, "listener")));
  calls.fails(EADDRINUSE, {other.fd, &address, sizeof address}, on(other));
}

void listen(const Calls& calls) {
  const OpenFile listener = new_bound();
  const OpenFile datagrams = new_socket(SOCK_DGRAM, "unix dgram");
  calls.returns(0, {listener.fd, 2}, on(listener));
  calls.fails(EOPNOTSUPP, {datagrams.fd, 2}, on(datagrams));
}

void connect(const Calls& calls) {
  new_listener();
  const OpenFile client = new_socket(SOCK_STREAM, "unix stream");
  const sockaddr_un absent = address_of("absent");
  const sockaddr_un present = address_of(kAddress);
  calls.fails(ENOENT, {client.fd, &absent, sizeof absent}, on(client));
  calls.returns(0, {client.fd, &present, sizeof present}, on(described(client, "->listener")));
}

void accept(const Calls& calls) {
  const OpenFile listener = new_listener();
  const OpenFile client = new_client();
  calls.succeeds({listener.fd, nullptr, nullptr}, on(listener));
  calls.fails(EINVAL, {client.fd, nullptr, nullptr}, on(client));
}

void accept4(const Calls& calls) {
  const OpenFile listener = new_listener();
  new_client();
  calls.succeeds({listener.fd, nullptr, nullptr, SOCK_CLOEXEC}, on(listener));
  calls.fails(EINVAL, {listener.fd, nullptr, nullptr, kBadOption}, on(listener));
}

void sendto(const Calls& calls) {
  const SocketPair pair = new_streams();
  const OpenFile file = new_file(calls, "file");
  calls.returns(kTextBytes, {pair.left.fd, kText.data(), kTextBytes, 0, nullptr, 0},
                on(pair.left).moving(kTextBytes));
  calls.fails(ENOTSOCK, {file.fd, kText.data(), kTextBytes, 0, nullptr, 0}, on(file));
}

void recvfrom(const Calls& calls) {
  const OpenFile socket = new_receiver();
  const auto receive = [&](int flags, long returned, long moved) {
    calls.returns(returned, {socket.fd, buffer.data(), kPeekedBytes, flags, nullptr, nullptr},
                  on(socket).moving(moved));
  };
  receive(MSG_PEEK, kPeekedBytes, 0);
  receive(MSG_PEEK | MSG_TRUNC, kTextBytes, 0);
  receive(MSG_TRUNC, kTextBytes, kPeekedBytes);
  calls.fails(EAGAIN, {socket.fd, buffer.data(), 1, MSG_DONTWAIT, nullptr, nullptr}, on(socket));
}

void sendmsg(const Calls& calls) {
  const SocketPair pair = new_streams();
  iovec part = {buffer.data(), 10};
  const msghdr message = message_of(part);
  calls.returns(10, {pair.left.fd, &message, 0}, on(pair.left).moving(10));
  calls.fails(EFAULT, {pair.left.fd, kBadAddress, 0}, on(pair.left));
}

void recvmsg(const Calls& calls) {
  const OpenFile socket = new_receiver();
  iovec part = {buffer.data(), kPeekedBytes};
  const msghdr message = message_of(part);
  calls.returns(kPeekedBytes, {socket.fd, &message, MSG_PEEK}, on(socket));
  calls.returns(kTextBytes, {socket.fd, &message, MSG_TRUNC}, on(socket).moving(kPeekedBytes));
  calls.fails(EAGAIN, {socket.fd, &message, MSG_DONTWAIT}, on(socket));
}

void sendmmsg(const Calls& calls) {
  const SocketPair pair = new_streams();
  iovec part = {buffer.data(), 10};
  std::array<mmsghdr, 2> messages = {{{message_of(part), 0}, {message_of(part), 0}}};
  calls.returns(2, {pair.left.fd, messages.data(), 2, 0}, on(pair.left));
  calls.fails(EBADF, {kClosedFd, messages.data(), 2, 0}, on_closed_fd());
}

void recvmmsg(const Calls& calls) {
  const OpenFile socket = new_receiver();
  iovec part = {buffer.data(), buffer.size()};
  std::array<mmsghdr, 2> messages = {{{message_of(part), 0}, {message_of(part), 0}}};
  calls.returns(1, {socket.fd, messages.data(), 2, MSG_DONTWAIT, nullptr}, on(socket));
  calls.fails(EAGAIN, {socket.fd, messages.data(), 2, MSG_DONTWAIT, nullptr}, on(socket));
}

void shutdown(const Calls& calls) {
  const SocketPair pair = new_streams();
  const OpenFile lonely = new_socket(SOCK_STREAM, "unix stream");
  calls.returns(0, {pair.left.fd, SHUT_WR}, on(pair.left));
  calls.fails(EINVAL, {lonely.fd, 9999}, on(lonely));
}

void getsockname(const Calls& calls) {
  const OpenFile listener = new_listener();
  socklen_t bytes = buffer.size();
  calls.returns(0, {listener.fd, buffer.data(), &bytes}, on(listener));
  calls.fails(EFAULT, {listener.fd, buffer.data(), kBadAddress}, on(listener));
}

void getpeername(const Calls& calls) {
  const OpenFile listener = new_listener();
  const OpenFile client = new_client();
  socklen_t bytes = buffer.size();
  calls.returns(0, {client.fd, buffer.data(), &bytes}, on(client));
  calls.fails(ENOTCONN, {listener.fd, buffer.data(), &bytes}, on(listener));
}

void setsockopt(const Calls& calls) {
  const OpenFile socket = new_socket(SOCK_STREAM, "unix stream");
  const int yes = 1;
  calls.returns(0, {socket.fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes}, on(socket));
  calls.fails(ENOPROTOOPT, {socket.fd, SOL_SOCKET, 9999, &yes, sizeof yes}, on(socket));
}

void getsockopt(const Calls& calls) {
  const OpenFile socket = new_socket(SOCK_STREAM, "unix stream");
  socklen_t bytes = buffer.size();
  calls.returns(0, {socket.fd, SOL_SOCKET, SO_TYPE, buffer.data(), &bytes}, on(socket));
  calls.fails(ENOPROTOOPT, {socket.fd, SOL_SOCKET, 9999, buffer.data(), &bytes}, on(socket));
}

}  // namespace ioworkload::exercise
