// Requests of Linux AIO: a row each, with its file and result, from submission to reaping.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

void must(bool holds) {
  if (!holds) ::_exit(6);
}

iocb request(int operation, int fd, void* buffer, std::size_t size, long long offset = 0) {
  iocb made{};
  made.aio_lio_opcode = static_cast<std::uint16_t>(operation);
  made.aio_fildes = static_cast<std::uint32_t>(fd);
  made.aio_buf = reinterpret_cast<std::uint64_t>(buffer);
  made.aio_nbytes = size;
  made.aio_offset = offset;
  return made;
}

long submit(aio_context_t context, std::vector<iocb*> requests) {
  return ::syscall(SYS_io_submit, context, requests.size(), requests.data());
}

long reap(aio_context_t context, long count) {
  std::array<io_event, 8> events{};
  return ::syscall(SYS_io_getevents, context, count, count, events.data(), nullptr);
}

TEST(Aio, requests_have_their_file_and_bytes) {
  const TempDir directory;
  const std::string path = directory.file("data");
  const Traced traced = trace_child([&] {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
    aio_context_t context = 0;
    must(::syscall(SYS_io_setup, 8, &context) == 0);
    std::array<char, 100> bytes{};
    iocb write = request(IOCB_CMD_PWRITE, fd, bytes.data(), 100);
    must(submit(context, {&write}) == 1 && reap(context, 1) == 1);
    iocb one = request(IOCB_CMD_PREAD, fd, bytes.data(), 10);
    iocb other = request(IOCB_CMD_PREAD, fd, bytes.data() + 10, 90, 95);
    must(submit(context, {&one, &other}) == 2);
    ::close(fd);  // the requests keep the file
    must(reap(context, 2) == 2);
    iocb bad = request(IOCB_CMD_PREAD, 999, bytes.data(), 1);
    must(submit(context, {&bad}) == -1);
  });
  EXPECT_EQ(sum_of(traced.records, "aio_pwrite", path).bytes_written, 100u);
  EXPECT_EQ(sum_of(traced.records, "aio_pread", path).count, 2u);
  EXPECT_EQ(sum_of(traced.records, "aio_pread", path).bytes_read, 15u);
  EXPECT_EQ(sum_of(traced.records, "aio_pread").count, 2u) << "what was not taken is no request";
  EXPECT_GT(sum_of(traced.records, "aio_pwrite", path).duration_ns, 0u);
  EXPECT_EQ(sum_of(traced.records, "enter_io_submit").count, 0u) << "not asked for";
}

// The events lie in memory that the program shares with the kernel: it makes no call for them.
class UnreapedAio : public testing::Test {
 protected:
  Traced trace(std::vector<std::string> options = {}) {
    return trace_child(
        [this] {
          const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT, 0600);
          aio_context_t context = 0;
          must(::syscall(SYS_io_setup, 8, &context) == 0);
          std::array<char, 10> bytes{};
          iocb write = request(IOCB_CMD_PWRITE, fd, bytes.data(), 10);
          for (int i = 0; i < 3; ++i) must(submit(context, {&write}) == 1);
        },
        std::move(options));
  }

  const TempDir directory_;
  const std::string path_ = directory_.file("data");
};

TEST_F(UnreapedAio, requests_are_counted_with_their_process_and_no_bytes) {
  const Traced traced = trace();
  EXPECT_EQ(sum_of(traced.records, "aio_pwrite", path_).count, 3u);
  EXPECT_EQ(sum_of(traced.records, "aio_pwrite", path_).bytes_written, 0u);
  EXPECT_THAT(traced.ior.err, testing::ContainsRegex("no_result +3 "));
  ASSERT_EQ(traced.recording.processes.size(), 1u) << "the last is sent by ior's own";
  EXPECT_FALSE(traced.recording.processes[0].executable.empty());
}

TEST_F(UnreapedAio, rows_say_why_they_have_no_result) {
  const Traced traced = trace({"-plain", "-trace-syscalls", "pwrite64"});
  ASSERT_EQ(traced.rows.size(), 4u);
  for (std::size_t i = 1; i < traced.rows.size(); ++i) {
    EXPECT_TRUE(traced.rows[i].ends_with(",aio_pwrite,unknown: not reaped by a syscall," + path_))
        << traced.rows[i];
  }
}

}  // namespace
}  // namespace ior::e2e
