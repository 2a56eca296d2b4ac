// For the tests of roots: what changes a process's root or its mount namespace, and the rows of a
// traced child with their roots. What fails ends the child, which fails the test.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "tests/e2e/ring.hpp"
#include "tests/e2e/trace.hpp"

namespace ior::e2e {

inline void put(int fd, std::size_t size) {
  const std::string bytes(size, 'x');
  must(::write(fd, bytes.data(), size) == static_cast<ssize_t>(size));
}

inline void put_into(const char* path, std::size_t size) {
  const int fd = ::open(path, O_RDWR | O_CREAT, 0600);
  put(fd, size);
  ::close(fd);
}

inline void enter_root(const std::string& path) {
  must(::chroot(path.c_str()) == 0 && ::chdir("/") == 0);
}

// A mount namespace of its own, in which nothing that is mounted shows elsewhere.
inline void leave_namespace() {
  must(::unshare(CLONE_NEWNS) == 0 &&
       ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
}

inline void mount_memory(const std::string& path) {
  must(::mount("none", path.c_str(), "tmpfs", 0, nullptr) == 0);
}

inline void in_child(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  must(::waitpid(child, &status, 0) == child && status == 0);
}

inline std::string namespace_of(pid_t pid) {
  struct stat status {};
  EXPECT_EQ(::stat(("/proc/" + std::to_string(pid) + "/ns/mnt").c_str(), &status), 0);
  return "mnt:[" + std::to_string(status.st_ino) + "]";
}

inline std::string own_namespace() {
  struct stat status {};
  ::stat("/proc/self/ns/mnt", &status);
  return "mnt:[" + std::to_string(status.st_ino) + "]";
}

class Roots : public testing::Test {
 protected:
  Roots() {
    for (const std::string jail : {"a", "b"}) {
      std::filesystem::create_directories(at(jail + "/data"));
      std::filesystem::create_directories(at(jail + "/old"));
    }
  }

  std::string at(const std::string& name) const { return directory_.file(name); }

  // Rows of calls of the child and what it forks, with their roots.
  void trace(
      const std::function<void()>& work, const std::function<void()>& before = [] {}) {
    rows_ = trace_child(work, {"-f", "-plain", "-root", "-time", "none", "-trace-families", "all"},
                        before)
                .rows;
  }

  // How many rows there are of a call with this result, of this file below this root.
  int count(const std::string& call, long result, const std::string& file,
            const std::string& root) const {
    const std::string end = "," + call + "," + std::to_string(result) + "," + file + "," + root;
    return static_cast<int>(
        std::ranges::count_if(rows_, [&end](const auto& row) { return row.ends_with(end); }));
  }

  // What the traced child tells its tracer.
  std::string told() const {
    std::string text;
    std::getline(std::ifstream(at("told")), text);
    return text;
  }
  void tell(const std::string& text) const { std::ofstream(at("told")) << text; }

  TempDir directory_;
  std::vector<std::string> rows_;
};

}  // namespace ior::e2e
