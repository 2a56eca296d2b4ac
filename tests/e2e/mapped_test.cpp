// Mapped memory: msync shows the file behind it, as /proc/self/maps does.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

constexpr std::size_t kBytes = 8192, kPage = 4096;

// Maps a fresh file, of which only the memory is left open.
char* map_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
  if (::ftruncate(fd, kBytes) != 0) ::_exit(3);
  void* memory = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (memory == MAP_FAILED) ::_exit(4);
  return static_cast<char*>(memory);
}

void sync(char* memory) {
  if (::msync(memory, kPage, MS_SYNC) != 0) ::_exit(5);
}

TEST(Mapped, msync_shows_the_file_whose_fd_is_closed) {
  const TempDir directory;
  const std::string path = directory.file("mapped"), renamed = directory.file("renamed");
  const Traced traced = trace_child(
      [&] {
        char* memory = map_file(path);
        sync(memory);
        sync(memory + kPage);
        ::rename(path.c_str(), renamed.c_str());
        sync(memory);
        ::unlink(renamed.c_str());
        sync(memory);
      },
      {"-trace-syscalls", "mmap,msync"});
  EXPECT_EQ(sum_of(traced.records, "enter_mmap", path).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_msync", path).count, 2u);
  EXPECT_EQ(sum_of(traced.records, "enter_msync", renamed).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_msync", renamed + " (deleted)").count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_msync").count, 4u);
}

TEST(Mapped, memory_without_a_file_has_none) {
  const Traced traced = trace_child(
      [] {
        void* memory =
            ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        sync(static_cast<char*>(memory));
        ::munmap(memory, kBytes);
        if (::msync(memory, kPage, MS_SYNC) == 0) ::_exit(6);
      },
      {"-plain", "-trace-syscalls", "msync"});
  ASSERT_EQ(traced.rows.size(), 3u);
  EXPECT_TRUE(traced.rows[1].ends_with(",msync,0,")) << traced.rows[1];
  EXPECT_TRUE(traced.rows[2].ends_with(",msync,-12,")) << traced.rows[2];
}

// There the memory has the file of the layer below.
TEST(Mapped, a_file_of_an_overlay_has_its_path_in_the_overlay) {
  const TempDir directory;
  const std::string merged = directory.file("merged"), upper = directory.file("layers/upper");
  const std::string options = "lowerdir=" + directory.file("lower") + ",upperdir=" + upper +
                              ",workdir=" + directory.file("layers/work");
  for (const char* name : {"merged", "lower", "layers"})
    ASSERT_EQ(::mkdir(directory.file(name).c_str(), 0700), 0);
  const Traced traced = trace_child(
      [&] { sync(map_file(merged + "/file")); }, {"-trace-syscalls", "mmap,msync"},
      [&] {
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("tmpfs", directory.file("layers").c_str(), "tmpfs", 0, nullptr) != 0 ||
            ::mkdir(upper.c_str(), 0700) != 0 ||
            ::mkdir(directory.file("layers/work").c_str(), 0700) != 0 ||
            ::mount("overlay", merged.c_str(), "overlay", 0, options.c_str()) != 0)
          ::_exit(7);
      });
  EXPECT_EQ(sum_of(traced.records, "enter_mmap", merged + "/file").count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_msync", merged + "/file").count, 1u);
}

}  // namespace
}  // namespace ior::e2e
