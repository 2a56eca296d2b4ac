// Exercises of family FS: what is read from and written to open files.
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "calls/exercise.hpp"
#include "calls/files.hpp"

namespace ioworkload::exercise {
namespace {

constexpr std::string_view kText = "hello, world";
constexpr long kTextBytes = kText.size();
constexpr int kBadOption = 9999;

std::array<char, 4096> buffer;
std::array<iovec, 2> parts = {{{buffer.data(), 5}, {buffer.data() + 5, 100}}};
constexpr long kPartsBytes = 105;

}  // namespace

void read(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  calls.returns(kTextBytes, {file.fd, buffer.data(), 100}, on(file).moving(kTextBytes));
  calls.returns(0, {file.fd, buffer.data(), 100}, on(file));
  calls.fails(EFAULT, {file.fd, kBadAddress, -1}, on(file));
  calls.fails(EBADF, {kClosedFd, buffer.data(), 100}, on_closed_fd());
}

void write(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  const OpenFile unwritable = open_file(file.path, O_RDONLY);
  calls.returns(10, {file.fd, buffer.data(), 10}, on(file).moving(10));
  calls.fails(EBADF, {unwritable.fd, buffer.data(), 10}, on(unwritable));
  calls.fails(EBADF, {kClosedFd, buffer.data(), 10}, on_closed_fd());
}

void pread64(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  calls.returns(kTextBytes - 7, {file.fd, buffer.data(), 100, 7}, on(file).moving(kTextBytes - 7));
  calls.fails(EINVAL, {file.fd, buffer.data(), 100, -1}, on(file));
}

void pwrite64(const Calls& calls) {
  const OpenFile file = open_file(calls.file("file"), O_RDWR | O_CREAT);
  calls.returns(10, {file.fd, buffer.data(), 10, 5000}, on(file).moving(10));
  calls.fails(EINVAL, {file.fd, buffer.data(), 10, -1}, on(file));
}

void readv(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  calls.returns(kTextBytes, {file.fd, parts.data(), 2}, on(file).moving(kTextBytes));
  calls.fails(EINVAL, {file.fd, parts.data(), -1}, on(file));
}

void writev(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  calls.returns(kPartsBytes, {file.fd, parts.data(), 2}, on(file).moving(kPartsBytes));
  calls.fails(EFAULT, {file.fd, kBadAddress, 2}, on(file));
}

void preadv(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  calls.returns(kTextBytes - 7, {file.fd, parts.data(), 2, 7, 0}, on(file).moving(kTextBytes - 7));
  calls.fails(EINVAL, {file.fd, parts.data(), 2, -1, -1}, on(file));
}

void pwritev(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  calls.returns(kPartsBytes, {file.fd, parts.data(), 2, 7, 0}, on(file).moving(kPartsBytes));
  calls.fails(EINVAL, {file.fd, parts.data(), 2, -1, -1}, on(file));
}

void preadv2(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  calls.returns(kTextBytes, {file.fd, parts.data(), 2, -1, -1, 0}, on(file).moving(kTextBytes));
  calls.fails(EOPNOTSUPP, {file.fd, parts.data(), 2, 0, 0, 1 << 30}, on(file));
}

void pwritev2(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  calls.returns(kPartsBytes, {file.fd, parts.data(), 2, 0, 0, RWF_DSYNC},
                on(file).moving(kPartsBytes));
  calls.fails(EOPNOTSUPP, {file.fd, parts.data(), 2, 0, 0, 1 << 30}, on(file));
}

void lseek(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  const Pipe pipe = new_pipe();
  calls.returns(kTextBytes + 3, {file.fd, 3, SEEK_END}, on(file));
  calls.fails(EINVAL, {file.fd, -1, SEEK_SET}, on(file));
  calls.fails(ESPIPE, {pipe.out.fd, 0, SEEK_SET}, on(pipe.out));
}

void ioctl(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  int bytes = 0;
  calls.returns(0, {file.fd, FIONREAD, &bytes}, on(file));
  calls.fails(ENOTTY, {file.fd, TIOCGWINSZ, buffer.data()}, on(file));
  calls.fails(EBADF, {kClosedFd, FIONREAD, &bytes}, on_closed_fd());
}

void msync(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  void* mapped = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd, 0);
  calls.returns(0, {mapped, 4096, MS_SYNC}, on(file));
  calls.fails(EINVAL, {mapped, 4096, kBadOption}, on(file));
  ::munmap(mapped, 4096);
  calls.fails(ENOMEM, {mapped, 4096, MS_SYNC});
}

void fsync(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  const Pipe pipe = new_pipe();
  calls.returns(0, {file.fd}, on(file));
  calls.fails(EINVAL, {pipe.in.fd}, on(pipe.in));
}

void fdatasync(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  const Pipe pipe = new_pipe();
  calls.returns(0, {file.fd}, on(file));
  calls.fails(EINVAL, {pipe.out.fd}, on(pipe.out));
}

void sync(const Calls& calls) {
  calls.returns(0, {});
  calls.never_fails("it has no error");
}

void syncfs(const Calls& calls) {
  const OpenFile file = open_dir(calls.directory());
  calls.returns(0, {file.fd}, on(file));
  calls.fails(EBADF, {kClosedFd}, on_closed_fd());
}

void sync_file_range(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  calls.returns(0, {file.fd, 0, 0, SYNC_FILE_RANGE_WRITE}, on(file));
  calls.fails(EINVAL, {file.fd, -1, 0, SYNC_FILE_RANGE_WRITE}, on(file));
}

void ftruncate(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  calls.returns(0, {file.fd, 5}, on(file));
  calls.fails(EINVAL, {file.fd, -1}, on(file));
}

void fallocate(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  calls.returns(0, {file.fd, 0, 0, 100}, on(file));
  calls.fails(EINVAL, {file.fd, 0, 0, 0}, on(file));
}

void fadvise64(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  calls.returns(0, {file.fd, 0, 0, POSIX_FADV_SEQUENTIAL}, on(file));
  calls.fails(EINVAL, {file.fd, 0, 0, kBadOption}, on(file));
}

void readahead(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  const Pipe pipe = new_pipe();
  calls.returns(0, {file.fd, 0, 4096}, on(file));
  calls.fails(EINVAL, {pipe.out.fd, 0, 4096}, on(pipe.out));
}

void flock(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  const OpenFile other = open_file(file.path, O_RDONLY);
  calls.returns(0, {file.fd, LOCK_EX}, on(file));
  calls.fails(EWOULDBLOCK, {other.fd, LOCK_EX | LOCK_NB}, on(other));
}

void copy_file_range(const Calls& calls) {
  const OpenFile from = new_file(calls, "from", kText);
  const OpenFile to = new_file(calls, "to");
  calls.returns(kTextBytes, {from.fd, nullptr, to.fd, nullptr, 100, 0},
                on(to).from(from.path).moving(kTextBytes));
  calls.fails(EINVAL, {from.fd, nullptr, to.fd, nullptr, 100, kBadOption}, on(to).from(from.path));
  calls.fails(EBADF, {kClosedFd, nullptr, to.fd, nullptr, 100, 0},
              on(to).from(on_closed_fd().path));
  calls.fails(EBADF, {from.fd, nullptr, kClosedFd, nullptr, 100, 0},
              on_closed_fd().from(from.path));
}

void cachestat(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", kText);
  const std::array<unsigned long, 2> range = {0, 4096};
  calls.returns(0, {file.fd, range.data(), buffer.data(), 0}, on(file));
  calls.fails(EINVAL, {file.fd, range.data(), buffer.data(), kBadOption}, on(file));
}

void getdents(const Calls& calls) {
  const OpenFile directory = open_dir(calls.directory());
  const OpenFile file = new_file(calls, "file");
  calls.succeeds({directory.fd, buffer.data(), buffer.size()}, on(directory).moving(kAsReturned));
  calls.returns(0, {directory.fd, buffer.data(), buffer.size()}, on(directory));
  calls.fails(ENOTDIR, {file.fd, buffer.data(), buffer.size()}, on(file));
}

void getdents64(const Calls& calls) {
  getdents(calls);
}

}  // namespace ioworkload::exercise
