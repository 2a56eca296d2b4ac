// Calls by the 32-bit table, which any process can make (int 0x80): their names, files, returns and
// bytes, and that none is taken for the 64-bit call of the same number.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/call32.hpp"
#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

using testing::Contains;
using testing::EndsWith;

const nlohmann::json* find_record(const Records& records, const std::string& tracepoint,
                                  const std::string& path) {
  for (const auto& record : records) {
    if (record["tracepoint"] == tracepoint && record["path"] == path) return &record;
  }
  return nullptr;
}

TEST(Compat, each_call_has_its_name_its_return_and_its_files) {
  const TempDir directory;
  const std::string file = directory.file("file"), moved = directory.file("moved");
  const Traced traced = trace_child(
      [&] {
        Low low;
        const long old_path = low.text(file), new_path = low.text(moved);
        const long fd = call32("open", old_path, O_RDWR | O_CREAT, 0600);
        char* const buffer = low.take(100);
        call32("write", fd, Low::address_of(buffer), 100);
        call32("_llseek", fd, 0, 0, Low::address_of(low.take(8)), SEEK_SET);
        call32("read", fd, Low::address_of(buffer), 77);
        call32("pwrite64", fd, Low::address_of(buffer), 9, 1000, 0);
        call32("pread64", fd, Low::address_of(buffer), 50, 1004, 0);
        call32("rename", old_path, new_path);
        call32("fstat64", fd, Low::address_of(low.take(200)));
        call32("close", fd);
        call32("stat64", new_path, Low::address_of(low.take(200)));
        const long again = call32("openat", AT_FDCWD, new_path, O_RDONLY);
        call32("unlink", new_path);
        call32("close", again);
        call32("getpid");
      },
      {"-plain", "-trace-families", "all"});
  std::vector<std::string> calls;
  for (const std::string& row : traced.rows) {
    if (const auto at = row.find(",i386_"); at != row.npos) calls.push_back(row.substr(at + 1));
  }
  std::string fd = "i386_open,";  // the number that the child got
  ASSERT_FALSE(calls.empty());
  ASSERT_TRUE(calls[0].starts_with(fd)) << calls[0];
  fd = calls[0].substr(fd.size(), calls[0].find(',', fd.size()) - fd.size());
  EXPECT_THAT(calls,
              testing::ElementsAre("i386_open," + fd + "," + file, "i386_write,100," + file,
                                   "i386__llseek,0," + file, "i386_read,77," + file,
                                   "i386_pwrite64,9," + file, "i386_pread64,5," + file,
                                   "i386_rename,0," + file + " -> " + moved,
                                   "i386_fstat64,0," + moved, "i386_close,0," + moved,
                                   "i386_stat64,0," + moved, "i386_openat," + fd + "," + moved,
                                   "i386_unlink,0," + moved, "i386_close,0," + moved + " (deleted)",
                                   "i386_getpid," + std::to_string(traced.pid) + ","));
}

TEST(Compat, calls_are_traced_by_default_and_their_bytes_and_flags_are_kept) {
  const TempDir directory;
  const std::string file = directory.file("file");
  const Traced traced = trace_child([&] {
    Low low;
    const long fd = call32("open", low.text(file), O_RDWR | O_CREAT | O_APPEND, 0600);
    char* const buffer = low.take(4096);
    for (const long size : {1, 10, 1000}) call32("write", fd, Low::address_of(buffer), size);
    auto* const parts = reinterpret_cast<std::uint32_t*>(low.take(16));
    parts[0] = parts[2] = static_cast<std::uint32_t>(Low::address_of(buffer));
    parts[1] = 3;
    parts[3] = 4;
    call32("_llseek", fd, 0, 0, Low::address_of(low.take(8)), SEEK_SET);
    call32("readv", fd, Low::address_of(parts), 2);
    call32("ftruncate64", fd, 5, 0);
    call32("getpid");
  });
  const Records& records = traced.records;
  EXPECT_EQ((*find_record(records, "enter_i386_open", file))["flags"], "O_RDWR|O_CREAT|O_APPEND");
  EXPECT_EQ(sum_of(records, "enter_i386_write", file).count, 3u);
  EXPECT_EQ(sum_of(records, "enter_i386_write", file).bytes_written, 1011u);
  EXPECT_EQ((*find_record(records, "enter_i386_write", file))["flags"], "O_RDWR|O_APPEND");
  EXPECT_EQ(sum_of(records, "enter_i386_readv", file).bytes_read, 7u);
  EXPECT_EQ(sum_of(records, "enter_i386_ftruncate64", file).count, 1u);
  EXPECT_EQ(sum_of(records, "enter_i386_ftruncate64", file).bytes_read, 0u);
  EXPECT_EQ(sum_of(records, "enter_i386_getpid").count, 0u);
}

TEST(Compat, a_failing_call_shows_its_negative_error) {
  const Traced traced = trace_child(
      [] {
        Low low;
        call32("open", low.text("/no/such/file"), O_RDONLY);
        call32("openat", -1, low.text("relative"), O_RDONLY);
        call32("close", 999);
        call32("read", -1, 0, 1);
        call32("fanotify_mark", -1, FAN_MARK_ADD, FAN_OPEN, 0, AT_FDCWD, low.text("/no/such"));
        call32("mmap2", 0, 0, PROT_READ, MAP_PRIVATE, 999);
      },
      {"-plain", "-trace-families", "all"});
  EXPECT_THAT(traced.rows, Contains(EndsWith(",i386_open,-2,/no/such/file")));
  EXPECT_THAT(traced.rows,
              Contains(EndsWith(",i386_openat,-9,[unknown: fd is not open]/relative")));
  EXPECT_THAT(traced.rows, Contains(EndsWith(",i386_close,-9,[unknown: fd is not open]")));
  EXPECT_THAT(traced.rows, Contains(EndsWith(",i386_read,-9,[unknown: fd is not open]")));
  EXPECT_THAT(traced.rows, Contains(EndsWith(",i386_fanotify_mark,-9,/no/such")));
  EXPECT_THAT(traced.rows, Contains(EndsWith(",i386_mmap2,-9,[unknown: fd is not open]")));
}

TEST(Compat, paths_start_from_the_directory_of_the_call) {
  const TempDir directory;
  const std::string below = directory.file("below");
  const Traced traced = trace_child([&] {
    Low low;
    call32("mkdir", low.text(below), 0700);
    call32("chdir", low.text(directory.path()));
    const long dirfd = call32("open", low.text("below"), O_RDONLY | O_DIRECTORY);
    call32("close", call32("openat", dirfd, low.text("a"), O_WRONLY | O_CREAT, 0600));
    call32("renameat2", dirfd, low.text("a"), AT_FDCWD, low.text("b"), 0);
    auto* const how = reinterpret_cast<std::uint64_t*>(low.take(24));
    how[0] = O_WRONLY;
    call32("openat2", AT_FDCWD, low.text("b"), Low::address_of(how), 24);
    call32("unlinkat", AT_FDCWD, low.text("b"), 0);
  });
  const Records& records = traced.records;
  EXPECT_EQ(sum_of(records, "enter_i386_mkdir", below).errors, 0u);
  EXPECT_EQ(sum_of(records, "enter_i386_mkdir", below).count, 1u);
  EXPECT_EQ(sum_of(records, "enter_i386_openat", below + "/a").count, 1u);
  EXPECT_EQ(sum_of(records, "enter_i386_renameat2", below + "/a").count, 1u);
  EXPECT_EQ(sum_of(records, "enter_i386_renameat2", directory.file("b")).count, 1u);
  const auto* opened = find_record(records, "enter_i386_openat2", directory.file("b"));
  ASSERT_NE(opened, nullptr);
  EXPECT_EQ((*opened)["flags"], "O_WRONLY");
  EXPECT_EQ(sum_of(records, "enter_i386_unlinkat", directory.file("b")).errors, 0u);
  EXPECT_EQ(sum_of(records, "enter_i386_unlinkat", directory.file("b")).count, 1u);
}

// Each of these numbers is that of quite another call in the 64-bit table.
TEST(Compat, no_call_is_taken_for_the_64_bit_one_of_its_number) {
  const Traced traced = trace_child(
      [] {
        Low low;
        const int fd = ::open("/dev/zero", O_RDWR);
        char* const buffer = low.take(16);
        call32("read", fd, Low::address_of(buffer), 16);   // 3: close
        call32("write", fd, Low::address_of(buffer), 16);  // 4: stat
        call32("fcntl64", fd, F_GETFL);                    // 221: fadvise64
        const long copy = call32("dup", fd);               // 41: socket
        call32("close", copy);                             // 6: lstat
        (void)!::read(fd, buffer, 5);                      // 0: restart_syscall
        ::close(fd);                                       // 3: read
      },
      {"-trace-families", "all"});
  const Records& records = traced.records;
  EXPECT_EQ(sum_of(records, "enter_i386_read", "/dev/zero").bytes_read, 16u);
  EXPECT_EQ(sum_of(records, "enter_i386_write", "/dev/zero").bytes_written, 16u);
  EXPECT_EQ(sum_of(records, "enter_i386_fcntl64", "/dev/zero").count, 1u);
  EXPECT_EQ(sum_of(records, "enter_i386_dup", "/dev/zero").count, 1u);
  EXPECT_EQ(sum_of(records, "enter_i386_close", "/dev/zero").count, 1u);
  EXPECT_EQ(sum_of(records, "enter_read", "/dev/zero").bytes_read, 5u);
  EXPECT_EQ(sum_of(records, "enter_close", "/dev/zero").count, 1u);
  for (const char* other : {"enter_newstat", "enter_newlstat", "enter_fadvise64", "enter_socket",
                            "enter_i386_restart_syscall"}) {
    EXPECT_EQ(sum_of(records, other).count, 0u) << other;
  }
}

TEST(Compat, a_name_selects_the_calls_of_both_tables) {
  const auto work = [] {
    Low low;
    const int fd = ::open("/dev/zero", O_RDWR);
    (void)!::read(fd, low.take(4), 4);
    call32("read", fd, Low::address_of(low.take(4)), 4);
    call32("write", fd, Low::address_of(low.take(4)), 4);
  };
  const Records reads = trace_child(work, {"-trace-syscalls", "read"}).records;
  EXPECT_EQ(sum_of(reads, "enter_read", "/dev/zero").count, 1u);
  EXPECT_EQ(sum_of(reads, "enter_i386_read", "/dev/zero").count, 1u);
  EXPECT_EQ(sum_of(reads, "enter_i386_write").count, 0u);
  const Records others = trace_child(work, {"-no-trace-syscalls", "read"}).records;
  EXPECT_EQ(sum_of(others, "enter_i386_read").count, 0u);
  EXPECT_EQ(sum_of(others, "enter_i386_write", "/dev/zero").count, 1u);
}

TEST(Compat, a_number_without_a_row_is_shown_as_it_is) {
  const Traced traced = trace_child(
      [] {
        call32_number(251);
        call32_number(5000);
        call32_number(0x40000001);
      },
      {"-plain", "-trace-families", "all"});
  EXPECT_THAT(traced.rows, Contains(EndsWith(",i386_251,-38,")));
  EXPECT_THAT(traced.rows, Contains(EndsWith(",i386_5000,-38,")));
  EXPECT_THAT(traced.rows, Contains(EndsWith(",i386_1073741825,-38,")));
}

TEST(Compat, high_addresses_ranges_forks_and_ends_are_what_they_are) {
  const Traced traced = trace_child(
      [] {
        const int fd = ::open("/dev/null", O_RDONLY);
        call32("mmap2", 0xc0000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1);
        call32("close_range", fd, fd);
        if (call32("fork") == 0) ::_exit(0);
        ::wait(nullptr);
        call32("exit", 0);
      },
      {"-plain", "-trace-families", "all"});
  EXPECT_THAT(traced.rows, Contains(EndsWith(",i386_mmap2,3221225472,")));
  EXPECT_THAT(traced.rows, Contains(EndsWith(",i386_close_range,0,/dev/null")));
  EXPECT_THAT(traced.rows, Contains(testing::MatchesRegex(".*,i386_fork,[0-9]+,")));
  EXPECT_THAT(traced.rows, Contains(EndsWith(",i386_exit,,")));
  EXPECT_EQ(lost_calls(traced.ior.err), 0u) << traced.ior.err;
}

}  // namespace
}  // namespace ior::e2e
