// A ring of io_uring, and a read by Linux AIO, for a traced child of the tests. Whatever fails ends
// the child, which fails the test.
#pragma once

#include <fcntl.h>
#include <liburing.h>
#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <span>
#include <string>

namespace ior::e2e {

class Ring {
 public:
  explicit Ring(unsigned flags = 0) {
    if (::io_uring_queue_init(64, &ring_, flags) != 0) ::_exit(3);
  }
  ~Ring() { ::io_uring_queue_exit(&ring_); }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  io_uring* get() { return &ring_; }
  io_uring_sqe* next() { return ::io_uring_get_sqe(&ring_); }
  void submit() {
    if (::io_uring_submit(&ring_) < 0) ::_exit(4);
  }
  // Submits what was prepared and waits for one completion; its result.
  int run() {
    submit();
    return wait();
  }
  int wait() {
    io_uring_cqe* done = nullptr;
    if (::io_uring_wait_cqe(&ring_, &done) != 0) ::_exit(5);
    const int result = done->res;
    ::io_uring_cqe_seen(&ring_, done);
    return result;
  }

 private:
  io_uring ring_{};
};

inline int make_file(const std::string& path) {
  return ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
}

inline void must(bool holds) {
  if (!holds) ::_exit(6);
}

// Reads from the start of a file by one request of Linux AIO, and reaps it.
inline void read_by_aio(int fd, std::span<char> bytes) {
  iocb request{};
  request.aio_lio_opcode = IOCB_CMD_PREAD;
  request.aio_fildes = static_cast<std::uint32_t>(fd);
  request.aio_buf = reinterpret_cast<std::uint64_t>(bytes.data());
  request.aio_nbytes = bytes.size();
  iocb* requests[] = {&request};
  io_event event{};
  aio_context_t context = 0;
  must(::syscall(SYS_io_setup, 8, &context) == 0);
  must(::syscall(SYS_io_submit, context, 1, requests) == 1);
  must(::syscall(SYS_io_getevents, context, 1, 1, &event, nullptr) == 1);
}

}  // namespace ior::e2e
