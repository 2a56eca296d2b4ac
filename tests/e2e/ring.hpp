// A ring of io_uring for a traced child of the tests. Whatever fails ends the child, which fails
// the test.
#pragma once

#include <fcntl.h>
#include <liburing.h>
#include <unistd.h>

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

}  // namespace ior::e2e
