// Exercises of family AIO: Linux AIO and io_uring, as far as they are syscalls.
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kEntries = 4;
constexpr int kBadOption = 9999;
constexpr aio_context_t kNoContext = 8;
constexpr ::timespec kNoTime = {};

aio_context_t new_context() {
  aio_context_t context = 0;
  if (::syscall(SYS_io_setup, kEntries, &context) != 0) throw SyscallError("io_setup", errno);
  return context;
}

// Waits until something can be read from the pipe.
iocb poll_of(const Pipe& pipe) {
  iocb request{};
  request.aio_fildes = static_cast<unsigned>(pipe.out.fd);
  request.aio_lio_opcode = IOCB_CMD_POLL;
  request.aio_buf = POLLIN;
  return request;
}

void submit(aio_context_t context, iocb& request) {
  std::array<iocb*, 1> requests = {&request};
  if (::syscall(SYS_io_submit, context, 1, requests.data()) != 1) {
    throw SyscallError("io_submit", errno);
  }
}

aio_context_t context_with_event() {
  const aio_context_t context = new_context();
  const Pipe pipe = new_pipe();
  sys::write(pipe.in.fd, "x");
  iocb request = poll_of(pipe);
  submit(context, request);
  return context;
}

OpenFile new_ring(io_uring_params& parameters) {
  return adopt(::syscall(SYS_io_uring_setup, kEntries, &parameters), O_RDWR);
}

void* map_ring(const OpenFile& ring, off_t offset) {
  void* mapped = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, offset);
  if (mapped == MAP_FAILED) throw SyscallError("mmap", errno);
  return mapped;
}

}  // namespace

void io_setup(const Calls& calls) {
  aio_context_t context = 0;
  calls.returns(0, {kEntries, &context});
  calls.fails(EINVAL, {kEntries, &context});
}

void io_destroy(const Calls& calls) {
  const aio_context_t context = new_context();
  calls.returns(0, {context});
  calls.fails(EINVAL, {context});
}

void io_getevents(const Calls& calls) {
  const aio_context_t context = context_with_event();
  std::array<io_event, kEntries> events;
  calls.returns(1, {context, 1, events.size(), events.data(), nullptr});
  calls.returns(0, {context, 1, events.size(), events.data(), &kNoTime});
  calls.fails(EINVAL, {kNoContext, 1, events.size(), events.data(), nullptr});
}

void io_pgetevents(const Calls& calls) {
  const aio_context_t context = context_with_event();
  std::array<io_event, kEntries> events;
  calls.returns(1, {context, 1, events.size(), events.data(), nullptr, nullptr});
  calls.returns(0, {context, 1, events.size(), events.data(), &kNoTime, nullptr});
  calls.fails(EINVAL, {kNoContext, 1, events.size(), events.data(), nullptr, nullptr});
}

void io_submit(const Calls& calls) {
  const aio_context_t context = new_context();
  iocb request = poll_of(new_pipe());
  const std::array<iocb*, 1> requests = {&request};
  calls.returns(1, {context, 1, requests.data()});
  calls.fails(EINVAL, {kNoContext, 1, requests.data()});
  calls.fails(EFAULT, {context, 1, kBadAddress});
}

void io_cancel(const Calls& calls) {
  const aio_context_t context = new_context();
  iocb request = poll_of(new_pipe());
  submit(context, request);
  calls.fails(EINPROGRESS, {context, &request, nullptr});
  calls.fails(EINVAL, {context, &request, nullptr});
  calls.never_succeeds("of a cancelled request it says EINPROGRESS");
}

void io_uring_setup(const Calls& calls) {
  io_uring_params parameters{};
  calls.opens({kEntries, &parameters}, O_RDWR);
  calls.fails(EINVAL, {0, &parameters});
}

void io_uring_enter(const Calls& calls) {
  io_uring_params parameters{};
  const OpenFile ring = new_ring(parameters);
  char* const queue = static_cast<char*>(map_ring(ring, IORING_OFF_SQ_RING));
  auto* const tail = reinterpret_cast<unsigned*>(queue + parameters.sq_off.tail);
  std::atomic_ref(*tail).store(1, std::memory_order_release);  // an entry of zeros: no operation
  calls.returns(1, {ring.fd, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0}, on(ring));
  calls.fails(EINVAL, {ring.fd, 0, 0, kBadOption << 16, nullptr, 0}, on(ring));
  calls.fails(EBADF, {kClosedFd, 0, 0, 0, nullptr, 0}, on_closed_fd());
}

void io_uring_register(const Calls& calls) {
  io_uring_params parameters{};
  const OpenFile ring = new_ring(parameters);
  const OpenFile file = new_file(calls, "file");
  const OpenFile pipe = new_pipe().out;
  const std::array<int, 2> files = {file.fd, pipe.fd};
  calls.returns(0, {ring.fd, IORING_REGISTER_FILES, files.data(), files.size()}, on(ring));
  calls.fails(EBUSY, {ring.fd, IORING_REGISTER_FILES, files.data(), files.size()}, on(ring));
  calls.fails(EOPNOTSUPP, {file.fd, IORING_REGISTER_FILES, files.data(), files.size()}, on(file));
}

}  // namespace ioworkload::exercise
