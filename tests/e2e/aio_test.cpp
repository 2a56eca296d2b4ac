// Requests of Linux AIO: a row each, with its file and result, from submission to reaping.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>

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

TEST_F(UnreapedAio, requests_have_what_their_ring_holds_at_the_end) {
  const Traced traced = trace();
  EXPECT_EQ(sum_of(traced.records, "aio_pwrite", path_).count, 3u);
  EXPECT_EQ(sum_of(traced.records, "aio_pwrite", path_).bytes_written, 30u);
  EXPECT_THAT(traced.ior.err, testing::ContainsRegex("no_result +0 "));
  ASSERT_EQ(traced.recording.processes.size(), 1u) << "the last is sent by ior's own";
  EXPECT_FALSE(traced.recording.processes[0].executable.empty());
}

TEST_F(UnreapedAio, rows_mark_their_durations_as_upper_bounds) {
  const Traced traced = trace({"-plain", "-trace-syscalls", "pwrite64"});
  ASSERT_EQ(traced.rows.size(), 4u);
  for (std::size_t i = 1; i < traced.rows.size(); ++i) {
    EXPECT_THAT(traced.rows[i], testing::HasSubstr(",<="));
    EXPECT_TRUE(traced.rows[i].ends_with(",aio_pwrite,10," + path_)) << traced.rows[i];
  }
}

// A program may be rid of its ring before anybody can look at it.
TEST(Aio, requests_whose_ring_is_gone_say_that_their_end_is_not_known) {
  const TempDir directory;
  const std::string path = directory.file("data");
  const auto work = [&] {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
    aio_context_t context = 0;
    must(::syscall(SYS_io_setup, 8, &context) == 0);
    std::array<char, 10> bytes{};
    iocb write = request(IOCB_CMD_PWRITE, fd, bytes.data(), 10);
    must(submit(context, {&write}) == 1);
    ::munmap(reinterpret_cast<void*>(context), 4096);
  };
  const Traced traced = trace_child(work);
  EXPECT_EQ(sum_of(traced.records, "aio_pwrite", path).count, 1u);
  EXPECT_THAT(traced.ior.err, testing::ContainsRegex("no_result +1 "));
  const Traced rows = trace_child(work, {"-plain", "-trace-syscalls", "pwrite64"});
  ASSERT_EQ(rows.rows.size(), 2u);
  EXPECT_THAT(rows.rows[1], testing::HasSubstr(",?,"));
  EXPECT_THAT(rows.rows[1],
              testing::EndsWith(",aio_pwrite,unknown: its ring of events was not read," + path));
}

// linux/fs/aio.c: what lies at a context's address.
struct EventRing {
  unsigned id, nr, head, tail, magic, compat_features, incompat_features, header_length;
  io_event events[];
};

// Takes an event without a call; its result.
long long take(aio_context_t context) {
  auto* const ring = reinterpret_cast<volatile EventRing*>(context);
  while (ring->head == ring->tail) {
  }
  const long long result = ring->events[ring->head].res;
  ring->head = (ring->head + 1) % ring->nr;
  return result;
}

class MappedAio : public testing::Test {
 protected:
  int make() const {
    const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT, 0600);
    must(::ftruncate(fd, 1 << 20) == 0);
    return fd;
  }
  static aio_context_t new_context() {
    aio_context_t context = 0;
    must(::syscall(SYS_io_setup, 8, &context) == 0);
    return context;
  }
  // So many reads, of 1, 2, ... bytes, with one iocb.
  static void read_often(aio_context_t context, int fd, int count) {
    std::vector<char> bytes(static_cast<std::size_t>(count));
    for (int size = 1; size <= count; ++size) {
      iocb read = request(IOCB_CMD_PREAD, fd, bytes.data(), static_cast<std::size_t>(size));
      must(submit(context, {&read}) == 1 && take(context) == size);
    }
  }

  const TempDir directory_;
  const std::string path_ = directory_.file("data");
};

TEST_F(MappedAio, requests_have_their_bytes_and_an_upper_bound_of_their_time) {
  const int count = 1000;  // the ring goes round many times
  const Traced traced = trace_child([&] { read_often(new_context(), make(), count); });
  const Sum sum = sum_of(traced.records, "aio_pread", path_);
  EXPECT_EQ(sum.count, 1000u);
  EXPECT_EQ(sum.bytes_read, 500'500u);
  EXPECT_GT(sum.duration_ns, 0u);
  std::uint64_t at_most = 0;
  for (const auto& record : traced.records) at_most += record["at_most"].get<std::uint64_t>();
  EXPECT_EQ(at_most, 1000u);
  EXPECT_THAT(traced.ior.err, testing::ContainsRegex("no_result +0 "));
}

TEST_F(MappedAio, rows_come_at_the_next_call_of_any_number) {
  const Traced traced = trace_child(
      [&] {
        const int fd = make();
        const aio_context_t context = new_context();
        std::array<char, 10> bytes{};
        iocb read = request(IOCB_CMD_PREAD, fd, bytes.data(), 10);
        must(submit(context, {&read}) == 1 && take(context) == 10);
        ::syscall(SYS_getppid);  // not selected
        ::lseek(fd, 0, SEEK_SET);
      },
      {"-plain", "-trace-syscalls", "pread64,lseek"});
  ASSERT_EQ(traced.rows.size(), 3u);
  EXPECT_THAT(traced.rows[1], testing::HasSubstr(",<="));
  EXPECT_THAT(traced.rows[1], testing::EndsWith(",aio_pread,10," + path_));
  EXPECT_THAT(traced.rows[2], testing::HasSubstr(",lseek,0,")) << "it came before the lseek";
}

TEST_F(MappedAio, another_thread_may_take_the_events) {
  const Traced traced = trace_child([&] {
    const int fd = make();
    const aio_context_t context = new_context();
    std::array<char, 10> bytes{};
    iocb read = request(IOCB_CMD_PREAD, fd, bytes.data(), 10);
    for (int i = 0; i < 50; ++i) {
      must(submit(context, {&read}) == 1);
      std::thread([&] { must(take(context) == 10); }).join();
    }
  });
  EXPECT_EQ(sum_of(traced.records, "aio_pread", path_).count, 50u);
  EXPECT_EQ(sum_of(traced.records, "aio_pread", path_).bytes_read, 500u);
}

TEST_F(MappedAio, contexts_from_before_the_trace_are_learned) {
  aio_context_t context = 0;
  int fd = -1;
  const Traced traced = trace_child([&] { read_often(context, fd, 100); }, {},
                                    [&] {
                                      fd = make();
                                      context = new_context();
                                      read_often(context, fd, 77);
                                    });
  EXPECT_EQ(sum_of(traced.records, "aio_pread", path_).count, 100u);
  EXPECT_EQ(sum_of(traced.records, "aio_pread", path_).bytes_read, 5050u);
}

TEST_F(MappedAio, what_io_getevents_gives_out_is_exact_beside_it) {
  const Traced traced = trace_child([&] {
    const int fd = make();
    const aio_context_t context = new_context();
    std::array<char, 10> bytes{};
    iocb one = request(IOCB_CMD_PREAD, fd, bytes.data(), 10);
    iocb other = request(IOCB_CMD_PREAD, fd, bytes.data(), 3);
    for (int i = 0; i < 20; ++i) {
      must(submit(context, {&one}) == 1);
      ::getppid();
      must(reap(context, 1) == 1);
      must(submit(context, {&other}) == 1 && take(context) == 3);
    }
  });
  std::uint64_t at_most = 0;
  for (const auto& record : traced.records) at_most += record["at_most"].get<std::uint64_t>();
  EXPECT_EQ(at_most, 20u);
  EXPECT_EQ(sum_of(traced.records, "aio_pread", path_).bytes_read, 260u);
}

TEST_F(MappedAio, contexts_may_be_destroyed_and_their_addresses_used_again) {
  const Traced traced = trace_child([&] {
    const int fd = make();
    for (int i = 0; i < 40; ++i) {
      const aio_context_t context = new_context();
      read_often(context, fd, 5);
      must(::syscall(SYS_io_destroy, context) == 0);
    }
  });
  EXPECT_EQ(sum_of(traced.records, "aio_pread", path_).count, 200u);
  EXPECT_EQ(sum_of(traced.records, "aio_pread", path_).bytes_read, 600u);
  EXPECT_THAT(traced.ior.err, testing::ContainsRegex("rings_full +0 "));
}

// Whatever a program writes to its ring, ior says nothing of other requests, and goes on.
TEST_F(MappedAio, a_ring_of_nonsense_is_survived) {
  const Traced traced = trace_child([&] {
    const int fd = make();
    const aio_context_t context = new_context();
    auto* const ring = reinterpret_cast<volatile EventRing*>(context);
    std::array<char, 10> bytes{};
    iocb read = request(IOCB_CMD_PREAD, fd, bytes.data(), 10);
    for (unsigned i = 0; i < 50; ++i) {
      const unsigned nr = ring->nr;
      must(submit(context, {&read}) == 1);
      ring->nr = i % 2 == 0 ? 0 : ~0u;
      ring->head = ~0u / (i + 1);
      ::getppid();
      ring->nr = nr;
      ring->head = ring->tail;
    }
  });
  EXPECT_EQ(sum_of(traced.records, "aio_pread", path_).count, 50u);
}

TEST_F(MappedAio, what_is_over_at_the_end_of_the_trace_has_its_result) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe(go.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = make();
    const aio_context_t context = new_context();
    std::array<char, 10> bytes{};
    must(::read(go[0], bytes.data(), 1) == 1);
    iocb read = request(IOCB_CMD_PREAD, fd, bytes.data(), 10);
    iocb poll = request(IOCB_CMD_POLL, ready[0], nullptr, 0);
    poll.aio_buf = POLLIN;
    must(submit(context, {&read, &poll}) == 2);
    ::pause();
  }
  Running ior = start_tracing({"-pid", std::to_string(child), "-plain", "-trace-syscalls",
                               "pread64,poll", "-duration", "1.5"},
                              directory_.path());
  ASSERT_EQ(::write(go[1], "x", 1), 1);
  const Finished finished = ior.finish(60);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_THAT(finished.out, testing::ContainsRegex(",<=[0-9]+,.*,aio_pread,10," + path_ + "\n"));
  EXPECT_THAT(finished.err, testing::ContainsRegex("in_flight_at_stop +1 "));
  EXPECT_THAT(finished.err, testing::ContainsRegex("ior:   aio_poll +[^ ]+ [0-9.]+ +for 1[.]"));
  EXPECT_THAT(finished.err, testing::ContainsRegex("no_result +0 "));
}

}  // namespace
}  // namespace ior::e2e
