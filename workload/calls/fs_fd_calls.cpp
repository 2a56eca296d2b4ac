// Exercises of family FS: what opens, duplicates, changes and closes fds.
#include <linux/openat2.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>

#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kMode = 0600;
constexpr int kNewFileFlags = O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC;

}  // namespace

void open(const Calls& calls) {
  calls.opens({calls.file("file"), kNewFileFlags, kMode}, kNewFileFlags);
  calls.opens({"file", O_RDONLY}, O_RDONLY);
  calls.fails(EEXIST, {"file", O_WRONLY | O_CREAT | O_EXCL, kMode},
              opened(calls.file("file"), O_WRONLY | O_CREAT | O_EXCL));
  calls.fails(EFAULT, {kBadAddress, O_RDONLY}, opened(at_bad_address().path, O_RDONLY));
  calls.fails(EFAULT, {nullptr, O_RDONLY}, opened(at_no_path().path, O_RDONLY));
}

void openat(const Calls& calls) {
  const OpenFile directory =
      calls.opens({AT_FDCWD, calls.directory(), O_RDONLY | O_DIRECTORY}, O_RDONLY | O_DIRECTORY);
  calls.opens({directory.fd, "file", kNewFileFlags, kMode}, kNewFileFlags);
  calls.fails(ENOENT, {directory.fd, "absent", O_WRONLY}, opened(calls.file("absent"), O_WRONLY));
  calls.fails(EBADF, {kClosedFd, "file", O_RDONLY},
              opened(on_closed_fd().path + "/file", O_RDONLY));
}

void openat2(const Calls& calls) {
  const OpenFile directory = open_dir(calls.directory());
  const open_how make = {.flags = kNewFileFlags, .mode = kMode, .resolve = 0};
  const open_how escape = {.flags = O_PATH, .mode = 0, .resolve = RESOLVE_BENEATH};
  calls.opens({directory.fd, "file", &make, sizeof make}, kNewFileFlags);
  calls.fails(EXDEV, {directory.fd, "..", &escape, sizeof escape},
              opened(calls.file(".."), O_PATH));
  calls.fails(EINVAL, {directory.fd, "file", &make, 1}, opened(calls.file("file"), kNewFileFlags));
}

void creat(const Calls& calls) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
  calls.opens({calls.file("file"), kMode}, kFlags);
  calls.fails(EISDIR, {calls.directory(), kMode}, opened(calls.directory(), kFlags));
}

void close(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  calls.returns(0, {file.fd}, on(file));
  calls.fails(EBADF, {file.fd}, on_closed_fd());
}

void close_range(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  const OpenFile low = {::dup2(file.fd, 700), file.path, file.flags};
  ::dup2(open_dir(calls.directory()).fd, 701);
  calls.returns(0, {600, 710, 0}, on(low));
  calls.returns(0, {600, 710, 0});
  calls.fails(EINVAL, {710, 600, 0});
}

void dup(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  calls.opens({file.fd}, file.flags);
  calls.fails(EBADF, {kClosedFd}, on_closed_fd());
}

void dup2(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  calls.returns(500, {file.fd, 500}, on(file));
  calls.fails(EBADF, {kClosedFd, 500}, on_closed_fd().from(file.path));
  calls.fails(EBADF, {file.fd, -1}, on(file));
  const OpenFile other = new_file(calls, "other");
  calls.returns(500, {other.fd, 500}, on(other).from(file.path));
}

void dup3(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  calls.returns(500, {file.fd, 500, O_CLOEXEC}, on(file));
  calls.fails(EINVAL, {file.fd, file.fd, 0}, on(file).from(file.path));
}

void fcntl(const Calls& calls) {
  constexpr int kLargeFile = 0100000;
  OpenFile file = new_file(calls, "file");
  calls.returns(600, {file.fd, F_DUPFD, 600}, on(file));
  file.flags = O_RDWR | O_APPEND | O_NONBLOCK;
  calls.returns(0, {file.fd, F_SETFL, file.flags}, on(file));
  calls.returns(file.flags | kLargeFile, {file.fd, F_GETFL}, on(file));
  calls.fails(EINVAL, {file.fd, 9999}, on(file));
}

void fstatfs(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  struct ::statfs status {};
  calls.returns(0, {file.fd, &status}, on(file));
  calls.fails(EBADF, {kClosedFd, &status}, on_closed_fd());
}

void newfstat(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  struct ::stat status {};
  calls.returns(0, {file.fd, &status}, on(file));
  calls.fails(EBADF, {kClosedFd, &status}, on_closed_fd());
}

void fchdir(const Calls& calls) {
  const OpenFile directory = open_dir("/");
  const OpenFile file = new_file(calls, "file");
  calls.returns(0, {directory.fd}, on(directory));
  calls.fails(ENOTDIR, {file.fd}, on(file));
}

void fchmod(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  calls.returns(0, {file.fd, kMode}, on(file));
  calls.fails(EBADF, {kClosedFd, kMode}, on_closed_fd());
}

void fchown(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  calls.returns(0, {file.fd, -1, -1}, on(file));
  calls.fails(EBADF, {kClosedFd, -1, -1}, on_closed_fd());
}

void name_to_handle_at(const Calls& calls) {
  const OpenFile directory = open_dir(calls.directory());
  new_file(calls, "file");
  sys::FileHandle handle{MAX_HANDLE_SZ, 0, {}};
  sys::FileHandle small{0, 0, {}};
  int mount = 0;
  calls.returns(0, {directory.fd, "file", &handle, &mount, 0}, at(calls.file("file")));
  calls.fails(EOVERFLOW, {directory.fd, "file", &small, &mount, 0}, at(calls.file("file")));
  calls.fails(ENOENT, {directory.fd, "absent", &handle, &mount, 0}, at(calls.file("absent")));
}

void open_by_handle_at(const Calls& calls) {
  const OpenFile directory = open_dir(calls.directory());
  new_file(calls, "file");
  sys::FileHandle handle = sys::name_to_handle_at(directory.fd, "file");
  calls.opens({directory.fd, &handle, O_RDWR}, O_RDWR);
  calls.fails(EBADF, {kClosedFd, &handle, O_RDWR}, opened(calls.file("file"), O_RDWR));
}

}  // namespace ioworkload::exercise
