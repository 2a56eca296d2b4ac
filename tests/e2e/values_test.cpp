// Exact values of single calls: bytes, errors, flags, gaps, and how they look as rows.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>

#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

const nlohmann::json* find_record(const Records& records, const std::string& tracepoint,
                                  const std::string& path) {
  for (const auto& record : records) {
    if (record["tracepoint"] == tracepoint && record["path"] == path) return &record;
  }
  return nullptr;
}

TEST(Values, bytes_are_what_reads_and_writes_returned) {
  const TempDir directory;
  const std::string file = directory.file("data");
  const Traced traced = trace_child([&file] {
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT, 0600);
    std::array<char, 1000> buffer{};
    for (const std::size_t size : {1u, 10u, 100u, 1000u}) (void)!::write(fd, buffer.data(), size);
    (void)!::pwrite(fd, buffer.data(), 77, 5000);
    (void)!::pread(fd, buffer.data(), 1000, 5070);
    ::lseek(fd, 0, SEEK_SET);
    std::array<iovec, 2> parts = {{{buffer.data(), 5}, {buffer.data() + 5, 15}}};
    (void)!::readv(fd, parts.data(), 2);
    ::lseek(fd, 0, SEEK_END);
    (void)!::read(fd, buffer.data(), 1000);
    ::close(fd);
  });
  EXPECT_EQ(sum_of(traced.records, "enter_write", file).count, 4u);
  EXPECT_EQ(sum_of(traced.records, "enter_write", file).bytes_written, 1111u);
  EXPECT_EQ(sum_of(traced.records, "enter_pwrite64", file).bytes_written, 77u);
  EXPECT_EQ(sum_of(traced.records, "enter_pread64", file).bytes_read, 7u);
  EXPECT_EQ(sum_of(traced.records, "enter_readv", file).bytes_read, 20u);
  EXPECT_EQ(sum_of(traced.records, "enter_read", file).count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_read", file).bytes_read, 0u);
  EXPECT_EQ(sum_of(traced.records, "enter_lseek", file).bytes_read, 0u);
}

TEST(Values, transfers_show_the_file_written_to_and_the_file_read_from) {
  const TempDir directory;
  const std::string from = directory.file("from"), to = directory.file("to");
  const Traced traced = trace_child([&] {
    const int in = ::open(from.c_str(), O_RDWR | O_CREAT, 0600);
    const int out = ::open(to.c_str(), O_RDWR | O_CREAT, 0600);
    (void)!::write(in, "0123456789", 10);
    off_t offset = 0;
    (void)!::sendfile(out, in, &offset, 10);
    loff_t start = 2;
    (void)!::copy_file_range(in, &start, out, nullptr, 4, 0);
    std::array<int, 2> ends{};
    (void)!::pipe(ends.data());
    start = 1;
    (void)!::splice(in, &start, ends[1], nullptr, 3, 0);
  });
  for (const auto& [tracepoint, bytes] :
       {std::pair{"enter_sendfile64", 10u}, std::pair{"enter_copy_file_range", 4u}}) {
    const auto* record = find_record(traced.records, tracepoint, to);
    ASSERT_NE(record, nullptr) << tracepoint;
    EXPECT_EQ((*record)["old_path"], from);
    EXPECT_EQ((*record)["bytes_read"], bytes);
    EXPECT_EQ((*record)["bytes_written"], bytes);
  }
  const Sum splice = sum_of(traced.records, "enter_splice", from);
  EXPECT_EQ(splice.count, 1u);
  EXPECT_EQ(splice.bytes_read, 3u);
  EXPECT_EQ(splice.bytes_written, 3u);
}

TEST(Values, a_failed_call_shows_its_errno_and_the_path_as_passed) {
  const Traced traced = trace_child(
      [] {
        ::open("/nonexistent/../file", O_RDONLY);
        ::open("/etc/hostname/x", O_WRONLY);
        struct stat status {};
        ::stat("/no/such/file", &status);
        ::close(1000);
        (void)!::read(-1, nullptr, 0);
      },
      {"-plain"});
  using testing::Contains;
  using testing::EndsWith;
  EXPECT_THAT(traced.rows, Contains(EndsWith(",openat,-2,/nonexistent/../file")));
  EXPECT_THAT(traced.rows, Contains(EndsWith(",openat,-20,/etc/hostname/x")));
  EXPECT_THAT(traced.rows, Contains(EndsWith(",newfstatat,-2,/no/such/file")));
  EXPECT_THAT(traced.rows, Contains(EndsWith(",close,-9,[unknown: fd is not open]")));
  EXPECT_THAT(traced.rows, Contains(EndsWith(",read,-9,[unknown: fd is not open]")));
}

TEST(Values, flags_are_those_passed_to_open_and_then_the_open_files_own) {
  const TempDir directory;
  const std::string file = directory.file("flags"), other = directory.file("creat");
  const Traced traced = trace_child([&] {
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    (void)!::write(fd, "a", 1);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_APPEND | O_NONBLOCK);
    (void)!::pwrite(fd, "b", 1, 0);
    (void)::syscall(SYS_creat, other.c_str(), 0600);
  });
  EXPECT_EQ((*find_record(traced.records, "enter_openat", file))["flags"],
            "O_RDWR|O_CREAT|O_TRUNC|O_CLOEXEC");
  EXPECT_EQ((*find_record(traced.records, "enter_write", file))["flags"], "O_RDWR");
  EXPECT_EQ((*find_record(traced.records, "enter_pwrite64", file))["flags"],
            "O_RDWR|O_APPEND|O_NONBLOCK");
  EXPECT_EQ((*find_record(traced.records, "enter_creat", other))["flags"],
            "O_WRONLY|O_CREAT|O_TRUNC");
}

TEST(Values, openat2_shows_the_flags_of_its_open_how) {
  struct {
    std::uint64_t flags, mode, resolve;
  } how = {O_WRONLY | O_APPEND, 0, 0};
  const Traced traced =
      trace_child([&how] { ::syscall(SYS_openat2, AT_FDCWD, "/dev/null", &how, sizeof(how)); });
  const auto* record = find_record(traced.records, "enter_openat2", "/dev/null");
  ASSERT_NE(record, nullptr);
  EXPECT_EQ((*record)["flags"], "O_WRONLY|O_APPEND");
}

TEST(Values, durations_and_gaps_are_those_of_the_thread) {
  constexpr long kSleepNs = 20'000'000;
  const Traced traced = trace_child(
      [] {
        const timespec pause{0, kSleepNs};
        const int fd = ::open("/dev/null", O_WRONLY);
        ::nanosleep(&pause, nullptr);
        (void)!::write(fd, "x", 1);
      },
      {"-trace-syscalls", "openat,write"});
  const auto* opened = find_record(traced.records, "enter_openat", "/dev/null");
  const auto* written = find_record(traced.records, "enter_write", "/dev/null");
  ASSERT_TRUE(opened && written);
  EXPECT_EQ((*opened)["gap_ns"], 0);
  EXPECT_GE((*written)["gap_ns"], kSleepNs);
  EXPECT_LT((*written)["gap_ns"], 100 * kSleepNs);
  EXPECT_GT((*written)["duration_ns"], 0);
  EXPECT_LT((*written)["duration_ns"], kSleepNs);
}

TEST(Values, comm_is_the_threads_name_at_the_time_of_the_call) {
  const Traced traced = trace_child([] {
    ::prctl(PR_SET_NAME, "before");
    ::open("/dev/null", O_RDONLY);
    ::prctl(PR_SET_NAME, "after");
    ::open("/dev/zero", O_RDONLY);
  });
  EXPECT_EQ((*find_record(traced.records, "enter_openat", "/dev/null"))["comm"], "before");
  EXPECT_EQ((*find_record(traced.records, "enter_openat", "/dev/zero"))["comm"], "after");
}

TEST(Values, a_number_without_a_row_is_shown_as_it_is) {
  const Traced traced = trace_child(
      [] {
        ::syscall(400);
        ::syscall(5000);
        ::syscall(0x40000001);
      },
      {"-plain", "-trace-families", "all"});
  using testing::Contains;
  using testing::HasSubstr;
  EXPECT_THAT(traced.rows, Contains(HasSubstr(",syscall_400,-38,")));
  EXPECT_THAT(traced.rows, Contains(HasSubstr(",syscall_5000,-38,")));
  EXPECT_THAT(traced.rows, Contains(HasSubstr(",syscall_1073741825,-38,")));
}

TEST(Values, only_the_selected_syscalls_comms_and_paths_are_recorded) {
  const auto work = [] {
    ::close(::open("/dev/null", O_RDONLY));
    ::close(::open("/dev/zero", O_RDONLY));
    ::getppid();
  };
  EXPECT_EQ(sum_of(trace_child(work, {"-tps", "^enter_openat$"}).records, "enter_close").count, 0u);
  const Records by_path = trace_child(work, {"-path", "zero"}).records;
  EXPECT_EQ(sum_of(by_path, "enter_openat", "/dev/zero").count, 1u);
  EXPECT_EQ(sum_of(by_path, "enter_openat", "/dev/null").count, 0u);
  EXPECT_EQ(trace_child(work, {"-comm", "nobody"}).records.size(), 0u);
  const Records no_close = trace_child(work, {"-no-trace-syscalls", "close"}).records;
  EXPECT_EQ(sum_of(no_close, "enter_close").count, 0u);
  EXPECT_EQ(sum_of(no_close, "enter_openat", "/dev/null").count, 1u);
  const Records all = trace_child(work, {"-trace-families", "all"}).records;
  EXPECT_EQ(sum_of(all, "enter_getppid").count, 1u);
  EXPECT_EQ(sum_of(all, "enter_openat", "/dev/zero").count, 1u);
  EXPECT_EQ(sum_of(all, "enter_exit_group").count, 1u);
}

}  // namespace
}  // namespace ior::e2e
