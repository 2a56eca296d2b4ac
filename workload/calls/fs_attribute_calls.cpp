// Exercises of family FS: attributes of files, by name.
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kMode = 0700;

std::array<char, 4096> buffer;

// Of a call that takes a path first: with one that is there and one that is not.
void call_on_paths(const Calls& calls, const Argument& second = 0, const Argument& third = 0) {
  new_file(calls, "file");
  calls.returns(0, {"file", second, third}, at(calls.file("file")));
  calls.fails(ENOENT, {"absent", second, third}, at(calls.file("absent")));
  calls.fails(EFAULT, {kBadAddress, second, third}, at_bad_address());
  calls.fails(EFAULT, {nullptr, second, third}, at_no_path());
}

// Of a call that takes a dirfd and a path.
void call_at_paths(const Calls& calls, const Argument& third, const Argument& fourth = 0,
                   const Argument& fifth = 0) {
  const OpenFile directory = open_dir(calls.directory());
  new_file(calls, "file");
  const std::string path = calls.file("file");
  calls.returns(0, {directory.fd, "file", third, fourth, fifth}, at(path));
  calls.returns(0, {AT_FDCWD, "file", third, fourth, fifth}, at(path));
  calls.returns(0, {kClosedFd, path, third, fourth, fifth}, at(path));
  calls.fails(ENOENT, {directory.fd, "absent", third, fourth, fifth}, at(calls.file("absent")));
  calls.fails(EBADF, {kClosedFd, "file", third, fourth, fifth}, at(on_closed_fd().path + "/file"));
}

}  // namespace

void newstat(const Calls& calls) {
  call_on_paths(calls, buffer.data());
}

void newlstat(const Calls& calls) {
  call_on_paths(calls, buffer.data());
}

void access(const Calls& calls) {
  call_on_paths(calls, R_OK);
}

void truncate(const Calls& calls) {
  call_on_paths(calls, 10);
}

void chmod(const Calls& calls) {
  call_on_paths(calls, kMode);
}

void chown(const Calls& calls) {
  call_on_paths(calls, -1, -1);
}

void lchown(const Calls& calls) {
  call_on_paths(calls, -1, -1);
}

void utime(const Calls& calls) {
  call_on_paths(calls, nullptr);
}

void utimes(const Calls& calls) {
  call_on_paths(calls, nullptr);
}

void statfs(const Calls& calls) {
  call_on_paths(calls, buffer.data());
}

void ustat(const Calls& calls) {
  const struct ::stat status = sys::stat(calls.directory());
  calls.returns(0, {status.st_dev, buffer.data()});
  calls.fails(EINVAL, {-1, buffer.data()});
}

void fchownat(const Calls& calls) {
  call_at_paths(calls, -1, -1, 0);
}

void fchmodat(const Calls& calls) {
  call_at_paths(calls, kMode);
}

void fchmodat2(const Calls& calls) {
  call_at_paths(calls, kMode, 0);
}

void faccessat(const Calls& calls) {
  call_at_paths(calls, R_OK);
}

void faccessat2(const Calls& calls) {
  call_at_paths(calls, R_OK, AT_EACCESS);
}

void newfstatat(const Calls& calls) {
  call_at_paths(calls, buffer.data(), 0);
  const OpenFile file = new_file(calls, "file");
  calls.returns(0, {file.fd, "", buffer.data(), AT_EMPTY_PATH}, on(file));
}

void statx(const Calls& calls) {
  call_at_paths(calls, 0, STATX_BASIC_STATS, buffer.data());
  const OpenFile file = new_file(calls, "file");
  calls.returns(0, {file.fd, "", AT_EMPTY_PATH, STATX_SIZE, buffer.data()}, on(file));
}

void futimesat(const Calls& calls) {
  call_at_paths(calls, nullptr);
  const OpenFile file = new_file(calls, "file");
  calls.returns(0, {file.fd, nullptr, nullptr}, on(file));
}

void utimensat(const Calls& calls) {
  call_at_paths(calls, nullptr, 0);
  const OpenFile file = new_file(calls, "file");
  calls.returns(0, {file.fd, nullptr, nullptr, 0}, on(file));
}

void file_getattr(const Calls& calls) {
  call_at_paths(calls, buffer.data(), 24, 0);
}

void file_setattr(const Calls& calls) {
  // What is zero means no attribute, which every file system takes.
  const std::array<char, 24> none{};
  call_at_paths(calls, none.data(), none.size(), 0);
}

void uselib(const Calls& calls) {
  calls.fails(ENOSYS, {"library"}, at(calls.file("library")));
  calls.never_succeeds("kernels are configured without it");
}

void lookup_dcookie(const Calls& calls) {
  calls.fails(ENOSYS, {1, buffer.data(), buffer.size()});
  calls.never_succeeds("removed from the kernel");
}

}  // namespace ioworkload::exercise
