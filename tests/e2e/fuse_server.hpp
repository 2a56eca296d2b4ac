// A file system of the tests' own: a tree of empty directories and of files that take writes,
// served to the kernel through /dev/fuse by a thread. The tree lies in memory that processes forked
// later share: changing it is what a server or another client does, of which the kernel learns
// when it looks a name up. It is asked about every name at every use.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <thread>

namespace ior::e2e {

struct FuseNode {
  std::uint64_t parent = 0;  // a number as that which add() returns; 0: there is no such node
  bool is_directory = false;
  std::array<char, 64> name{};

  void rename(const std::string& new_name);
};

class FuseServer {
 public:
  static constexpr std::uint64_t kRoot = 1;

  // Mounts it at a directory, as root.
  explicit FuseServer(const std::string& point);
  ~FuseServer();
  FuseServer(const FuseServer&) = delete;
  FuseServer& operator=(const FuseServer&) = delete;

  // Before the tree is used. A node's number.
  std::uint64_t add_directory(std::uint64_t parent, const std::string& name);
  std::uint64_t add_file(std::uint64_t parent, const std::string& name);
  FuseNode& node(std::uint64_t number) { return nodes_[number]; }

 private:
  static constexpr std::size_t kNodesMax = 32;

  std::uint64_t add(std::uint64_t parent, const std::string& name, bool is_directory);
  std::uint64_t find(std::uint64_t parent, const char* name) const;
  void serve();
  void answer(const char* request);
  void answer_about(std::uint64_t unique, std::uint64_t node, bool is_lookup);
  void reply(std::uint64_t unique, int error, const void* data = nullptr, std::size_t size = 0);

  std::string point_;
  int device_;
  FuseNode* nodes_;  // by number
  std::uint64_t last_ = kRoot;
  std::thread thread_;
};

}  // namespace ior::e2e
