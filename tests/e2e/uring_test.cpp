// Requests of io_uring: a row each, with its file, result and latency, however it was submitted.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "tests/e2e/ring.hpp"
#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

class Uring : public testing::Test {
 protected:
  Sum sum(const Traced& traced, const std::string& request, const std::string& path = "") {
    return sum_of(traced.records, "io_uring_" + request, path);
  }
  std::string file(const std::string& name) const { return directory_.file(name); }

  TempDir directory_;
};

TEST_F(Uring, requests_by_fd_have_their_file_bytes_and_errors) {
  const std::string path = file("data");
  const Traced traced = trace_child([&] {
    const int fd = make_file(path);
    const int read_only = ::open(path.c_str(), O_RDONLY);
    Ring ring;
    std::array<char, 100> bytes{};
    ::io_uring_prep_write(ring.next(), fd, bytes.data(), 100, 0);
    must(ring.run() == 100);
    ::io_uring_prep_read(ring.next(), fd, bytes.data(), 100, 60);
    must(ring.run() == 40);
    iovec parts[] = {{bytes.data(), 10}, {bytes.data() + 10, 20}};
    ::io_uring_prep_readv(ring.next(), fd, parts, 2, 0);
    must(ring.run() == 30);
    ::io_uring_prep_writev(ring.next(), fd, parts, 2, 0);
    must(ring.run() == 30);
    ::io_uring_prep_fsync(ring.next(), fd, 0);
    must(ring.run() == 0);
    ::io_uring_prep_write(ring.next(), read_only, bytes.data(), 1, 0);
    must(ring.run() == -EBADF);
    ::io_uring_prep_read(ring.next(), 999, bytes.data(), 1, 0);
    must(ring.run() == -EBADF);
  });
  EXPECT_EQ(sum(traced, "write", path).bytes_written, 100u);
  EXPECT_EQ(sum(traced, "write", path).count, 2u);
  EXPECT_EQ(sum(traced, "write", path).errors, 1u);
  EXPECT_EQ(sum(traced, "read", path).bytes_read, 40u);
  EXPECT_EQ(sum(traced, "readv", path).bytes_read, 30u);
  EXPECT_EQ(sum(traced, "writev", path).bytes_written, 30u);
  EXPECT_EQ(sum(traced, "fsync", path).count, 1u);
  EXPECT_EQ(sum(traced, "read", "[unknown: fd is not open]").errors, 1u);
  EXPECT_GT(sum(traced, "write", path).duration_ns, 0u);
  for (const auto& record : traced.records) {
    EXPECT_EQ(record["pid"], traced.pid);
    EXPECT_EQ(record["comm"], "e2e_tests");
  }
}

TEST_F(Uring, a_new_socket_is_named) {
  std::string name;
  const Traced traced = trace_child(
      [&] {
        Ring ring;
        ::io_uring_prep_socket(ring.next(), AF_UNIX, SOCK_DGRAM, 0, 0);
        const int fd = ring.run();
        must(fd >= 0);
        ::fsync(fd);
      },
      {"-trace-syscalls", "socket,fsync"});
  for (const auto& record : traced.records)
    if (record["tracepoint"] == "enter_fsync") name = record["path"];
  EXPECT_TRUE(name.starts_with("socket:[")) << name;
  EXPECT_EQ(sum(traced, "socket", name).count, 1u);
}

TEST_F(Uring, a_splice_has_both_files) {
  const std::string path = file("data");
  const Traced traced = trace_child([&] {
    const int fd = make_file(path);
    must(::write(fd, "0123456789", 10) == 10);
    std::array<int, 2> pipe{};
    must(::pipe(pipe.data()) == 0);
    Ring ring;
    ::io_uring_prep_splice(ring.next(), fd, 0, pipe[1], -1, 10, 0);
    must(ring.run() == 10);
    must(::io_uring_register_files(ring.get(), &fd, 1) == 0);
    ::close(fd);
    ::io_uring_prep_splice(ring.next(), 0, 2, pipe[1], -1, 5, SPLICE_F_FD_IN_FIXED);
    must(ring.run() == 5);
  });
  EXPECT_EQ(sum(traced, "splice", path).count, 2u);
  EXPECT_EQ(sum(traced, "splice", path).bytes_read, 15u);
  for (const auto& record : traced.records) {
    if (record["tracepoint"] != "io_uring_splice") continue;
    EXPECT_TRUE(record["path"].get<std::string>().starts_with("pipe:[")) << record;
    EXPECT_EQ(record["old_path"], path);
  }
}

// Its number in the thread's own table of rings looks like an fd.
TEST_F(Uring, a_registered_ring_is_not_taken_for_an_fd) {
  const Traced traced = trace_child(
      [&] {
        Ring ring;
        must(::io_uring_register_ring_fd(ring.get()) == 1);
        ::close(0);
        ::io_uring_prep_nop(ring.next());
        must(ring.run() == 0);
      },
      {"-trace-syscalls", "io_uring_enter"});
  EXPECT_GE(sum_of(traced.records, "enter_io_uring_enter", "anon_inode:[io_uring]").count, 1u);
  for (const auto& record : traced.records) {
    if (record["tracepoint"] != "enter_io_uring_enter") continue;
    EXPECT_EQ(record["path"], "anon_inode:[io_uring]") << record;
  }
}

TEST_F(Uring, registered_files_and_buffers_are_followed) {
  const std::string path = file("registered");
  const Traced traced = trace_child([&] {
    const int fd = make_file(path);
    Ring ring;
    must(::io_uring_register_files(ring.get(), &fd, 1) == 0);
    ::close(fd);
    std::array<char, 64> bytes{};
    iovec buffer{bytes.data(), bytes.size()};
    must(::io_uring_register_buffers(ring.get(), &buffer, 1) == 0);
    io_uring_sqe* write = ring.next();
    ::io_uring_prep_write_fixed(write, 0, bytes.data(), 64, 0, 0);
    write->flags |= IOSQE_FIXED_FILE;
    must(ring.run() == 64);
    io_uring_sqe* read = ring.next();
    ::io_uring_prep_read_fixed(read, 0, bytes.data(), 32, 0, 0);
    read->flags |= IOSQE_FIXED_FILE;
    must(ring.run() == 32);
  });
  EXPECT_EQ(sum(traced, "write_fixed", path).bytes_written, 64u);
  EXPECT_EQ(sum(traced, "read_fixed", path).bytes_read, 32u);
}

TEST_F(Uring, files_opened_and_closed_by_requests_are_named) {
  const std::string path = file("opened");
  const Traced traced = trace_child([&] {
    Ring ring;
    ::io_uring_prep_openat(ring.next(), AT_FDCWD, path.c_str(), O_RDWR | O_CREAT, 0600);
    const int fd = ring.run();
    must(fd >= 0);
    must(::write(fd, "abc", 3) == 3);
    ::io_uring_prep_close(ring.next(), fd);
    must(ring.run() == 0);
    ::io_uring_prep_openat(ring.next(), AT_FDCWD, "/no/such/file", O_RDONLY, 0);
    must(ring.run() == -ENOENT);

    must(::io_uring_register_files_sparse(ring.get(), 4) == 0);
    ::io_uring_prep_openat_direct(ring.next(), AT_FDCWD, path.c_str(), O_RDONLY, 0, 2);
    must(ring.run() == 0);
    std::array<char, 8> bytes{};
    io_uring_sqe* read = ring.next();
    ::io_uring_prep_read(read, 2, bytes.data(), 8, 0);
    read->flags |= IOSQE_FIXED_FILE;
    must(ring.run() == 3);
  });
  EXPECT_EQ(sum(traced, "openat", path).count, 2u);
  EXPECT_EQ(sum(traced, "openat", "/no/such/file").errors, 1u);
  EXPECT_EQ(sum(traced, "close", path).count, 1u);
  EXPECT_EQ(sum(traced, "read", path).bytes_read, 3u) << "by its direct descriptor";
  EXPECT_EQ(sum_of(traced.records, "enter_write", path).bytes_written, 3u);
}

TEST_F(Uring, requests_with_paths_show_both) {
  const std::string a = file("a"), b = file("b"), link = file("link"), folder = file("folder");
  const Traced traced = trace_child([&] {
    ::close(make_file(a));
    const int dir = ::open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY);
    Ring ring;
    ::io_uring_prep_mkdirat(ring.next(), dir, "folder", 0700);
    must(ring.run() == 0);
    ::io_uring_prep_renameat(ring.next(), dir, "a", dir, "b", 0);
    must(ring.run() == 0);
    ::io_uring_prep_linkat(ring.next(), dir, "b", AT_FDCWD, a.c_str(), 0);
    must(ring.run() == 0);
    ::io_uring_prep_symlinkat(ring.next(), "../as written", dir, "link");
    must(ring.run() == 0);
    ::io_uring_prep_unlinkat(ring.next(), dir, "b", 0);
    must(ring.run() == 0);
    struct statx status {};
    ::io_uring_prep_statx(ring.next(), dir, "a", 0, STATX_SIZE, &status);
    must(ring.run() == 0);
  });
  EXPECT_EQ(sum(traced, "mkdirat", folder).count, 1u);
  EXPECT_EQ(sum(traced, "renameat", a).count, 1u);
  EXPECT_EQ(sum(traced, "renameat", b).count, 1u);
  EXPECT_EQ(sum(traced, "linkat", a).count, 1u);
  EXPECT_EQ(sum(traced, "symlinkat", "../as written").count, 1u);
  EXPECT_EQ(sum(traced, "symlinkat", link).count, 1u);
  EXPECT_EQ(sum(traced, "unlinkat", b).count, 1u);
  EXPECT_EQ(sum(traced, "statx", a).count, 1u);
}

TEST_F(Uring, a_rename_by_request_renames_what_lies_below) {
  const std::string before = file("before"), after = file("after");
  ::mkdir(before.c_str(), 0700);
  const Traced traced = trace_child([&] {
    const int fd = make_file(before + "/file");
    must(::write(fd, "x", 1) == 1);
    Ring ring;
    ::io_uring_prep_renameat(ring.next(), AT_FDCWD, before.c_str(), AT_FDCWD, after.c_str(), 0);
    must(ring.run() == 0);
    must(::write(fd, "x", 1) == 1);
  });
  EXPECT_EQ(sum_of(traced.records, "enter_write", before + "/file").count, 1u);
  EXPECT_EQ(sum_of(traced.records, "enter_write", after + "/file").count, 1u);
}

TEST_F(Uring, linked_and_cancelled_requests_are_rows_of_their_own) {
  const std::string path = file("linked");
  const Traced traced = trace_child([&] {
    const int fd = make_file(path);
    std::array<int, 2> pipe{};
    must(::pipe(pipe.data()) == 0);
    Ring ring;
    std::array<char, 16> bytes{};
    io_uring_sqe* write = ring.next();
    ::io_uring_prep_write(write, fd, bytes.data(), 16, 0);
    write->flags |= IOSQE_IO_LINK;
    ::io_uring_prep_read(ring.next(), fd, bytes.data(), 16, 0);
    must(ring.run() == 16 && ring.wait() == 16);
    io_uring_sqe* blocked = ring.next();
    ::io_uring_prep_read(blocked, pipe[0], bytes.data(), 1, 0);
    ::io_uring_sqe_set_data64(blocked, 77);
    ring.submit();
    ::io_uring_prep_cancel64(ring.next(), 77, 0);
    const int one = ring.run(), other = ring.wait();
    must((one == 0 && other == -ECANCELED) || (one == -ECANCELED && other == 0));
  });
  EXPECT_EQ(sum(traced, "write", path).bytes_written, 16u);
  EXPECT_EQ(sum(traced, "read", path).bytes_read, 16u);
  EXPECT_EQ(sum(traced, "read").errors, 1u);
}

TEST_F(Uring, a_request_whose_success_posts_nothing_is_a_row_without_a_result) {
  const std::string path = file("silent");
  const Traced traced = trace_child([&] {
    const int fd = make_file(path);
    Ring ring;
    for (int i = 0; i < 10; ++i) {
      io_uring_sqe* write = ring.next();
      ::io_uring_prep_write(write, fd, "x", 1, 0);
      write->flags |= IOSQE_CQE_SKIP_SUCCESS;
      ring.submit();
    }
    ::io_uring_prep_fsync(ring.next(), fd, 0);
    must(ring.run() == 0);
  });
  EXPECT_EQ(sum(traced, "write", path).count, 10u);
  EXPECT_EQ(sum(traced, "write", path).errors, 0u);
  EXPECT_EQ(sum(traced, "fsync", path).count, 1u);
}

TEST_F(Uring, a_request_by_direct_descriptor_that_posts_nothing_has_its_file) {
  const std::string path = file("silent");
  const Traced traced = trace_child(
      [&] {
        const int fd = make_file(path);
        Ring ring;
        must(::io_uring_register_files(ring.get(), &fd, 1) == 0);
        for (const unsigned flags : {0u, IOSQE_ASYNC}) {
          io_uring_sqe* write = ring.next();
          ::io_uring_prep_write(write, 0, "x", 1, 0);
          write->flags |= IOSQE_CQE_SKIP_SUCCESS | IOSQE_FIXED_FILE | flags;
          ring.submit();
        }
        ::usleep(10'000);
      },
      {"-plain", "-trace-syscalls", "write"});
  ASSERT_EQ(traced.rows.size(), 3u);
  const std::string row = ",io_uring_write,unknown: no completion posted,";
  const auto has_row = [&](const std::string& file_shown) {
    return std::ranges::any_of(
        traced.rows, [&](const std::string& each) { return each.ends_with(row + file_shown); });
  };
  EXPECT_TRUE(has_row(path)) << traced.ior.out;
  EXPECT_TRUE(has_row("[unknown: file looked up later]")) << traced.ior.out;
}

TEST_F(Uring, direct_descriptors_that_are_closed_have_their_file) {
  const std::string path = file("direct");
  const Traced traced = trace_child([&] {
    const int fd = make_file(path);
    Ring ring;
    must(::io_uring_register_files(ring.get(), &fd, 1) == 0);
    ::io_uring_prep_close_direct(ring.next(), 0);
    must(ring.run() == 0);
    ::io_uring_prep_close_direct(ring.next(), 0);
    must(ring.run() == -EBADF);
    ::io_uring_prep_close_direct(ring.next(), 7);
    must(ring.run() == -EINVAL);
  });
  EXPECT_EQ(sum(traced, "close", path).count, 1u);
  EXPECT_EQ(sum(traced, "close", "[unknown: fd is not open]").errors, 2u);
  EXPECT_EQ(sum(traced, "close").count, 3u);
}

// When the one behind it is submitted, the first one has not been carried out.
TEST_F(Uring, a_direct_descriptor_closed_by_a_link_is_not_taken_for_what_was_there_before) {
  const std::string before = file("before"), after = file("after");
  const Traced traced = trace_child([&] {
    const int fd = make_file(before);
    Ring ring;
    must(::io_uring_register_files(ring.get(), &fd, 1) == 0);
    io_uring_sqe* open = ring.next();
    ::io_uring_prep_openat_direct(open, AT_FDCWD, after.c_str(), O_RDWR | O_CREAT, 0600, 0);
    open->flags |= IOSQE_IO_LINK;
    ::io_uring_prep_close_direct(ring.next(), 0);
    must(ring.run() == 0 && ring.wait() == 0);
  });
  EXPECT_EQ(sum(traced, "openat", after).count, 1u);
  EXPECT_EQ(sum(traced, "close", "[unknown: file looked up later]").count, 1u);
}

TEST_F(Uring, each_completion_of_a_multishot_request_is_a_row) {
  const Traced traced = trace_child(
      [&] {
        const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        must(::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
        must(::listen(listener, 8) == 0);
        must(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        Ring ring;
        ::io_uring_prep_multishot_accept(ring.next(), listener, nullptr, nullptr, 0);
        ring.submit();
        for (int i = 0; i < 3; ++i) {
          const int client = ::socket(AF_INET, SOCK_STREAM, 0);
          must(::connect(client, reinterpret_cast<sockaddr*>(&address), size) == 0);
          must(ring.wait() >= 0);
        }
      },
      {"-trace-families", "all"});
  const Sum accepts = sum(traced, "accept");
  EXPECT_EQ(accepts.count - accepts.errors, 3u);
}

// Two pipes, of which the first becomes readable twice.
TEST_F(Uring, completions_that_may_be_of_several_requests_name_none_of_their_files) {
  for (const bool are_told_apart : {false, true}) {
    const Traced traced = trace_child(
        [are_told_apart] {
          std::array<std::array<int, 2>, 2> pipes{};
          Ring ring;
          for (std::uint64_t i = 0; i < 2; ++i) {
            must(::pipe(pipes[i].data()) == 0);
            io_uring_sqe* poll = ring.next();
            ::io_uring_prep_poll_multishot(poll, pipes[i][0], POLLIN);
            poll->user_data = are_told_apart ? i : 7;
          }
          ring.submit();
          for (int i = 0; i < 2; ++i) {
            char byte = 'x';
            must(::write(pipes[0][1], &byte, 1) == 1 && ring.wait() == POLLIN);
            must(::read(pipes[0][0], &byte, 1) == 1);
          }
        },
        {"-trace-syscalls", "poll"});
    const std::string unclear = "[unknown: of several requests with the same user_data]";
    EXPECT_EQ(sum(traced, "poll_add", unclear).count, are_told_apart ? 0u : 2u);
    EXPECT_GE(sum(traced, "poll_add").count, 2u);
  }
}

// Each part of a bundle has a completion, of which the last one alone comes with the request.
TEST_F(Uring, each_part_of_a_bundle_is_a_row) {
  constexpr unsigned short kGroup = 1;
  constexpr int kParts = 16, kSize = 600;
  const Traced traced = trace_child(
      [] {
        std::array<int, 2> ends{};
        must(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
        Ring ring;
        io_uring_buf_reg registration{};
        void* const entries = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        registration.ring_addr = reinterpret_cast<std::uint64_t>(entries);
        registration.ring_entries = kParts;
        registration.bgid = kGroup;
        must(::io_uring_register_buf_ring(ring.get(), &registration, 0) == 0);
        auto* const buffers = static_cast<io_uring_buf_ring*>(entries);
        static std::array<char, kParts * kSize> bytes{};
        for (int i = 0; i < kParts; ++i) {
          ::io_uring_buf_ring_add(buffers, bytes.data() + i * kSize, kSize,
                                  static_cast<unsigned short>(i), kParts - 1, i);
        }
        ::io_uring_buf_ring_advance(buffers, kParts);
        io_uring_sqe* send = ring.next();
        ::io_uring_prep_send(send, ends[0], nullptr, 0, 0);
        send->ioprio = 1 << 4;  // IORING_RECVSEND_BUNDLE
        send->flags |= IOSQE_BUFFER_SELECT;
        send->buf_group = kGroup;
        ring.submit();
        int sent = 0;
        while (sent < kParts * kSize) {
          const int result = ring.wait();
          must(result > 0);
          sent += result;
        }
      },
      {"-trace-families", "all"});
  EXPECT_EQ(sum(traced, "send").bytes_written, static_cast<std::uint64_t>(kParts * kSize));
}

TEST_F(Uring, requests_that_a_kernel_thread_submits_belong_to_the_rings_owner) {
  const std::string path = file("polled");
  const Traced traced = trace_child([&] {
    const int fd = make_file(path);
    Ring ring(IORING_SETUP_SQPOLL);
    for (int i = 0; i < 20; ++i) {
      ::io_uring_prep_write(ring.next(), fd, "xy", 2, 0);
      must(ring.run() == 2);
    }
    io_uring_sqe* worker = ring.next();
    ::io_uring_prep_write(worker, fd, "xyz", 3, 0);
    worker->flags |= IOSQE_ASYNC;
    must(ring.run() == 3);
  });
  EXPECT_EQ(sum(traced, "write", path).count, 21u);
  EXPECT_EQ(sum(traced, "write", path).bytes_written, 43u);
  for (const auto& record : traced.records) {
    EXPECT_EQ(record["pid"], traced.pid);
    if (record["tracepoint"] == "io_uring_write") {
      EXPECT_EQ(record["comm"], "e2e_tests");
      EXPECT_EQ(record["tid"], traced.pid);
    }
  }
}

}  // namespace
}  // namespace ior::e2e
