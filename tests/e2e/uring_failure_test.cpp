// Requests of io_uring that the kernel refuses, whose completion finds no room, or that are under
// way when their ring ends: a row each, all the same.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "tests/e2e/ring.hpp"
#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

class UringFailure : public testing::Test {
 protected:
  std::string file(const std::string& name) const { return directory_.file(name); }

  TempDir directory_;
};

Sum sum(const Traced& traced, const std::string& request, const std::string& path = "") {
  return sum_of(traced.records, "io_uring_" + request, path);
}

// The kernel refuses these before it prepares them.
TEST_F(UringFailure, refused_requests_are_rows_with_their_error_and_file) {
  const std::string path = file("refused"), other = file("other");
  const Traced traced = trace_child(
      [&] {
        const int fd = make_file(path);
        const int dir = ::open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY);
        const std::string here = "other", from = "refused", there = other;  // in its memory by now
        Ring ring;
        must(::io_uring_register_files(ring.get(), &fd, 1) == 0);
        const auto refuse = [&](int error, auto prepare) {
          prepare(ring.next());
          must(ring.run() == error);
        };
        refuse(-EINVAL, [&](auto* sqe) { ::io_uring_prep_fsync(sqe, fd, 0x100); });
        refuse(-EINVAL, [&](auto* sqe) {
          ::io_uring_prep_fsync(sqe, 0, 0x100);
          sqe->flags |= IOSQE_FIXED_FILE;
        });
        refuse(-EINVAL, [&](auto* sqe) {
          ::io_uring_prep_nop(sqe);
          sqe->opcode = 200;
        });
        refuse(-EFAULT, [&](auto* sqe) {
          ::io_uring_prep_openat(sqe, AT_FDCWD, reinterpret_cast<char*>(1), O_RDONLY, 0);
        });
        refuse(-EBADF, [&](auto* sqe) {
          ::io_uring_prep_openat(sqe, dir, here.c_str(), O_RDONLY, 0);
          sqe->flags |= IOSQE_FIXED_FILE;
        });
        refuse(-EBADF, [&](auto* sqe) {
          ::io_uring_prep_renameat(sqe, dir, from.c_str(), AT_FDCWD, there.c_str(), 0);
          sqe->flags |= IOSQE_FIXED_FILE;
        });
      },
      {"-trace-families", "all"});
  EXPECT_EQ(sum(traced, "fsync", path).errors, 2u);
  EXPECT_EQ(sum(traced, "200").errors, 1u);
  EXPECT_EQ(sum(traced, "openat", "[unknown: bad address]").errors, 1u);
  EXPECT_EQ(sum(traced, "openat", other).errors, 1u);
  EXPECT_EQ(sum(traced, "renameat", path).errors, 1u);
  EXPECT_EQ(sum(traced, "renameat", other).errors, 1u);
}

// The kernel refuses it before it reads the path, so that nobody has brought it into memory.
TEST_F(UringFailure, a_refused_request_whose_path_is_not_in_memory_says_so) {
  const std::string path = file("path");
  const Traced traced = trace_child([&] {
    const int fd = make_file(path);
    must(::write(fd, path.c_str(), path.size()) > 0);
    void* memory = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
    Ring ring;
    io_uring_sqe* open = ring.next();
    ::io_uring_prep_openat(open, AT_FDCWD, static_cast<char*>(memory), O_RDONLY, 0);
    open->flags |= IOSQE_FIXED_FILE;
    must(ring.run() == -EBADF);
  });
  EXPECT_EQ(sum(traced, "openat", "[unknown: path not in memory]").errors, 1u);
}

TEST_F(UringFailure, a_refused_request_is_not_taken_for_the_silent_one_whose_memory_it_has) {
  const std::string path = file("data"), other = file("other");
  const Traced traced = trace_child([&] {
    const int fd = make_file(path), refused = make_file(other);
    Ring ring;
    for (int i = 0; i < 8; ++i) {
      io_uring_sqe* write = ring.next();
      ::io_uring_prep_write(write, fd, "x", 1, static_cast<unsigned>(i));
      write->flags |= IOSQE_CQE_SKIP_SUCCESS;
      ring.submit();
      while (::lseek(fd, 0, SEEK_END) == i) ::usleep(100);
      ::io_uring_prep_fsync(ring.next(), refused, 0x100);
      must(ring.run() == -EINVAL);
    }
  });
  EXPECT_EQ(sum(traced, "write", path).count, 8u);
  EXPECT_EQ(sum(traced, "write", path).errors, 0u);
  EXPECT_EQ(sum(traced, "fsync", other).errors, 8u);
}

TEST_F(UringFailure, a_refused_link_fails_the_chain_before_it) {
  const std::string path = file("chain");
  const Traced traced = trace_child([&] {
    const int fd = make_file(path);
    Ring ring;
    io_uring_sqe* write = ring.next();
    ::io_uring_prep_write(write, fd, "x", 1, 0);
    write->flags |= IOSQE_IO_LINK;
    ::io_uring_prep_fsync(ring.next(), fd, 0x100);
    must(ring.run() == -ECANCELED && ring.wait() == -EINVAL);
  });
  EXPECT_EQ(sum(traced, "write", path).errors, 1u);
  EXPECT_EQ(sum(traced, "fsync", path).errors, 1u);
}

// Four completions fit; the others wait for room.
void overflow(int fd, unsigned flags, bool at_once) {
  constexpr unsigned kRequests = 16;
  static std::array<char, kRequests> bytes{};
  io_uring_params parameters{};
  parameters.flags = IORING_SETUP_CQSIZE | flags;
  parameters.cq_entries = 4;
  io_uring ring{};
  must(::io_uring_queue_init_params(at_once ? 4 : 1, &ring, &parameters) == 0);
  for (unsigned i = 1; i <= kRequests; ++i) {
    ::io_uring_prep_write(::io_uring_get_sqe(&ring), fd, bytes.data(), i, 0);
    if (!at_once || i % 4 == 0) must(::io_uring_submit(&ring) > 0);
  }
  unsigned sum = 0;
  for (unsigned i = 0; i < kRequests; ++i) {
    io_uring_cqe* done = nullptr;
    must(::io_uring_wait_cqe(&ring, &done) == 0);
    sum += static_cast<unsigned>(done->res);
    ::io_uring_cqe_seen(&ring, done);
  }
  must(sum == kRequests * (kRequests + 1) / 2);
  ::io_uring_queue_exit(&ring);
}

TEST_F(UringFailure, completions_that_overflow_the_ring_end_their_requests_once) {
  const std::string path = file("overflow");
  const Traced traced = trace_child([&] {
    const int fd = make_file(path);
    for (const bool at_once : {false, true}) {
      overflow(fd, 0, at_once);
      overflow(fd, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, at_once);
    }
  });
  EXPECT_EQ(sum(traced, "write", path).count, 4 * 16u);
  EXPECT_EQ(sum(traced, "write", path).bytes_written, 4 * 136u);
  EXPECT_THAT(traced.ior.err, testing::ContainsRegex("in_flight_at_stop +0 "));
}

// How a ring ends while requests wait in it.
struct Ending {
  const char* what;
  std::function<void(io_uring& ring)> end;
};

void PrintTo(const Ending& ending, std::ostream* out) {
  *out << ending.what;
}

class EndingRing : public testing::TestWithParam<Ending> {};

TEST_P(EndingRing, cancels_its_requests_which_are_rows) {
  const Traced traced = trace_child(
      [] {
        const pid_t child = ::fork();
        if (child == 0) {
          std::array<int, 2> pipe{};
          must(::pipe(pipe.data()) == 0);
          io_uring ring{};
          must(::io_uring_queue_init(8, &ring, 0) == 0);
          static std::array<char, 8> bytes{};
          for (const unsigned flags : {0u, IOSQE_ASYNC}) {
            io_uring_sqe* read = ::io_uring_get_sqe(&ring);
            ::io_uring_prep_read(read, pipe[0], bytes.data(), 8, 0);
            read->flags |= flags;
          }
          ::io_uring_prep_poll_add(::io_uring_get_sqe(&ring), pipe[0], 1);
          must(::io_uring_submit(&ring) == 3);
          ::usleep(20'000);
          GetParam().end(ring);
          ::usleep(200'000);
          ::_exit(0);
        }
        int status = 0;
        must(::waitpid(child, &status, 0) == child);
        ::usleep(200'000);
      },
      {"-f", "-trace-syscalls", "read,poll"});
  for (const char* request : {"io_uring_read", "io_uring_poll_add"}) {
    const Sum sum = sum_of(traced.records, request);
    EXPECT_EQ(sum.errors, sum.count);
    EXPECT_GT(sum.duration_ns, 0u);
  }
  EXPECT_EQ(sum_of(traced.records, "io_uring_read").count, 2u);
  EXPECT_EQ(sum_of(traced.records, "io_uring_poll_add").count, 1u);
  EXPECT_THAT(traced.ior.err, testing::ContainsRegex("in_flight_at_stop +0 "));
  EXPECT_LE(traced.recording.processes.size(), 2u) << "whoever cancels them";
  for (const auto& record : traced.records)
    EXPECT_FALSE(record["path"].get<std::string>().contains("[unknown")) << record;
}

INSTANTIATE_TEST_SUITE_P(
    Uring, EndingRing,
    testing::Values(Ending{"closed", [](io_uring& ring) { ::io_uring_queue_exit(&ring); }},
                    Ending{"exit", [](io_uring&) { ::_exit(0); }},
                    Ending{"killed", [](io_uring&) { ::kill(::getpid(), SIGKILL); }},
                    Ending{"exec", [](io_uring&) { ::execl("/bin/true", "true", nullptr); }}),
    [](const auto& info) { return info.param.what; });

}  // namespace
}  // namespace ior::e2e
