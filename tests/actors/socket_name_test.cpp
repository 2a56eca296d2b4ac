#include "actors/socket_name.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstring>

#include "bpf/wire.h"

namespace ior::test {
namespace {

std::string named(const ior_socket& socket, std::string_view path = {}) {
  std::string text(reinterpret_cast<const char*>(&socket), sizeof(socket));
  return socket_name(text.append(path), 4711);
}

ior_socket inet(const char* address, std::uint16_t port, const char* peer, std::uint16_t peer_port,
                int family = AF_INET) {
  ior_socket socket{};
  socket.family = static_cast<__u16>(family);
  socket.type = SOCK_STREAM;
  socket.port = port;
  socket.peer_port = htons(peer_port);
  ::inet_pton(family, address, socket.address);
  ::inet_pton(family, peer, socket.peer_address);
  return socket;
}

ior_socket unix_socket(bool is_peer_path = false) {
  ior_socket socket{};
  socket.family = AF_UNIX;
  socket.type = SOCK_DGRAM;
  socket.is_peer_path = is_peer_path;
  return socket;
}

TEST(SocketName, ShowsBothEndsOfAConnection) {
  EXPECT_EQ(named(inet("127.0.0.1", 41234, "127.0.0.1", 5432)),
            "socket:[4711 inet stream 127.0.0.1:41234->127.0.0.1:5432]");
  EXPECT_EQ(named(inet("::1", 41234, "2001:db8::1", 443, AF_INET6)),
            "socket:[4711 inet6 stream [::1]:41234->[2001:db8::1]:443]");
}

TEST(SocketName, ShowsWhatIsBoundOnly) {
  EXPECT_EQ(named(inet("0.0.0.0", 80, "0.0.0.0", 0)), "socket:[4711 inet stream 0.0.0.0:80]");
  EXPECT_EQ(named(inet("0.0.0.0", 0, "0.0.0.0", 0)), "socket:[4711 inet stream]");
}

TEST(SocketName, ShowsThePathOfAUnixSocket) {
  EXPECT_EQ(named(unix_socket()), "socket:[4711 unix dgram]");
  EXPECT_EQ(named(unix_socket(), "/run/a.sock"), "socket:[4711 unix dgram /run/a.sock]");
  EXPECT_EQ(named(unix_socket(), std::string_view("/run/a.sock\0rest", 16)),
            "socket:[4711 unix dgram /run/a.sock]");
  EXPECT_EQ(named(unix_socket(true), "/run/a.sock"), "socket:[4711 unix dgram ->/run/a.sock]");
  EXPECT_EQ(named(unix_socket(), std::string_view("\0abstract", 9)),
            "socket:[4711 unix dgram @abstract]");
}

TEST(SocketName, SaysWhatItHasNoWordFor) {
  ior_socket socket{};
  socket.family = 45;
  socket.type = 9;
  EXPECT_EQ(named(socket), "socket:[4711 family_45 type_9]");
  socket.family = AF_NETLINK;
  socket.type = SOCK_RAW;
  EXPECT_EQ(named(socket), "socket:[4711 netlink raw]");
}

TEST(SocketName, IsAsProcHasItWhereTheSocketIsGoneOrTheRecordTooShort) {
  EXPECT_EQ(named({}), "socket:[4711]");
  EXPECT_EQ(socket_name("short", 4711), "socket:[4711]");
  EXPECT_EQ(socket_name("", 4711), "socket:[4711]");
}

}  // namespace
}  // namespace ior::test
