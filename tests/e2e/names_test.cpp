// Which file a call names: through everything that makes, copies, passes on and closes an fd.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/e2e/trace.hpp"
#include "tests/e2e/untouched.hpp"

namespace ior::e2e {
namespace {

int make_file(const std::string& path) {
  return ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
}

void put(int fd) {
  (void)!::write(fd, "x", 1);
}

// No record but those of closed fds may be without a name.
void expect_all_named(const Records& records) {
  for (const auto& record : records) {
    EXPECT_FALSE(record["path"].get<std::string>().contains("[unknown")) << record;
    EXPECT_FALSE(record["old_path"].get<std::string>().contains("[unknown")) << record;
  }
}

TEST(Names, fds_open_before_the_trace_are_named) {
  const TempDir directory;
  const std::string file = directory.file("early");
  static int fd;
  const Traced traced = trace_child([] { put(fd); }, {}, [&file] { fd = make_file(file); });
  EXPECT_EQ(sum_of(traced.records, "enter_write", file).count, 1u);
  expect_all_named(traced.records);
}

TEST(Names, need_no_proc) {
  const TempDir directory;
  const std::string file = directory.file("early");
  const int fd = make_file(file);
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) {
      put(fd);
      ::usleep(10'000);
    }
  }
  ::close(fd);
  const std::string script =
      "umount -l /proc && test ! -e /proc/self && exec \"$0\" -plain -duration 0.3 -pid \"$1\"";
  const Finished traced =
      run({"unshare", "-m", "sh", "-c", script, IOR_BIN, std::to_string(child)}, directory.path());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(traced.exit_code, 0) << traced.err;
  EXPECT_NE(traced.out.find(",write,1," + file + "\n"), traced.out.npos) << traced.out;
}

TEST(Names, duplicates_are_followed) {
  const TempDir directory;
  const std::string file = directory.file("dup"), other = directory.file("other");
  const Traced traced = trace_child([&] {
    const int fd = make_file(file);
    const int elsewhere = make_file(other);
    put(::dup(fd));
    ::syscall(SYS_dup2, fd, 500);
    put(500);
    ::dup3(fd, 501, O_CLOEXEC);
    put(501);
    put(::fcntl(fd, F_DUPFD, 600));
    put(::fcntl(fd, F_DUPFD_CLOEXEC, 700));
    ::dup2(elsewhere, 500);  // replaces
    put(500);
    ::close(fd);
    put(501);
  });
  EXPECT_EQ(sum_of(traced.records, "enter_write", file).count, 6u);
  EXPECT_EQ(sum_of(traced.records, "enter_write", other).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_dup3", file).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_fcntl", file).count, 2u);
  expect_all_named(traced.records);
}

TEST(Names, a_closed_fd_that_is_used_again_has_its_new_file) {
  const TempDir directory;
  const Traced traced = trace_child([&] {
    for (int i = 0; i < 100; ++i) {
      const int fd = make_file(directory.file(std::to_string(i)));
      put(fd);
      ::close(fd);
    }
  });
  for (int i = 0; i < 100; ++i) {
    const std::string file = directory.file(std::to_string(i));
    EXPECT_EQ(sum_of(traced.records, "enter_write", file).count, 1u) << file;
    EXPECT_EQ(sum_of(traced.records, "enter_close", file).count, 1u) << file;
  }
}

TEST(Names, a_file_made_anew_where_another_was_has_its_own_name) {
  const TempDir directory;
  const Traced traced = trace_child([&] {
    for (int i = 0; i < 50; ++i) {
      const std::string folder = directory.file("folder" + std::to_string(i));
      ::mkdir(folder.c_str(), 0700);
      const std::string file = folder + "/same";
      const int fd = make_file(file);
      put(fd);
      ::close(fd);
      ::unlink(file.c_str());
      ::rmdir(folder.c_str());
    }
  });
  for (int i = 0; i < 50; ++i) {
    const std::string file = directory.file("folder" + std::to_string(i)) + "/same";
    EXPECT_EQ(sum_of(traced.records, "enter_write", file).count, 1u) << file;
  }
}

TEST(Names, close_range_closes_what_it_says_and_no_more) {
  const TempDir directory;
  const Traced traced = trace_child([&] {
    for (int i = 0; i < 4; ++i) {
      const int fd = make_file(directory.file(std::to_string(i)));
      ::dup2(fd, 100 + i);
      ::close(fd);
    }
    ::syscall(SYS_close_range, 101u, 102u, 0u);
    for (int fd = 100; fd < 104; ++fd) put(fd);
    ::syscall(SYS_close_range, 103u, ~0u, 4u);  // CLOSE_RANGE_CLOEXEC closes nothing yet
    put(103);
    ::syscall(SYS_close_range, 200u, 300u, 0u);  // nothing is open there
  });
  EXPECT_EQ(sum_of(traced.records, "enter_close_range").count, 3u);
  EXPECT_EQ(sum_of(traced.records, "enter_close_range", "[unknown: fd is not open]").count, 0u);
  EXPECT_EQ(sum_of(traced.records, "enter_close_range", directory.file("1")).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_close_range", directory.file("3")).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_write", directory.file("0")).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_write", directory.file("1")).count, 0u);
  EXPECT_EQ(sum_of(traced.records, "enter_write", directory.file("3")).count, 2u);
  EXPECT_EQ(sum_of(traced.records, "enter_write", "[unknown: fd is not open]").errors, 2u);
}

TEST(Names, a_child_inherits_and_each_process_has_its_own_table) {
  const TempDir directory;
  const std::string file = directory.file("parent"), other = directory.file("child");
  const Traced traced = trace_child(
      [&] {
        const int fd = make_file(file);
        const pid_t child = ::fork();
        if (child == 0) {
          put(fd);
          ::close(fd);
          put(make_file(other));  // the same number
          ::_exit(0);
        }
        ::waitpid(child, nullptr, 0);
        put(fd);
      },
      {"-f"});
  Records mine, childs;
  for (const auto& record : traced.records)
    (record["pid"] == traced.pid ? mine : childs).push_back(record);
  EXPECT_EQ(sum_of(mine, "enter_write", file).count, 1u);
  EXPECT_EQ(sum_of(childs, "enter_write", file).count, 1u);
  EXPECT_EQ(sum_of(childs, "enter_write", other).count, 1u);
  expect_all_named(traced.records);
}

TEST(Names, exec_keeps_what_is_not_close_on_exec) {
  const TempDir directory;
  const std::string file = directory.file("kept");
  const Traced traced = trace_child([&] {
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT, 0600);
    ::dup2(fd, 1);
    ::execl("/bin/echo", "echo", "text", nullptr);
  });
  EXPECT_EQ(sum_of(traced.records, "enter_write", file).bytes_written, 5u);
  EXPECT_EQ(sum_of(traced.records, "enter_write", file).count, 1u);
  for (const auto& record : traced.records) {
    if (record["tracepoint"] == "enter_write") {
      EXPECT_EQ(record["comm"], "echo");
    }
  }
}

TEST(Names, relative_paths_start_at_the_working_directory_or_the_dirfd) {
  const TempDir directory;
  ::mkdir(directory.file("sub").c_str(), 0700);
  const Traced traced = trace_child([&] {
    ::chdir(directory.path().c_str());
    ::open("missing", O_RDONLY);
    struct stat status {};
    ::stat("sub/../x", &status);
    const int dir = ::open("sub", O_RDONLY | O_DIRECTORY);
    ::openat(dir, "also-missing", O_RDONLY);
    ::fchdir(dir);
    ::mkdir("made", 0700);
    ::fstatat(dir, "", &status, AT_EMPTY_PATH);
    ::unlinkat(dir, "/absolute", 0);
    ::openat(999, "nowhere", O_RDONLY);
  });
  EXPECT_EQ(sum_of(traced.records, "enter_openat", directory.file("missing")).errors, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_newfstatat", directory.file("sub/../x")).errors, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_openat", directory.file("sub/also-missing")).errors, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_mkdir", directory.file("sub/made")).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_newfstatat", directory.file("sub")).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_unlinkat", "/absolute").errors, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_openat", "[unknown: fd is not open]/nowhere").errors, 1u);
}

TEST(Names, a_path_on_a_page_that_is_not_resident_is_read_at_exit) {
  const TempDir directory;
  const std::string image = directory.file("image");
  const std::string path = "/dev/null";
  const Traced traced = trace_child([&] {
    const int fd = make_file(image);
    ::ftruncate(fd, 1 << 20);
    ::pwrite(fd, path.c_str(), path.size() + 1, 512 << 10);
    void* pages = ::mmap(nullptr, 1 << 20, PROT_READ, MAP_PRIVATE, fd, 0);
    ::open(static_cast<char*>(pages) + (512 << 10), O_RDONLY);
    ::madvise(pages, 1 << 20, MADV_DONTNEED);
    struct stat status {};
    ::syscall(SYS_stat, static_cast<char*>(pages) + (512 << 10), &status);
    ::open(reinterpret_cast<const char*>(8), O_RDONLY);
  });
  EXPECT_EQ(sum_of(traced.records, "enter_openat", path).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_newstat", path).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_openat", "[unknown: bad address]").errors, 1u);
}

// A path of as many bytes as the kernel reads, behind which is no memory; one that the kernel has
// not come to read, of memory that is not resident.
TEST(Names, of_paths_that_cannot_be_read_say_why) {
  const Traced traced = trace_child(
      [] {
        auto* const page = static_cast<char*>(
            ::mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        ::memset(page, '/', kPage);
        ::munmap(page + kPage, kPage);
        if (::chdir(page) != -1 || errno != ENAMETOOLONG) ::_exit(8);
        const char* const cold = untouched("/nowhere");
        ::syscall(SYS_move_mount, AT_FDCWD, cold, AT_FDCWD, "/nowhere-2", 0);
        ::syscall(SYS_chdir, 0x10);
      },
      {"-trace-families", "all"});
  const auto paths_of = [&traced](const char* tracepoint) {
    std::vector<std::string> paths;
    for (const auto& record : traced.records) {
      if (record["tracepoint"] == tracepoint) paths.push_back(record["path"]);
    }
    return paths;
  };
  EXPECT_THAT(paths_of("enter_chdir"), testing::UnorderedElementsAre(std::string(4096, '/') + "...",
                                                                     "[unknown: bad address]"));
  EXPECT_EQ(sum_of(traced.records, "enter_move_mount", "[unknown: path not in memory]").errors, 1u);
}

// The old program's memory is gone when it could be read.
TEST(Names, an_exec_whose_path_was_not_resident_has_its_path) {
  const TempDir directory;
  const std::string image = directory.file("image");
  const std::string path = "/bin/true";
  const Traced traced = trace_child(
      [&] {
        const int fd = make_file(image);
        ::ftruncate(fd, 1 << 20);
        ::pwrite(fd, path.c_str(), path.size() + 1, 512 << 10);
        void* pages = ::mmap(nullptr, 1 << 20, PROT_READ, MAP_PRIVATE, fd, 0);
        const int root = ::open("/", O_RDONLY | O_DIRECTORY);
        char* const arguments[] = {const_cast<char*>("true"), nullptr};
        ::dup2(root, 600);
        if (::fork() == 0) {
          ::syscall(SYS_execveat, 600, static_cast<char*>(pages) + (512 << 10) + 1, arguments,
                    environ, 0);
        }
        ::wait(nullptr);
        ::madvise(pages, 1 << 20, MADV_DONTNEED);
        std::thread([&] {
          ::execve(static_cast<char*>(pages) + (512 << 10), arguments, environ);
        }).join();
      },
      {"-f", "-trace-families", "Process"});
  EXPECT_EQ(sum_of(traced.records, "enter_execveat", path).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_execve", path).count, 1u);
}

TEST(Names, both_paths_of_a_call_with_two) {
  const TempDir directory;
  const std::string a = directory.file("a"), b = directory.file("b"), link = directory.file("link");
  const Traced traced = trace_child([&] {
    ::close(make_file(a));
    ::rename(a.c_str(), b.c_str());
    ::link(b.c_str(), a.c_str());
    ::symlink("../as written", link.c_str());
  });
  for (const auto& record : traced.records) {
    if (record["tracepoint"] == "enter_rename") {
      EXPECT_EQ(record["path"], b);
      EXPECT_EQ(record["old_path"], a);
    } else if (record["tracepoint"] == "enter_symlink") {
      EXPECT_EQ(record["path"], link);
      EXPECT_EQ(record["old_path"], "../as written");
    }
  }
  EXPECT_EQ(sum_of(traced.records, "enter_rename").count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_symlink").count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_link", a).count, 1u);
}

TEST(Names, renames_of_the_file_and_of_directories_above_it_are_seen) {
  const TempDir directory;
  const std::string before = directory.file("before"), after = directory.file("after");
  ::mkdir(before.c_str(), 0700);
  const Traced traced = trace_child([&] {
    const int fd = make_file(before + "/file");
    put(fd);
    ::rename(before.c_str(), after.c_str());
    put(fd);
    ::rename((after + "/file").c_str(), (after + "/moved").c_str());
    put(fd);
    ::unlink((after + "/moved").c_str());
    put(fd);
  });
  for (const std::string& name :
       {before + "/file", after + "/file", after + "/moved", after + "/moved (deleted)"}) {
    EXPECT_EQ(sum_of(traced.records, "enter_write", name).count, 1u) << name;
  }
}

// The calls of the 32-bit table move names, too.
TEST(Names, a_rename_by_a_32_bit_call_is_seen) {
  const TempDir directory;
  const std::string before = directory.file("before"), after = directory.file("after");
  ::mkdir(before.c_str(), 0700);
  const Traced traced = trace_child([&] {
    const int fd = make_file(before + "/file");
    put(fd);
    auto* low = static_cast<char*>(::mmap(nullptr, 8192, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
    std::strcpy(low, before.c_str());
    std::strcpy(low + 4096, after.c_str());
    long result = 38;  // rename
    asm volatile("int $0x80" : "+a"(result) : "b"(low), "c"(low + 4096) : "memory", "r8", "r9");
    put(fd);
  });
  EXPECT_EQ(sum_of(traced.records, "enter_write", before + "/file").count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_write", after + "/file").count, 1u);
}

TEST(Names, a_file_deep_down_has_its_whole_path) {
  const TempDir directory;
  std::string path = directory.path();
  for (int i = 0; i < 500; ++i) path += "/d";
  const Traced traced = trace_child([&] {
    ::chdir(directory.path().c_str());
    for (int i = 0; i < 500; ++i) {
      ::mkdir("d", 0700);
      ::chdir("d");
    }
    put(make_file("file"));
  });
  EXPECT_EQ(sum_of(traced.records, "enter_write", path + "/file").count, 1u);
}

TEST(Names, each_root_sees_its_own_path) {
  const TempDir directory;
  const std::string root = directory.file("root"), other = directory.file("other");
  ::mkdir(root.c_str(), 0700);
  ::mkdir(other.c_str(), 0700);
  const auto put_below = [](int fd, const std::string& new_root) {
    if (::fork() == 0) {
      ::_exit(::chroot(new_root.c_str()) == 0 ? (put(fd), 0) : 1);
    }
    ::wait(nullptr);
  };
  const Traced traced = trace_child(
      [&] {
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount(root.c_str(), other.c_str(), nullptr, MS_BIND, nullptr) != 0) {
          ::_exit(3);
        }
        cpu_set_t first;
        CPU_ZERO(&first);
        CPU_SET(0, &first);
        ::sched_setaffinity(0, sizeof(first), &first);
        const int fd = make_file(root + "/file");
        put(fd);
        put_below(fd, root);
        put_below(fd, other);
      },
      {"-f"});
  EXPECT_EQ(sum_of(traced.records, "enter_write", root + "/file").count, 2u) << "no way below";
  EXPECT_EQ(sum_of(traced.records, "enter_write", "/file").count, 1u);
}

TEST(Names, what_is_no_file_has_the_name_that_proc_gives_it) {
  const TempDir directory;
  const std::string notes = directory.file("notes");
  const Traced traced = trace_child([&] {
    std::array<int, 2> pipe{};
    (void)!::pipe(pipe.data());
    const std::array fds = {pipe[1],
                            ::eventfd(0, 0),
                            ::memfd_create("notes", 0),
                            ::open("/proc/self/ns/net", O_RDONLY),
                            static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)),
                            ::epoll_create1(0)};
    std::string lines;
    for (const int fd : fds) {
      std::array<char, 200> name{};
      (void)!::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name.data(),
                        name.size() - 1);
      lines += std::string(name.data()) + "\n";
      ::fsync(fd);
    }
    (void)!::write(make_file(notes), lines.data(), lines.size());
  });
  std::ifstream in(notes);
  int checked = 0;
  for (std::string name; std::getline(in, name); ++checked) {
    EXPECT_EQ(sum_of(traced.records, "enter_fsync", name).count, 1u) << name;
  }
  EXPECT_EQ(checked, 6);
  expect_all_named(traced.records);
}

// Their dentries are made and freed at the same address, of one inode, and have no hash.
TEST(Names, anonymous_inodes_of_one_length_of_name_are_told_apart) {
  constexpr int kRounds = 100;
  const Traced traced = trace_child([] {
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    ::sched_setaffinity(0, sizeof(first), &first);
    for (int i = 0; i < kRounds; ++i) {
      const int event = ::eventfd(0, 0);
      ::fsync(event);
      ::close(event);
      const int timer = ::timerfd_create(CLOCK_MONOTONIC, 0);
      ::fsync(timer);
      ::close(timer);
    }
  });
  for (const char* name : {"anon_inode:[eventfd]", "anon_inode:[timerfd]"}) {
    EXPECT_EQ(sum_of(traced.records, "enter_fsync", name).count, kRounds) << name;
  }
}

// No path leads to it through that mount; /proc says "/".
TEST(Names, a_file_moved_out_of_what_its_mount_shows_has_the_name_that_proc_gives_it) {
  const TempDir directory;
  const std::string from = directory.file("from"), point = directory.file("point");
  const std::string outside = directory.file("outside");
  ::mkdir(from.c_str(), 0700);
  ::mkdir(point.c_str(), 0700);
  const Traced traced = trace_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount(from.c_str(), point.c_str(), nullptr, MS_BIND, nullptr) != 0) {
      ::_exit(3);
    }
    const int fd = make_file(point + "/file");
    put(fd);
    ::rename((from + "/file").c_str(), outside.c_str());
    ::fsync(fd);
    ::umount2(point.c_str(), MNT_DETACH);
    ::fsync(fd);
  });
  EXPECT_EQ(sum_of(traced.records, "enter_write", point + "/file").count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_fsync", "/").count, 2u);
}

TEST(Names, files_under_mounts_have_the_path_through_them) {
  const TempDir directory;
  const std::string point = directory.file("point");
  ::mkdir(point.c_str(), 0700);
  const Traced traced = trace_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", point.c_str(), "tmpfs", 0, nullptr) != 0) {
      ::_exit(3);
    }
    ::mkdir((point + "/deep").c_str(), 0700);
    put(make_file(point + "/deep/file"));
  });
  EXPECT_EQ(sum_of(traced.records, "enter_write", point + "/deep/file").count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_mount", point).count, 1u);
}

TEST(Names, threads_share_one_table) {
  const TempDir directory;
  const Traced traced = trace_child([&] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&directory, i] {
        for (int k = 0; k < 200; ++k) {
          const int fd = make_file(directory.file(std::to_string(i)));
          put(fd);
          ::close(fd);
        }
      });
    }
    for (auto& thread : threads) thread.join();
  });
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(sum_of(traced.records, "enter_write", directory.file(std::to_string(i))).count, 200u);
    EXPECT_EQ(sum_of(traced.records, "enter_close", directory.file(std::to_string(i))).count, 200u);
  }
  expect_all_named(traced.records);
}

}  // namespace
}  // namespace ior::e2e
