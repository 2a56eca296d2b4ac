// The names of sockets, which change with bind, connect and accept.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

std::uint64_t inode_of(int fd) {
  struct stat status {};
  ::fstat(fd, &status);
  return status.st_ino;
}

const sockaddr* generic(const auto& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

// Each line of the file is a name that an fsync must have been recorded with, once.
void expect_names(const Records& records, const std::string& notes, int wanted) {
  std::ifstream in(notes);
  int lines = 0;
  for (std::string name; std::getline(in, name); ++lines) {
    EXPECT_EQ(sum_of(records, "enter_fsync", name).count, 1u) << name;
  }
  EXPECT_EQ(lines, wanted);
}

TEST(Sockets, of_an_inet_connection_show_both_ends) {
  const TempDir directory;
  const std::string notes = directory.file("notes");
  const Traced traced = trace_child([&] {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener, generic(address), sizeof(address));
    ::listen(listener, 1);
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    ::fsync(client);
    const std::uint64_t fresh = inode_of(client);
    address.sin_port = htons(port_of(listener));
    ::connect(client, generic(address), sizeof(address));
    const int server = ::accept(listener, nullptr, nullptr);
    ::fsync(client);
    ::fsync(server);
    const std::string here = "127.0.0.1:" + std::to_string(port_of(client));
    const std::string there = "127.0.0.1:" + std::to_string(port_of(server));
    std::ofstream(notes) << "socket:[" << fresh << " inet stream]\n"
                         << "socket:[" << fresh << " inet stream " << here << "->" << there << "]\n"
                         << "socket:[" << inode_of(server) << " inet stream " << there << "->"
                         << here << "]\n";
  });
  expect_names(traced.records, notes, 3);
}

TEST(Sockets, of_the_unix_family_show_their_path) {
  const TempDir directory;
  const std::string notes = directory.file("notes"), path = directory.file("sock");
  const Traced traced = trace_child([&] {
    const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ::bind(listener, generic(address), sizeof(address));
    ::listen(listener, 1);
    const int client = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ::connect(client, generic(address), sizeof(address));
    const int server = ::accept(listener, nullptr, nullptr);
    ::fsync(client);
    ::fsync(server);
    std::ofstream(notes) << "socket:[" << inode_of(client) << " unix stream ->" << path << "]\n"
                         << "socket:[" << inode_of(server) << " unix stream " << path << "]\n";
  });
  expect_names(traced.records, notes, 2);
}

TEST(Sockets, keep_their_name_when_they_are_closed_during_connect) {
  const TempDir directory;
  const std::string notes = directory.file("notes"), path = directory.file("sock");
  const Traced traced = trace_child(
      [&] {
        const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof(address.sun_path) - 1);
        ::bind(listener, generic(address), sizeof(address));
        ::listen(listener, 0);
        const int first = ::socket(AF_UNIX, SOCK_STREAM, 0);
        ::connect(first, generic(address), sizeof(address));
        const int second = ::socket(AF_UNIX, SOCK_STREAM, 0);
        std::ofstream(notes) << "socket:[" << inode_of(second) << " unix stream]\n";
        std::thread waiter([&] { ::connect(second, generic(address), sizeof(address)); });
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        ::close(second);
        ::accept(listener, nullptr, nullptr);  // makes room
        waiter.join();
      },
      {"-trace-families", "Network"});
  std::ifstream in(notes);
  std::string name;
  std::getline(in, name);
  EXPECT_EQ(sum_of(traced.records, "enter_connect", name).count, 1u) << name;
}

}  // namespace
}  // namespace ior::e2e
