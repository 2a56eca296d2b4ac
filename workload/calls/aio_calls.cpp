// Exercises of family AIO: the calls; their requests are scenarios of their own.
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kBadOption = 9999;
constexpr aio_context_t kAbsentContext = 8;
constexpr ::timespec kNoTime = {};

std::array<char, 100> buffer;
std::array<io_event, 2> events;

aio_context_t new_context() {
  aio_context_t context = 0;
  if (::syscall(SYS_io_setup, 4, &context) != 0) throw SyscallError("io_setup", errno);
  return context;
}

iocb request_on(const OpenFile& file, int operation) {
  iocb request{};
  request.aio_fildes = file.fd;
  request.aio_lio_opcode = operation;
  request.aio_buf = reinterpret_cast<__u64>(buffer.data());
  request.aio_nbytes = buffer.size();
  return request;
}

// One with a request that is done.
aio_context_t used_context(const Calls& calls) {
  const aio_context_t context = new_context();
  iocb read = request_on(new_file(calls, "file", "text"), IOCB_CMD_PREAD);
  const iocb* requests = &read;
  if (::syscall(SYS_io_submit, context, 1, &requests) != 1) throw SyscallError("io_submit", errno);
  return context;
}

struct Ring {
  io_uring_params parameters = {};
  OpenFile file = adopt(::syscall(SYS_io_uring_setup, 4, &parameters), O_RDWR);
};

// As it is all zeros, the first entry is a request for no operation.
void fill_first_entry(const Ring& ring) {
  void* mapped =
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring.file.fd, IORING_OFF_SQ_RING);
  if (mapped == MAP_FAILED) throw SyscallError("mmap", errno);
  *reinterpret_cast<unsigned*>(static_cast<char*>(mapped) + ring.parameters.sq_off.tail) = 1;
}

}  // namespace

void io_setup(const Calls& calls) {
  aio_context_t context = 0;
  calls.fails(EINVAL, {0, &context});
  calls.returns(0, {4, &context});
}

void io_destroy(const Calls& calls) {
  const aio_context_t context = new_context();
  calls.returns(0, {context});
  calls.fails(EINVAL, {context});
}

void io_submit(const Calls& calls) {
  const aio_context_t context = new_context();
  iocb read = request_on(new_file(calls, "file", "text"), IOCB_CMD_PREAD);
  const iocb* requests = &read;
  calls.returns(1, {context, 1, &requests});
  calls.fails(EFAULT, {context, 1, kBadAddress});
  calls.fails(EINVAL, {kAbsentContext, 1, &requests});
}

void io_getevents(const Calls& calls) {
  const aio_context_t context = used_context(calls);
  calls.returns(1, {context, 1, 1, events.data(), nullptr});
  calls.returns(0, {context, 1, 1, events.data(), &kNoTime});
  calls.fails(EINVAL, {kAbsentContext, 1, 1, events.data(), nullptr});
}

void io_pgetevents(const Calls& calls) {
  const aio_context_t context = used_context(calls);
  calls.returns(1, {context, 1, 1, events.data(), nullptr, nullptr});
  calls.returns(0, {context, 1, 1, events.data(), &kNoTime, nullptr});
  calls.fails(EINVAL, {kAbsentContext, 1, 1, events.data(), nullptr, nullptr});
}

void io_cancel(const Calls& calls) {
  const aio_context_t context = new_context();
  iocb poll = request_on(new_pipe().out, IOCB_CMD_POLL);
  poll.aio_buf = POLLIN;
  poll.aio_nbytes = 0;
  const iocb* requests = &poll;
  if (::syscall(SYS_io_submit, context, 1, &requests) != 1) throw SyscallError("io_submit", errno);
  calls.fails(EINPROGRESS, {context, &poll, events.data()});
  calls.fails(EINVAL, {context, &poll, events.data()});
  calls.never_succeeds("EINPROGRESS is how it says that it cancelled the request");
}

void io_uring_setup(const Calls& calls) {
  io_uring_params parameters{};
  calls.opens({4, &parameters}, O_RDWR);
  calls.fails(EINVAL, {0, &parameters});
}

void io_uring_enter(const Calls& calls) {
  const Ring ring;
  const OpenFile file = new_file(calls, "file");
  fill_first_entry(ring);
  calls.returns(1, {ring.file.fd, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0}, on(ring.file));
  calls.returns(0, {ring.file.fd, 0, 0, 0, nullptr, 0}, on(ring.file));
  calls.fails(EOPNOTSUPP, {file.fd, 0, 0, 0, nullptr, 0}, on(file));
  calls.fails(EBADF, {kClosedFd, 0, 0, 0, nullptr, 0}, on_closed_fd());
}

void io_uring_register(const Calls& calls) {
  const OpenFile ring = Ring().file;
  const int event = ::eventfd(0, 0);
  calls.returns(0, {ring.fd, IORING_REGISTER_EVENTFD, &event, 1}, on(ring));
  calls.fails(EBUSY, {ring.fd, IORING_REGISTER_EVENTFD, &event, 1}, on(ring));
  calls.fails(EINVAL, {ring.fd, kBadOption, &event, 1}, on(ring));
}

}  // namespace ioworkload::exercise
