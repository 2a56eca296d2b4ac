// Paths through links of procfs that stand for a file: /proc/self/fd/5, /proc/self/cwd, /dev/fd/5.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/stat.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "tests/e2e/ring.hpp"
#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

// A directory and a file in it, open as 51 and 50; the directory is the working directory.
class Links : public testing::Test {
 protected:
  Links() { ::close(make_file(file_)); }

  void open_both() const {
    must(::chdir(directory_.path().c_str()) == 0);
    must(::dup2(::open(file_.c_str(), O_RDWR), 50) == 50);
    must(::dup2(::open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY), 51) == 51);
  }
  Traced trace(const std::function<void()>& work, std::vector<std::string> options = {}) const {
    return trace_child(
        [&] {
          open_both();
          work();
        },
        std::move(options));
  }
  // What access() shows of each of these paths.
  void expect_shown(
      const std::vector<std::string>& paths, const std::string& shown,
      const std::function<void()>& before = [] {}) const {
    const Traced traced = trace([&] {
      before();
      for (const std::string& path : paths) ::syscall(SYS_access, path.c_str(), F_OK);
    });
    EXPECT_EQ(sum_of(traced.records, "enter_access", shown).count, paths.size());
    for (const auto& record : traced.records) {
      if (record["tracepoint"] == "enter_access") {
        EXPECT_EQ(record["path"], shown);
      }
    }
  }
  // As it was passed.
  void expect_kept(const std::string& path, const std::function<void()>& before) const {
    expect_shown({path}, path, before);
  }

  TempDir directory_;
  std::string file_ = directory_.file("file");
};

void leave_for_own_mounts() {
  must(::unshare(CLONE_NEWNS) == 0 &&
       ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
}

TEST_F(Links, lead_to_the_file_that_they_stand_for) {
  expect_shown({"/proc/self/fd/50", "/proc/thread-self/fd/50", "/dev/fd/50", "/dev/stdin",
                "//proc/.//self/fd/50", "/proc/self/fd/51/file", "/dev//fd/51//file",
                "/proc/self/cwd/file", "/proc/self/root" + file_},
               file_, [] { ::dup2(50, 0); });
}

TEST_F(Links, of_a_process_or_a_thread_by_its_number) {
  const Traced traced = trace([] {
    const std::string process = "/proc/" + std::to_string(::getpid());
    const auto use = [](const std::string& path) { ::syscall(SYS_access, path.c_str(), F_OK); };
    use(process + "/fd/50");
    use(process + "/cwd/file");
    use(process + "/task/" + std::to_string(::getpid()) + "/fd/50");
    std::thread([&] {
      use("/proc/" + std::to_string(::gettid()) + "/fd/50");
      use(process + "/task/" + std::to_string(::gettid()) + "/cwd/file");
      use("/proc/self/task/" + std::to_string(::gettid()) + "/fd/50");
    }).join();
  });
  EXPECT_EQ(sum_of(traced.records, "enter_access", file_).count, 6u);
}

TEST_F(Links, of_a_program_lead_to_it) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  expect_shown({"/proc/self/exe", "/proc/thread-self/exe"}, program);
}

TEST_F(Links, that_are_followed_in_calls_of_all_kinds) {
  const Traced traced = trace(
      [&] {
        struct stat status {};
        std::array<char, 512> out{};
        const char* link = "/proc/self/fd/50";
        ::getxattr(link, "user.none", out.data(), out.size());
        ::chmod(link, 0600);
        ::truncate(link, 0);
        ::syscall(SYS_statfs, link, out.data());
        ::syscall(SYS_newfstatat, AT_FDCWD, link, &status, 0);
        ::syscall(SYS_stat, link, &status);
        ::open("/proc/self/cwd/missing", O_RDONLY);
        ::open("/dev/fd/51/missing", O_RDONLY);
        ::rename("/proc/self/fd/51/no", "/proc/self/cwd/none");
        ::mkdir("/proc/self/cwd/made", 0700);
        auto* low = static_cast<char*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
        std::strcpy(low, link);
        long result = 33;  // access
        asm volatile("int $0x80" : "+a"(result) : "b"(low), "c"(F_OK) : "memory", "r8", "r9");
        const std::string program = "/proc/self/root/bin/true";  // in memory in the child, too
        if (::fork() == 0) ::execl(program.c_str(), "true", nullptr);
        ::wait(nullptr);
      },
      {"-f", "-trace-families", "FS,Process"});
  for (const char* call :
       {"getxattr", "chmod", "truncate", "statfs", "newfstatat", "newstat", "i386_access"}) {
    EXPECT_EQ(sum_of(traced.records, std::string("enter_") + call, file_).count, 1u) << call;
  }
  EXPECT_EQ(sum_of(traced.records, "enter_openat", directory_.file("missing")).errors, 2u);
  EXPECT_EQ(sum_of(traced.records, "enter_rename", directory_.file("no")).errors, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_rename", directory_.file("none")).errors, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_mkdir", directory_.file("made")).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_execve", "/bin/true").count, 1u);
}

TEST_F(Links, in_requests_of_io_uring) {
  const Traced traced = trace([] {
    Ring ring;
    struct statx status {};
    ::io_uring_prep_statx(ring.next(), AT_FDCWD, "/proc/self/fd/50", 0, STATX_SIZE, &status);
    must(ring.run() == 0);
    ::io_uring_prep_statx(ring.next(), AT_FDCWD, "/proc/self/fd/51", AT_SYMLINK_NOFOLLOW,
                          STATX_SIZE, &status);
    must(ring.run() == 0);
    ::io_uring_prep_openat(ring.next(), AT_FDCWD, "/proc/self/cwd/missing", O_RDONLY, 0);
    must(ring.run() == -ENOENT);
  });
  EXPECT_EQ(sum_of(traced.records, "io_uring_statx", file_).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "io_uring_statx", "/proc/self/fd/51").count, 1u);
  EXPECT_EQ(sum_of(traced.records, "io_uring_openat", directory_.file("missing")).count, 1u);
}

TEST_F(Links, in_a_path_that_was_not_in_memory) {
  const std::string image = directory_.file("image"), link = "/proc/self/fd/51/file";
  const Traced traced = trace([&] {
    const int fd = make_file(image);
    must(::ftruncate(fd, 1 << 20) == 0);
    must(::pwrite(fd, link.c_str(), link.size() + 1, 512 << 10) > 0);
    auto* pages = static_cast<char*>(::mmap(nullptr, 1 << 20, PROT_READ, MAP_PRIVATE, fd, 0));
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    ::sched_setaffinity(0, sizeof(first), &first);
    ::madvise(pages, 1 << 20, MADV_DONTNEED);
    ::syscall(SYS_access, pages + (512 << 10), F_OK);
  });
  EXPECT_EQ(sum_of(traced.records, "enter_access", file_).count, 1u);
}

TEST_F(Links, that_a_call_does_not_follow_are_shown_as_passed) {
  const char* link = "/proc/self/fd/51";
  const Traced traced = trace([&] {
    struct stat status {};
    std::array<char, 512> out{};
    ::syscall(SYS_lstat, link, &status);
    ::syscall(SYS_newfstatat, AT_FDCWD, link, &status, AT_SYMLINK_NOFOLLOW);
    ::syscall(SYS_readlink, link, out.data(), out.size());
    ::lgetxattr(link, "user.none", out.data(), out.size());
    ::syscall(SYS_unlink, link);
    ::rename(link, "/proc/self/cwd/b");
    ::open(link, O_RDONLY | O_NOFOLLOW);
    ::syscall(SYS_lstat, "/proc/self/fd/51/file", &status);  // in the middle it is followed
    ::syscall(SYS_newfstatat, AT_FDCWD, "/proc/self/fd/51/", &status, AT_SYMLINK_NOFOLLOW);
  });
  for (const char* call :
       {"newlstat", "newfstatat", "readlink", "lgetxattr", "unlink", "rename", "openat"}) {
    EXPECT_EQ(sum_of(traced.records, std::string("enter_") + call, link).count, 1u) << call;
  }
  EXPECT_EQ(sum_of(traced.records, "enter_newlstat", file_).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_newfstatat", directory_.path()).count, 1u);
}

TEST_F(Links, that_lead_nowhere_are_shown_as_passed) {
  for (const char* path : {"/proc/self/fd/99", "/proc/self/fd/050", "/proc/self/fd/x50",
                           "/proc/self/fdx/50", "/proc/thread-self/task/1/fd/50", "/proc/fd/50"}) {
    expect_kept(path, [] {});
  }
}

TEST_F(Links, that_are_no_links_of_procfs_are_shown_as_passed) {
  const std::string root = directory_.file("root");
  std::filesystem::create_directories(root + "/proc/self/fd/50");
  expect_kept("/proc/self/fd/50", [&] { must(::chroot(root.c_str()) == 0); });
  expect_kept("/proc/self/fd/50", [] {
    leave_for_own_mounts();
    must(::umount2("/proc", MNT_DETACH) == 0);
  });
  expect_kept("/proc/self/fd/50", [] {
    leave_for_own_mounts();
    must(::mount("tmpfs", "/proc", "tmpfs", 0, nullptr) == 0);
  });
  expect_kept("/proc/self/fd/50", [&] {
    leave_for_own_mounts();
    must(::mount(root.c_str(), "/proc/self/fd", nullptr, MS_BIND, nullptr) == 0);
  });
  expect_kept("/dev/fd/50", [&] {
    leave_for_own_mounts();
    must(::mount("tmpfs", "/dev", "tmpfs", 0, nullptr) == 0);
    must(::symlink("/proc/1/fd", "/dev/fd") == 0);
  });
}

TEST_F(Links, of_a_procfs_that_was_mounted_anew_are_followed) {
  expect_shown({"/proc/self/fd/50", "/dev/fd/50"}, file_, [] {
    leave_for_own_mounts();
    must(::mount("proc", "/proc", "proc", 0, nullptr) == 0);
    must(::mount("tmpfs", "/dev", "tmpfs", 0, nullptr) == 0);
    must(::symlink("/proc/self/fd", "/dev/fd") == 0);
  });
}

}  // namespace
}  // namespace ior::e2e
