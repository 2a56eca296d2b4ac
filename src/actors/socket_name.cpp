#include "actors/socket_name.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include <fmt/format.h>

#include "bpf/wire.h"

namespace ior {
namespace {

struct NamedNumber {
  int number;
  std::string_view name;
};

constexpr NamedNumber kFamilies[] = {
    {AF_UNIX, "unix"},
    {AF_INET, "inet"},
    {AF_INET6, "inet6"},
    {AF_NETLINK, "netlink"},
    {AF_PACKET, "packet"},
    {AF_VSOCK, "vsock"},
    {AF_BLUETOOTH, "bluetooth"},
    {AF_ALG, "alg"},
    {AF_CAN, "can"},
    {AF_TIPC, "tipc"},
    {AF_KCM, "kcm"},
    {AF_QIPCRTR, "qipcrtr"},
    {AF_XDP, "xdp"},
    {AF_KEY, "key"},
    {AF_RDS, "rds"},
};

constexpr NamedNumber kTypes[] = {
    {SOCK_STREAM, "stream"}, {SOCK_DGRAM, "dgram"},         {SOCK_RAW, "raw"},
    {SOCK_RDM, "rdm"},       {SOCK_SEQPACKET, "seqpacket"}, {SOCK_PACKET, "packet"},
};

std::string name_in(std::span<const NamedNumber> names, int number, std::string_view kind) {
  const auto found = std::ranges::find(names, number, &NamedNumber::number);
  if (found != names.end()) return std::string(found->name);
  return fmt::format("{}_{}", kind, number);
}

template <std::size_t Size>
bool is_set(const std::uint8_t (&address)[Size], std::uint16_t port) {
  return port != 0 || std::ranges::any_of(address, [](std::uint8_t byte) { return byte != 0; });
}

std::string address_text(int family, const std::uint8_t* address, std::uint16_t port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, address, text.data(), text.size());
  return family == AF_INET6 ? fmt::format("[{}]:{}", text.data(), port)
                            : fmt::format("{}:{}", text.data(), port);
}

std::string inet_addresses(const ior_socket& socket) {
  std::string text;
  if (is_set(socket.address, socket.port)) {
    text = " " + address_text(socket.family, socket.address, socket.port);
  }
  const std::uint16_t peer_port = ntohs(socket.peer_port);
  // A connection that failed has left its address behind, without the port.
  if (peer_port == 0 && socket.type != SOCK_RAW) return text;
  if (!is_set(socket.peer_address, peer_port)) return text;
  return (text.empty() ? " " : text) + "->" +
         address_text(socket.family, socket.peer_address, peer_port);
}

std::string unix_path(const ior_socket& socket, std::string_view path) {
  if (path.empty()) return {};
  std::string text = socket.is_peer_path ? " ->" : " ";
  if (path.front() != '\0') return text.append(path.substr(0, path.find('\0')));
  for (const char c : path) text += c == '\0' ? '@' : c;
  return text;
}

}  // namespace

std::string socket_name(std::string_view text, std::uint64_t inode) {
  ior_socket socket{};
  if (text.size() >= sizeof(socket)) std::memcpy(&socket, text.data(), sizeof(socket));
  if (socket.family == AF_UNSPEC) return fmt::format("socket:[{}]", inode);
  std::string addresses;
  if (socket.family == AF_INET || socket.family == AF_INET6) addresses = inet_addresses(socket);
  if (socket.family == AF_UNIX) addresses = unix_path(socket, text.substr(sizeof(socket)));
  return fmt::format("socket:[{} {} {}{}]", inode, name_in(kFamilies, socket.family, "family"),
                     name_in(kTypes, socket.type, "type"), addresses);
}

}  // namespace ior
