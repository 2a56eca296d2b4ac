// Requests of Linux AIO: a row each, with its file and result, from submission to reaping.
#include <fcntl.h>
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
  EXPECT_EQ(sum_of(traced.records, "aio_pwrite", path).bytes, 100u);
  EXPECT_EQ(sum_of(traced.records, "aio_pread", path).count, 2u);
  EXPECT_EQ(sum_of(traced.records, "aio_pread", path).bytes, 15u);
  EXPECT_EQ(sum_of(traced.records, "aio_pread").count, 2u) << "what was not taken is no request";
  EXPECT_GT(sum_of(traced.records, "aio_pwrite", path).duration_ns, 0u);
  EXPECT_EQ(sum_of(traced.records, "enter_io_submit").count, 0u) << "not asked for";
}

// The events lie in memory that the program shares with the kernel.
TEST(Aio, requests_that_are_reaped_without_a_call_are_rows_without_a_result) {
  const TempDir directory;
  const std::string path = directory.file("data");
  const Traced traced = trace_child([&] {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
    aio_context_t context = 0;
    must(::syscall(SYS_io_setup, 8, &context) == 0);
    std::array<char, 10> bytes{};
    iocb write = request(IOCB_CMD_PWRITE, fd, bytes.data(), 10);
    for (int i = 0; i < 3; ++i) must(submit(context, {&write}) == 1);
  });
  EXPECT_EQ(sum_of(traced.records, "aio_pwrite", path).count, 3u);
  EXPECT_EQ(sum_of(traced.records, "aio_pwrite", path).bytes, 0u);
}

}  // namespace
}  // namespace ior::e2e
