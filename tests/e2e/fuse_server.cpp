#include "tests/e2e/fuse_server.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fuse.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace ior::e2e {

void FuseNode::rename(const std::string& new_name) {
  name.fill(0);
  new_name.copy(name.data(), name.size() - 1);
}

FuseServer::FuseServer(const std::string& point)
    : point_(point), device_(::open("/dev/fuse", O_RDWR | O_CLOEXEC)) {
  void* shared = ::mmap(nullptr, kNodesMax * sizeof(FuseNode), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  nodes_ = new (shared) FuseNode[kNodesMax]{};
  nodes_[kRoot] = {.parent = kRoot, .is_directory = true};
  const std::string options =
      "fd=" + std::to_string(device_) + ",rootmode=40000,user_id=0,group_id=0,allow_other";
  EXPECT_EQ(::mount("ior-test", point_.c_str(), "fuse", 0, options.c_str()), 0)
      << std::strerror(errno);
  thread_ = std::thread([this] { serve(); });
}

FuseServer::~FuseServer() {
  ::umount2(point_.c_str(), MNT_DETACH);
  thread_.join();  // the kernel says that it is over
  ::close(device_);
  ::munmap(nodes_, kNodesMax * sizeof(FuseNode));
}

std::uint64_t FuseServer::add(std::uint64_t parent, const std::string& name, bool is_directory) {
  FuseNode& made = nodes_[++last_];
  made = {.parent = parent, .is_directory = is_directory};
  made.rename(name);
  return last_;
}

std::uint64_t FuseServer::add_directory(std::uint64_t parent, const std::string& name) {
  return add(parent, name, true);
}

std::uint64_t FuseServer::add_file(std::uint64_t parent, const std::string& name) {
  return add(parent, name, false);
}

std::uint64_t FuseServer::find(std::uint64_t parent, const char* name) const {
  for (std::uint64_t i = kRoot + 1; i < kNodesMax; ++i) {
    if (nodes_[i].parent == parent && std::strcmp(nodes_[i].name.data(), name) == 0) return i;
  }
  return 0;
}

void FuseServer::serve() {
  std::vector<char> request(FUSE_MIN_READ_BUFFER + (1 << 16));
  while (::read(device_, request.data(), request.size()) > 0 || errno == ENOENT || errno == EINTR) {
    answer(request.data());
  }
}

void FuseServer::reply(std::uint64_t unique, int error, const void* data, std::size_t size) {
  fuse_out_header head{static_cast<std::uint32_t>(sizeof(head) + size), -error, unique};
  const std::array<iovec, 2> parts = {iovec{&head, sizeof(head)},
                                      iovec{const_cast<void*>(data), size}};
  (void)!::writev(device_, parts.data(), size ? 2 : 1);
}

void FuseServer::answer_about(std::uint64_t unique, std::uint64_t node, bool is_lookup) {
  if (node == 0 || node >= kNodesMax || nodes_[node].parent == 0) return reply(unique, ENOENT);
  fuse_attr about{};
  about.ino = node;
  about.size = 4096;
  about.mode = nodes_[node].is_directory ? S_IFDIR | 0755 : S_IFREG | 0644;
  about.nlink = 1;
  fuse_entry_out entry{};
  entry.nodeid = node;
  entry.attr = about;
  fuse_attr_out attributes{};
  attributes.attr = about;
  if (is_lookup) return reply(unique, 0, &entry, sizeof(entry));
  reply(unique, 0, &attributes, sizeof(attributes));
}

void FuseServer::answer(const char* request) {
  const auto& head = *reinterpret_cast<const fuse_in_header*>(request);
  const char* body = request + sizeof(head);
  switch (head.opcode) {
    case FUSE_INIT: {
      fuse_init_out init{};
      init.major = FUSE_KERNEL_VERSION;
      init.minor = FUSE_KERNEL_MINOR_VERSION;
      init.max_write = 1 << 16;
      return reply(head.unique, 0, &init, sizeof(init));
    }
    case FUSE_LOOKUP:
      return answer_about(head.unique, find(head.nodeid, body), true);
    case FUSE_GETATTR:
    case FUSE_SETATTR:
      return answer_about(head.unique, head.nodeid, false);
    case FUSE_OPEN:
    case FUSE_OPENDIR: {
      const fuse_open_out opened{};
      return reply(head.unique, 0, &opened, sizeof(opened));
    }
    case FUSE_WRITE: {
      const fuse_write_out written{reinterpret_cast<const fuse_write_in*>(body)->size, 0};
      return reply(head.unique, 0, &written, sizeof(written));
    }
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
      return;
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_FLUSH:
    case FUSE_DESTROY:
      return reply(head.unique, 0);
    default:
      return reply(head.unique, ENOSYS);
  }
}

}  // namespace ior::e2e
