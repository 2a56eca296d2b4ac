#include "sinks/write_all.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "base/unique_fd.hpp"

namespace ior {
namespace {

struct Pipe {
  explicit Pipe(int flags) {
    std::array<int, 2> ends{-1, -1};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    out.reset(ends[0]);
    in.reset(ends[1]);
    EXPECT_EQ(::fcntl(in.get(), F_SETFL, flags), 0);
  }
  UniqueFd out;
  UniqueFd in;
};

// More than a pipe holds, each part different.
std::string long_text() {
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += std::to_string(i);
  return text;
}

// Reads slowly until the other end is closed, in a thread that takes no signals.
std::jthread slow_reader(int fd, std::string& read) {
  sigset_t all;
  sigset_t was;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &was);
  std::jthread thread([fd, &read] {
    std::array<char, 4096> piece;
    for (ssize_t size = 1; size > 0;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      size = ::read(fd, piece.data(), piece.size());
      if (size > 0) read.append(piece.data(), static_cast<std::size_t>(size));
    }
  });
  ::pthread_sigmask(SIG_SETMASK, &was, nullptr);
  return thread;
}

std::string written_through(Pipe& pipe, const std::string& text) {
  std::string read;
  std::jthread reader = slow_reader(pipe.out.get(), read);
  std::string_view rest = text;
  EXPECT_EQ(write_all(pipe.in.get(), rest), 0);
  EXPECT_EQ(rest, "");
  pipe.in.reset();
  reader.join();
  return read;
}

// Signals the process every millisecond while it lives; system calls are not restarted.
class Interruptions {
 public:
  Interruptions() {
    count_ = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { count_ = count_ + 1; };
    ::sigaction(SIGALRM, &action, &was_);
    const itimerval each_ms{{0, 1000}, {0, 1000}};
    ::setitimer(ITIMER_REAL, &each_ms, nullptr);
  }
  ~Interruptions() {
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &was_, nullptr);
  }
  int count() const { return count_; }

 private:
  static inline volatile std::sig_atomic_t count_ = 0;
  struct sigaction was_ {};
};

TEST(WriteAll, a_full_pipe_that_does_not_block_is_waited_for) {
  Pipe pipe(O_NONBLOCK);
  EXPECT_TRUE(written_through(pipe, long_text()) == long_text());
}

TEST(WriteAll, signals_lose_no_bytes) {
  Pipe pipe(0);
  const Interruptions interruptions;
  EXPECT_TRUE(written_through(pipe, long_text()) == long_text());
  EXPECT_GT(interruptions.count(), 0);
}

TEST(WriteAll, the_errno_of_a_failed_write_is_returned) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe(0);
  pipe.out.reset();
  const auto error_of = [](int fd, std::string_view bytes) { return write_all(fd, bytes); };
  EXPECT_EQ(error_of(pipe.in.get(), "x"), EPIPE);
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(error_of(full.get(), "x"), ENOSPC);
  EXPECT_EQ(error_of(-1, "x"), EBADF);
  EXPECT_EQ(error_of(-1, ""), 0);
}

TEST(WriteAll, the_bytes_that_are_left_are_those_that_were_not_written) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 10, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const UniqueFd file(::memfd_create("small", MFD_CLOEXEC));
  std::string_view rest = "0123456789abcdef";
  EXPECT_EQ(write_all(file.get(), rest), EFBIG);
  EXPECT_EQ(rest, "abcdef");
  ::setrlimit(RLIMIT_FSIZE, &before);
}

}  // namespace
}  // namespace ior
