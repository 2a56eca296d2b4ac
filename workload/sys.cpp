#include "sys.hpp"

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

namespace ioworkload {
namespace {

constexpr mode_t kFileMode = 0644;
constexpr mode_t kDirectoryMode = 0755;

// Reads errno before anything else: building the message may change it.
long check(const char* call, const std::string& path, long result) {
  const int error = errno;
  if (result < 0) throw SyscallError(std::string(call) + "(" + path + ")", error);
  return result;
}

long check(const char* call, int fd, long result) {
  const int error = errno;
  if (result < 0) throw SyscallError(std::string(call) + "(fd " + std::to_string(fd) + ")", error);
  return result;
}

void check_bytes(const char* call, int fd, long result, std::size_t wanted) {
  const auto moved = static_cast<std::size_t>(check(call, fd, result));
  expect(moved == wanted, std::string(call) + "(fd " + std::to_string(fd) + ") moved " +
                              std::to_string(moved) + " of " + std::to_string(wanted) + " bytes");
}

std::size_t total_bytes(std::span<const iovec> parts) {
  std::size_t total = 0;
  for (const iovec& part : parts) total += part.iov_len;
  return total;
}

std::vector<std::string> entry_names(const char* entries, std::size_t bytes) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < bytes;) {
    unsigned short record_bytes = 0;
    std::memcpy(&record_bytes, entries + at + offsetof(dirent64, d_reclen), sizeof record_bytes);
    expect(record_bytes > offsetof(dirent64, d_name), "getdents64 gave a record without a name");
    names.emplace_back(entries + at + offsetof(dirent64, d_name));
    at += record_bytes;
  }
  return names;
}

}  // namespace

SyscallError::SyscallError(const std::string& call, int error)
    : std::runtime_error(call + ": " + std::strerror(error) + " (errno " + std::to_string(error) +
                         ")") {}

void expect(bool holds, const std::string& what) {
  if (!holds) throw UnexpectedResult(what);
}

void expect_text(const std::string& what, std::string_view actual, std::string_view wanted) {
  expect(actual == wanted,
         what + " gave \"" + std::string(actual) + "\" instead of \"" + std::string(wanted) + "\"");
}

namespace sys {

int openat(int dirfd, const std::string& path, int flags) {
  const long fd = ::syscall(SYS_openat, dirfd, path.c_str(), flags, kFileMode);
  return static_cast<int>(check("openat", path, fd));
}

void close(int fd) {
  check("close", fd, ::syscall(SYS_close, fd));
}

void close_range(int first, int last) {
  check("close_range", first, ::syscall(SYS_close_range, first, last, 0));
}

int dup(int fd) {
  return static_cast<int>(check("dup", fd, ::syscall(SYS_dup, fd)));
}

int dup2(int fd, int target) {
  return static_cast<int>(check("dup2", target, ::syscall(SYS_dup2, fd, target)));
}

int dup3(int fd, int target, int flags) {
  return static_cast<int>(check("dup3", target, ::syscall(SYS_dup3, fd, target, flags)));
}

int fcntl(int fd, int command, int argument) {
  return static_cast<int>(check("fcntl", fd, ::syscall(SYS_fcntl, fd, command, argument)));
}

FileHandle name_to_handle_at(int dirfd, const std::string& name) {
  FileHandle handle{};
  handle.handle_bytes = MAX_HANDLE_SZ;
  int mount_id = 0;
  check("name_to_handle_at", name,
        ::syscall(SYS_name_to_handle_at, dirfd, name.c_str(), &handle, &mount_id, 0));
  return handle;
}

int open_by_handle_at(int mount_fd, FileHandle& handle, int flags) {
  const long fd = ::syscall(SYS_open_by_handle_at, mount_fd, &handle, flags);
  if (fd < 0 && errno == EPERM) {
    throw SyscallError("open_by_handle_at without CAP_DAC_READ_SEARCH, run as root", EPERM);
  }
  return static_cast<int>(check("open_by_handle_at", mount_fd, fd));
}

std::string read(int fd, std::size_t bytes) {
  std::string text(bytes, '\0');
  check_bytes("read", fd, ::syscall(SYS_read, fd, text.data(), bytes), bytes);
  return text;
}

std::string pread64(int fd, std::size_t bytes, off_t offset) {
  std::string text(bytes, '\0');
  check_bytes("pread64", fd, ::syscall(SYS_pread64, fd, text.data(), bytes, offset), bytes);
  return text;
}

void readv(int fd, std::span<const iovec> parts) {
  const long result = ::syscall(SYS_readv, fd, parts.data(), parts.size());
  check_bytes("readv", fd, result, total_bytes(parts));
}

void write(int fd, std::string_view text) {
  check_bytes("write", fd, ::syscall(SYS_write, fd, text.data(), text.size()), text.size());
}

void pwrite64(int fd, std::string_view text, off_t offset) {
  const long result = ::syscall(SYS_pwrite64, fd, text.data(), text.size(), offset);
  check_bytes("pwrite64", fd, result, text.size());
}

void writev(int fd, std::span<const iovec> parts) {
  const long result = ::syscall(SYS_writev, fd, parts.data(), parts.size());
  check_bytes("writev", fd, result, total_bytes(parts));
}

void lseek(int fd, off_t offset) {
  const long position = check("lseek", fd, ::syscall(SYS_lseek, fd, offset, SEEK_SET));
  expect(position == offset,
         "lseek to " + std::to_string(offset) + " went to " + std::to_string(position));
}

void fsync(int fd) {
  check("fsync", fd, ::syscall(SYS_fsync, fd));
}

void fdatasync(int fd) {
  check("fdatasync", fd, ::syscall(SYS_fdatasync, fd));
}

void sync() {
  ::syscall(SYS_sync);
}

void ftruncate(int fd, off_t bytes) {
  check("ftruncate", fd, ::syscall(SYS_ftruncate, fd, bytes));
}

void truncate(const std::string& path, off_t bytes) {
  check("truncate", path, ::syscall(SYS_truncate, path.c_str(), bytes));
}

void rename(const std::string& from, const std::string& to) {
  check("rename", from, ::syscall(SYS_rename, from.c_str(), to.c_str()));
}

void renameat(int from_dirfd, const std::string& from, int to_dirfd, const std::string& to) {
  check("renameat", from, ::syscall(SYS_renameat, from_dirfd, from.c_str(), to_dirfd, to.c_str()));
}

void renameat2(int from_dirfd, const std::string& from, int to_dirfd, const std::string& to,
               unsigned flags) {
  check("renameat2", from,
        ::syscall(SYS_renameat2, from_dirfd, from.c_str(), to_dirfd, to.c_str(), flags));
}

void link(const std::string& from, const std::string& to) {
  check("link", to, ::syscall(SYS_link, from.c_str(), to.c_str()));
}

void linkat(int from_dirfd, const std::string& from, int to_dirfd, const std::string& to,
            int flags) {
  check("linkat", to, ::syscall(SYS_linkat, from_dirfd, from.c_str(), to_dirfd, to.c_str(), flags));
}

void symlink(const std::string& target, const std::string& path) {
  check("symlink", path, ::syscall(SYS_symlink, target.c_str(), path.c_str()));
}

void symlinkat(const std::string& target, int dirfd, const std::string& path) {
  check("symlinkat", path, ::syscall(SYS_symlinkat, target.c_str(), dirfd, path.c_str()));
}

std::string readlink(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const long bytes = ::syscall(SYS_readlink, path.c_str(), target.data(), target.size());
  return {target.data(), static_cast<std::size_t>(check("readlink", path, bytes))};
}

std::string readlinkat(int dirfd, const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const long bytes = ::syscall(SYS_readlinkat, dirfd, path.c_str(), target.data(), target.size());
  return {target.data(), static_cast<std::size_t>(check("readlinkat", path, bytes))};
}

void unlink(const std::string& path) {
  check("unlink", path, ::syscall(SYS_unlink, path.c_str()));
}

void unlinkat(int dirfd, const std::string& path, int flags) {
  check("unlinkat", path, ::syscall(SYS_unlinkat, dirfd, path.c_str(), flags));
}

void mkdir(const std::string& path) {
  check("mkdir", path, ::syscall(SYS_mkdir, path.c_str(), kDirectoryMode));
}

void mkdirat(int dirfd, const std::string& path) {
  check("mkdirat", path, ::syscall(SYS_mkdirat, dirfd, path.c_str(), kDirectoryMode));
}

void rmdir(const std::string& path) {
  check("rmdir", path, ::syscall(SYS_rmdir, path.c_str()));
}

void chdir(const std::string& path) {
  check("chdir", path, ::syscall(SYS_chdir, path.c_str()));
}

std::string getcwd() {
  std::array<char, PATH_MAX> path{};
  check("getcwd", ".", ::syscall(SYS_getcwd, path.data(), path.size()));
  return path.data();
}

std::vector<std::string> getdents64(int fd) {
  alignas(dirent64) std::array<char, 4096> entries{};
  const long bytes = ::syscall(SYS_getdents64, fd, entries.data(), entries.size());
  return entry_names(entries.data(), static_cast<std::size_t>(check("getdents64", fd, bytes)));
}

struct ::stat stat(const std::string& path) {
  struct ::stat attributes {};
  check("stat", path, ::syscall(SYS_stat, path.c_str(), &attributes));
  return attributes;
}

struct ::stat fstat(int fd) {
  struct ::stat attributes {};
  check("fstat", fd, ::syscall(SYS_fstat, fd, &attributes));
  return attributes;
}

struct ::stat lstat(const std::string& path) {
  struct ::stat attributes {};
  check("lstat", path, ::syscall(SYS_lstat, path.c_str(), &attributes));
  return attributes;
}

struct ::stat newfstatat(int dirfd, const std::string& path, int flags) {
  struct ::stat attributes {};
  check("newfstatat", path, ::syscall(SYS_newfstatat, dirfd, path.c_str(), &attributes, flags));
  return attributes;
}

struct ::statx statx(int dirfd, const std::string& path, int flags, unsigned mask) {
  struct ::statx attributes {};
  check("statx", path, ::syscall(SYS_statx, dirfd, path.c_str(), flags, mask, &attributes));
  return attributes;
}

void access(const std::string& path, int mode) {
  check("access", path, ::syscall(SYS_access, path.c_str(), mode));
}

void faccessat(int dirfd, const std::string& path, int mode) {
  check("faccessat", path, ::syscall(SYS_faccessat, dirfd, path.c_str(), mode));
}

}  // namespace sys

void create_file(const std::string& path, std::string_view text) {
  const int fd = sys::openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL);
  sys::write(fd, text);
  sys::close(fd);
}

int open_directory(const std::string& path) {
  return sys::openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
}

}  // namespace ioworkload
