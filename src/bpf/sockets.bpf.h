/* What a socket is at the moment: its family, type, addresses. They are part of its name, and
 * change with bind, connect and accept. Only to be included by names.bpf.h. */
#ifndef IOR_BPF_SOCKETS_BPF_H
#define IOR_BPF_SOCKETS_BPF_H

enum {
  FAMILY_UNIX = 1,
  FAMILY_INET = 2,
  FAMILY_INET6 = 10,
  TYPE_BITS = 0170000,
  TYPE_SOCKET = 0140000
};

static __always_inline bool is_socket(const struct inode* inode) {
  return (READ(inode, i_mode) & TYPE_BITS) == TYPE_SOCKET;
}

static __always_inline struct socket* socket_of(struct inode* inode) {
  return AS(struct socket,
            number_of(inode) - bpf_core_field_offset(struct socket_alloc, vfs_inode));
}

/* A number that changes with what a socket's name shows. */
static __always_inline __u64 socket_mark(struct inode* inode) {
  struct sock* sock = READ(socket_of(inode), sk);
  if (!sock) return 0;
  struct sock_common* common = &sock->__sk_common;
  __u32 family = READ(common, skc_family);
  if (family == FAMILY_UNIX) {
    struct unix_sock* local = AS(struct unix_sock, sock);
    __u64 address = number_of(READ(local, addr));
    return (address + number_of(READ(local, peer)) * GOLDEN_RATIO) * GOLDEN_RATIO;
  }
  __u64 state =
      (READ(common, skc_addrpair) * GOLDEN_RATIO + READ(common, skc_portpair)) * GOLDEN_RATIO;
  if (family != FAMILY_INET6) return state;
  struct in6_addr peer = READ(common, skc_v6_daddr);
  const __u32* words = peer.in6_u.u6_addr32;
  return (state + words[0] + words[1]) * GOLDEN_RATIO + ((__u64)words[2] << 32 | words[3]);
}

/* The path that a unix socket is bound to, as sun_path has it, behind the ior_socket; its size. The
 * address never changes, but is freed with its socket: the caller checks that this one lives. */
static __always_inline __u32 append_unix_path(struct ior_name_buffer* to, struct unix_sock* sock) {
  struct unix_address* address = READ(sock, addr);
  __u32 size = address ? READ(address, len) : 0;
  if (size <= sizeof(__u16)) return 0;
  size -= sizeof(__u16);
  if (size > IOR_UNIX_PATH_MAX) size = IOR_UNIX_PATH_MAX;
  bpf_probe_read_kernel(to->bytes + sizeof(struct ior_socket), size,
                        (const void*)address->name + sizeof(__u16));
  return size;
}

/* A socket keeps its peer as long as it has it; where it has lost it meanwhile, it is without. */
static __always_inline void unix_name(struct ior_name_buffer* to, struct ior_socket* name,
                                      struct unix_sock* local) {
  struct sock* peer = READ(local, peer);
  __u32 size = append_unix_path(to, local);
  if (!size && peer) {
    size = append_unix_path(to, AS(struct unix_sock, peer));
    barrier();
    if (READ(local, peer) != peer) size = 0;
    name->is_peer_path = size != 0;
  }
  to->size += size;
}

static __always_inline void inet_name(struct ior_socket* name, struct sock_common* common) {
  name->port = READ(common, skc_num);
  name->peer_port = READ(common, skc_dport);
  if (name->family == FAMILY_INET) {
    *(__u32*)name->address = READ(common, skc_rcv_saddr);
    *(__u32*)name->peer_address = READ(common, skc_daddr);
  } else {
    bpf_probe_read_kernel(name->address, 16, &common->skc_v6_rcv_saddr);
    bpf_probe_read_kernel(name->peer_address, 16, &common->skc_v6_daddr);
  }
}

/* An ior_socket as the name in the buffer; false where the socket was being closed. With a stack of
 * its own, as name_hash(). */
static __noinline int socket_name(struct ior_name_buffer* to, struct inode* inode) {
  struct socket* socket = socket_of(inode);
  struct sock* sock = READ(socket, sk);
  struct ior_socket* name = (void*)to->bytes;
  __builtin_memset(name, 0, sizeof(*name));
  to->kind = IOR_NAME_SOCKET;
  to->start = 0;
  to->size = sizeof(*name);
  if (!sock) return true;
  struct sock_common* common = &sock->__sk_common;
  name->family = READ(common, skc_family);
  name->type = READ(socket, type);
  if (name->family == FAMILY_INET || name->family == FAMILY_INET6)
    inet_name(name, common);
  else if (name->family == FAMILY_UNIX)
    unix_name(to, name, AS(struct unix_sock, sock));
  else
    return true;
  barrier();
  return READ(sock, sk_socket) == socket;
}

#endif
