// From which root a call's path starts: through everything that changes a process's root or mount
// namespace, before the trace and while it runs.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/aio_abi.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "tests/e2e/roots.hpp"

namespace ior::e2e {
namespace {

TEST_F(Roots, that_ior_itself_has_are_shown_as_none) {
  trace([this] { put_into(at("file").c_str(), 3); });
  EXPECT_EQ(count("write", 3, at("file"), ""), 1);
}

TEST_F(Roots, of_two_chroots_are_told_apart) {
  trace([this] {
    in_child([this] {
      enter_root(at("a"));
      put_into("/data/x.db", 10);
      ::access("data/none", F_OK);
    });
    in_child([this] {
      enter_root(at("b"));
      put_into("/data/x.db", 20);
      ::access("data/none", F_OK);
    });
    put_into(at("a/data/x.db").c_str(), 30);
  });
  EXPECT_EQ(count("write", 10, "/data/x.db", at("a")), 1);
  EXPECT_EQ(count("write", 20, "/data/x.db", at("b")), 1);
  EXPECT_EQ(count("write", 30, at("a/data/x.db"), ""), 1);
  EXPECT_EQ(count("access", -ENOENT, "/data/none", at("a")), 1);
  EXPECT_EQ(count("access", -ENOENT, "/data/none", at("b")), 1);
  EXPECT_EQ(count("chroot", 0, at("a"), ""), 1);
}

TEST_F(Roots, from_before_the_trace_are_known) {
  static int fd;
  trace(
      [] {
        put(fd, 7);
        ::access("/none", F_OK);
      },
      [this] {
        enter_root(at("a"));
        fd = ::open("/data/x.db", O_RDWR | O_CREAT, 0600);
      });
  EXPECT_EQ(count("write", 7, "/data/x.db", at("a")), 1);
  EXPECT_EQ(count("access", -ENOENT, "/none", at("a")), 1);
}

TEST_F(Roots, of_files_outside_their_process_s_root_are_their_own) {
  trace([this] {
    const int outside = ::open(at("b/data/x.db").c_str(), O_RDWR | O_CREAT, 0600);
    const int above = ::open(at("b").c_str(), O_PATH);
    enter_root(at("a"));
    put(outside, 11);
    put_into("/data/x.db", 12);
    ::unlinkat(above, "none", 0);
    ::symlinkat("text", above, "link");
    const int inside = ::open("/data/x.db", O_RDONLY);
    ::lseek(outside, 0, SEEK_END);
    must(::syscall(SYS_copy_file_range, inside, nullptr, outside, nullptr, 5L, 0) == 5);
  });
  EXPECT_EQ(count("write", 11, at("b/data/x.db"), ""), 1);
  EXPECT_EQ(count("write", 12, "/data/x.db", at("a")), 1);
  for (auto& r : rows_) std::cerr << r << "\n";
  EXPECT_EQ(count("unlinkat", -ENOENT, at("b/none"), ""), 1);
  EXPECT_EQ(count("symlinkat", 0, "text -> " + at("b/link"), ""), 1);
  EXPECT_EQ(count("copy_file_range", 5, at("a/data/x.db") + " -> " + at("b/data/x.db"), ""), 1);
}

TEST_F(Roots, change_for_all_threads_that_share_them) {
  trace([this] {
    std::array<int, 2> go{}, done{};
    must(::pipe(go.data()) == 0 && ::pipe(done.data()) == 0);
    char byte = 0;
    std::thread other([&] {
      ::access("/none", F_OK);
      put(done[1], 1);
      must(::read(go[0], &byte, 1) == 1);
      ::access("/none", F_OK);
      put_into("/data/x.db", 21);
    });
    std::thread apart([&] {
      must(::unshare(CLONE_FS) == 0);
      put(done[1], 1);
      must(::read(go[0], &byte, 1) == 1);
      ::access("/none/apart", F_OK);
    });
    must(::read(done[0], &byte, 1) == 1 && ::read(done[0], &byte, 1) == 1);
    enter_root(at("a"));
    put(go[1], 2);
    other.join();
    apart.join();
  });
  EXPECT_EQ(count("access", -ENOENT, "/none", ""), 1);
  EXPECT_EQ(count("access", -ENOENT, "/none", at("a")), 1);
  EXPECT_EQ(count("write", 21, "/data/x.db", at("a")), 1);
  EXPECT_EQ(count("access", -ENOENT, "/none/apart", ""), 1);
}

TEST_F(Roots, go_through_fork_and_exec) {
  trace([this] {
    leave_namespace();
    tell(own_namespace());
    must(::mount("/", at("a").c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0);
    enter_root(at("a"));
    const pid_t child = ::vfork();
    if (child == 0) {
      ::execl("/bin/sh", "sh", "-c", "echo text 2> /dev/null > /dev/full", nullptr);
      ::_exit(98);
    }
    must(::waitpid(child, nullptr, 0) == child);
  });
  EXPECT_EQ(count("execve", 0, "/bin/sh", told() + at("a")), 1);
  EXPECT_EQ(count("write", -ENOSPC, "/dev/full", told() + at("a")), 1);
}

TEST_F(Roots, of_two_mount_namespaces_are_told_apart) {
  trace([this] {
    std::string namespaces;
    for (const int size : {10, 20}) {
      std::array<int, 2> name{};
      must(::pipe(name.data()) == 0);
      in_child([&] {
        leave_namespace();
        mount_memory(at("a"));
        put_into(at("a/x.db").c_str(), static_cast<std::size_t>(size));
        const std::string own = own_namespace();
        must(::write(name[1], own.data(), own.size()) > 0);
        // Its number must not be used again while the trace runs.
        must(::open("/proc/self/ns/mnt", O_RDONLY) >= 0);
        enter_root(at("a"));
        put_into("/x.db", static_cast<std::size_t>(size + 1));
      });
      std::array<char, 64> text{};
      must(::read(name[0], text.data(), text.size()) > 0);
      namespaces += text.data() + std::string(" ");
    }
    tell(namespaces);
  });
  const std::string first = told().substr(0, told().find(' '));
  const std::string second = told().substr(first.size() + 1, first.size());
  EXPECT_EQ(count("write", 10, at("a/x.db"), first), 1);
  EXPECT_EQ(count("write", 11, "/x.db", first + at("a")), 1);
  EXPECT_EQ(count("write", 20, at("a/x.db"), second), 1);
  EXPECT_EQ(count("write", 21, "/x.db", second + at("a")), 1);
}

TEST_F(Roots, of_a_child_that_clone_gives_a_namespace_are_its_own) {
  trace([this] {
    const auto child = static_cast<pid_t>(
        ::syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (child == 0) {
      tell(own_namespace());
      put_into(at("file").c_str(), 31);
      ::_exit(0);
    }
    must(::waitpid(child, nullptr, 0) == child);
    put_into(at("file").c_str(), 32);
  });
  EXPECT_EQ(count("write", 31, at("file"), told()), 1);
  EXPECT_EQ(count("write", 32, at("file"), ""), 1);
}

TEST_F(Roots, that_pivot_root_gives_every_process_of_a_namespace_are_its_top) {
  trace([this] {
    leave_namespace();
    std::array<int, 2> go{};
    must(::pipe(go.data()) == 0);
    tell(own_namespace());
    mount_memory(at("a"));
    must(::mkdir(at("a/old").c_str(), 0700) == 0);
    const int outside = ::open(at("b/data/x.db").c_str(), O_RDWR | O_CREAT, 0600);
    const pid_t child = ::fork();
    char byte = 0;
    if (child == 0) {
      ::access("/none", F_OK);
      must(::read(go[0], &byte, 1) == 1);
      put_into("/x.db", 41);
      ::_exit(0);
    }
    must(::syscall(SYS_pivot_root, at("a").c_str(), at("a/old").c_str()) == 0);
    put_into("/x.db", 42);
    put(outside, 43);
    put(go[1], 1);
    int status = 0;
    must(::waitpid(child, &status, 0) == child && status == 0);
    must(::umount2("/old", MNT_DETACH) == 0);
    put_into("/x.db", 44);
  });
  EXPECT_EQ(count("access", -ENOENT, "/none", told()), 1);
  EXPECT_EQ(count("write", 41, "/x.db", told()), 1);
  EXPECT_EQ(count("write", 42, "/x.db", told()), 1);
  EXPECT_EQ(count("write", 43, "/old" + at("b/data/x.db"), told()), 1);
  EXPECT_EQ(count("write", 44, "/x.db", told()), 1);
}

TEST_F(Roots, that_setns_brings_are_those_of_the_other_process) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t other = ::fork();
  if (other == 0) {
    leave_namespace();
    mount_memory(at("a"));
    put(ready[1], 1);
    ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const std::string name = namespace_of(other);
  const std::string proc = "/proc/" + std::to_string(other);
  trace([&] {
    const int before = ::open(at("a/x.db").c_str(), O_RDWR | O_CREAT, 0600);
    put_into((proc + "/root" + at("a/x.db")).c_str(), 50);
    must(::setns(::open((proc + "/ns/mnt").c_str(), O_RDONLY), CLONE_NEWNS) == 0);
    put_into(at("a/x.db").c_str(), 51);
    put(before, 52);
    ::access("/none", F_OK);
  });
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  EXPECT_EQ(count("write", 50, at("a/x.db"), name), 1);
  EXPECT_EQ(count("write", 51, at("a/x.db"), name), 1);
  EXPECT_EQ(count("write", 52, at("a/x.db"), ""), 1);
  EXPECT_EQ(count("access", -ENOENT, "/none", name), 1);
}

TEST_F(Roots, of_mounts_that_are_in_no_namespace_are_told) {
  trace([this] {
    leave_namespace();
    mount_memory(at("a"));
    const int fd = ::open(at("a/x.db").c_str(), O_RDWR | O_CREAT, 0600);
    must(::umount2(at("a").c_str(), MNT_DETACH) == 0);
    put(fd, 61);
  });
  const auto row = std::ranges::find_if(
      rows_, [](const auto& text) { return text.contains(",write,61,/x.db,[mount "); });
  EXPECT_NE(row, rows_.end());
}

TEST_F(Roots, are_named_anew_when_they_are_moved_or_removed) {
  trace([this] {
    std::array<int, 2> go{}, done{};
    must(::pipe(go.data()) == 0 && ::pipe(done.data()) == 0);
    const pid_t child = ::fork();
    char byte = 0;
    if (child == 0) {
      enter_root(at("a"));
      for (const int size : {71, 72, 73}) {
        if (size < 73)
          put_into("/data/x.db", static_cast<std::size_t>(size));
        else
          ::access("/none", F_OK);
        put(done[1], 1);
        must(::read(go[0], &byte, 1) == 1);
      }
      ::_exit(0);
    }
    must(::read(done[0], &byte, 1) == 1);
    must(::rename(at("a").c_str(), at("c").c_str()) == 0);
    put(go[1], 1);
    must(::read(done[0], &byte, 1) == 1);
    std::filesystem::remove_all(at("c"));
    in_child([this] { enter_root(at("b")); });
    put(go[1], 1);
    must(::read(done[0], &byte, 1) == 1);
    put(go[1], 1);
    must(::waitpid(child, nullptr, 0) == child);
  });
  EXPECT_EQ(count("write", 71, "/data/x.db", at("a")), 1);
  EXPECT_EQ(count("write", 72, "/data/x.db", at("c")), 1);
  EXPECT_EQ(count("access", -ENOENT, "/none", at("c") + " (deleted)"), 1);
}

TEST_F(Roots, of_requests_are_their_submitters) {
  trace([this] {
    enter_root(at("a"));
    Ring ring;
    const std::string bytes(100, 'x');
    ::io_uring_prep_openat(ring.next(), AT_FDCWD, "/data/x.db", O_RDWR | O_CREAT, 0600);
    const int fd = ring.run();
    must(fd >= 0);
    ::io_uring_prep_write(ring.next(), fd, bytes.data(), 81, 0);
    must(ring.run() == 81);
    ::io_uring_prep_unlinkat(ring.next(), AT_FDCWD, "none", 0);
    must(ring.run() == -ENOENT);
    std::array<int, 2> pipe{};
    must(::pipe(pipe.data()) == 0);
    ::io_uring_prep_write(ring.next(), pipe[1], bytes.data(), 82, 0);
    must(ring.run() == 82);
    aio_context_t context = 0;
    iocb request{}, *requests = &request;
    io_event event{};
    request.aio_lio_opcode = IOCB_CMD_PWRITE;
    request.aio_fildes = static_cast<std::uint32_t>(fd);
    request.aio_buf = reinterpret_cast<std::uint64_t>(bytes.data());
    request.aio_nbytes = 83;
    must(::syscall(SYS_io_setup, 1, &context) == 0 &&
         ::syscall(SYS_io_submit, context, 1L, &requests) == 1 &&
         ::syscall(SYS_io_getevents, context, 1L, 1L, &event, nullptr) == 1);
  });
  EXPECT_EQ(count("io_uring_write", 81, "/data/x.db", at("a")), 1);
  EXPECT_EQ(count("io_uring_unlinkat", -ENOENT, "/none", at("a")), 1);
  EXPECT_EQ(count("aio_pwrite", 83, "/data/x.db", at("a")), 1);
  const auto pipe = std::ranges::find_if(rows_, [this](const auto& row) {
    return row.contains(",io_uring_write,82,pipe:[") && row.ends_with("," + at("a"));
  });
  EXPECT_NE(pipe, rows_.end());
}

TEST_F(Roots, of_32_bit_calls_are_told) {
  trace([this] {
    enter_root(at("a"));
    auto* const path = static_cast<char*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
    std::strcpy(path, "/none");
    long result = 33;  // access
    asm volatile("int $0x80" : "+a"(result) : "b"(path), "c"(F_OK) : "memory", "r8", "r9");
    result = 61;  // chroot
    std::strcpy(path, "/data");
    asm volatile("int $0x80" : "+a"(result) : "b"(path), "c"(0) : "memory", "r8", "r9");
    ::access("/none", F_OK);
  });
  EXPECT_EQ(count("i386_access", -ENOENT, "/none", at("a")), 1);
  EXPECT_EQ(count("access", -ENOENT, "/none", at("a/data")), 1);
}

TEST_F(Roots, keep_files_of_one_path_apart_wherever_they_are_shown) {
  const std::string program =
      "for (0, 1) { if (!fork) { chroot $ARGV[$_] or die; open F, '>', '/x.db' or die;"
      "syswrite F, 'x' x (10 + 10 * $_); exit } wait }";
  const Finished ior = run({IOR_BIN, "-f", "-flamegraph", "-name", "roots", "-trace-syscalls",
                            "write", "--", "perl", "-e", program, at("a"), at("b")},
                           directory_.path());
  ASSERT_EQ(ior.exit_code, 0) << ior.err;
  const std::string file = recording_in(directory_.path());
  const Records records = export_records(file);
  for (const auto& [jail, size] : {std::pair(at("a"), 10u), std::pair(at("b"), 20u)}) {
    const auto record =
        std::ranges::find_if(records, [&](const auto& entry) { return entry["root"] == jail; });
    ASSERT_NE(record, records.end()) << jail;
    EXPECT_EQ((*record)["path"], "/x.db");
    EXPECT_EQ((*record)["host_path"], jail + "/x.db");
    EXPECT_EQ((*record)["bytes_written"], size);
  }
  const auto shown_by = [&](std::vector<std::string> command) {
    command.insert(command.begin(), IOR_BIN);
    command.push_back(file);
    return run(command, directory_.path()).out;
  };
  const std::string report = shown_by({"report"});
  EXPECT_TRUE(report.contains("10 B  enter_write  " + at("a") + "  /x.db\n")) << report;
  EXPECT_TRUE(report.contains("20 B  enter_write  " + at("b") + "  /x.db\n")) << report;
  const std::string by_root = shown_by({"report", "-fields", "root"});
  EXPECT_TRUE(by_root.contains("10 B  " + at("a") + "\n")) << by_root;
  const std::string stacks = shown_by({"collapsed", "-fields", "path", "-count", "bytes"});
  EXPECT_TRUE(stacks.contains("[" + at("a") + "];x.db 10\n")) << stacks;
  EXPECT_TRUE(stacks.contains("[" + at("b") + "];x.db 20\n")) << stacks;
}

// ior in a namespace and a root of its own.
TEST_F(Roots, are_told_as_ior_sees_them) {
  const std::string program =
      "stat '/none/own';"
      "if (!fork) { chroot $ARGV[0] or die; stat '/none/below'; exit } wait;"
      "open F, '<', $ARGV[1] or die; syscall(308, fileno(F), 0) == 0 or die; stat '/none/other'";
  const std::string script =
      "mount --rbind / a; cd a; exec chroot . \"$0\" -f -plain -root -time none -path /none -- "
      "perl -e \"$1\" \"$2\" /proc/$3/ns/mnt";
  const Finished ior = run(
      {"unshare", "-m", "sh", "-ec", script, IOR_BIN, program, at("b"), std::to_string(::getpid())},
      directory_.path());
  ASSERT_EQ(ior.exit_code, 0) << ior.err;
  std::istringstream lines(ior.out);
  for (std::string line; std::getline(lines, line);) rows_.push_back(line);
  EXPECT_EQ(count("newfstatat", -ENOENT, "/none/own", ""), 1);
  EXPECT_EQ(count("newfstatat", -ENOENT, "/none/below", at("b")), 1);
  EXPECT_EQ(count("newfstatat", -ENOENT, "/none/other", own_namespace()), 1);
}

}  // namespace
}  // namespace ior::e2e
