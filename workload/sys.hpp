// The syscalls of the scenarios, each one function that bears the kernel's name and issues exactly
// that syscall: libc may turn its own wrapper into another one (open into openat, stat into
// newfstatat), and a tracer would then see a call that the scenario did not promise. x86-64 only.
//
// Contract: a call that fails, or moves fewer bytes than asked, throws. Descriptors are plain ints:
// closing them is a step of a scenario, and after a failure the process ends.
// Thread safety: no state, any thread.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ioworkload {

// A syscall that failed; what() names the call, its file and the errno.
class SyscallError : public std::runtime_error {
 public:
  SyscallError(const std::string& call, int error);
};

// A syscall that succeeded with another result than the scenario expects.
class UnexpectedResult : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws UnexpectedResult saying `what` unless `holds`.
void expect(bool holds, const std::string& what);

// Throws UnexpectedResult with both texts unless they are equal.
void expect_text(const std::string& what, std::string_view actual, std::string_view wanted);

namespace sys {

// Descriptors
int openat(int dirfd, const std::string& path, int flags);
void close(int fd);
void close_range(int first, int last);
int dup(int fd);
int dup2(int fd, int target);
int dup3(int fd, int target, int flags);
int fcntl(int fd, int command, int argument);

// The kernel's struct file_handle (include/linux/fs.h) with room for the largest handle.
struct FileHandle {
  unsigned handle_bytes;
  int handle_type;
  unsigned char handle[MAX_HANDLE_SZ];
};
FileHandle name_to_handle_at(int dirfd, const std::string& name);
int open_by_handle_at(int mount_fd, FileHandle& handle, int flags);

// Bytes
std::string read(int fd, std::size_t bytes);
std::string pread64(int fd, std::size_t bytes, off_t offset);
void readv(int fd, std::span<const iovec> parts);
void write(int fd, std::string_view text);
void pwrite64(int fd, std::string_view text, off_t offset);
void writev(int fd, std::span<const iovec> parts);
void lseek(int fd, off_t offset);
void fsync(int fd);
void fdatasync(int fd);
void sync();
void ftruncate(int fd, off_t bytes);
void truncate(const std::string& path, off_t bytes);

// Names
void rename(const std::string& from, const std::string& to);
void renameat(int from_dirfd, const std::string& from, int to_dirfd, const std::string& to);
void renameat2(int from_dirfd, const std::string& from, int to_dirfd, const std::string& to,
               unsigned flags);
void link(const std::string& from, const std::string& to);
void linkat(int from_dirfd, const std::string& from, int to_dirfd, const std::string& to,
            int flags);
void symlink(const std::string& target, const std::string& path);
void symlinkat(const std::string& target, int dirfd, const std::string& path);
std::string readlink(const std::string& path);
std::string readlinkat(int dirfd, const std::string& path);
void unlink(const std::string& path);
void unlinkat(int dirfd, const std::string& path, int flags);

// Directories
void mkdir(const std::string& path);
void mkdirat(int dirfd, const std::string& path);
void rmdir(const std::string& path);
void chdir(const std::string& path);
std::string getcwd();
std::vector<std::string> getdents64(int fd);  // one call: the names of the first 4 KiB of entries

// Attributes
struct ::stat stat(const std::string& path);
struct ::stat fstat(int fd);
struct ::stat lstat(const std::string& path);
struct ::stat newfstatat(int dirfd, const std::string& path, int flags);
struct ::statx statx(int dirfd, const std::string& path, int flags, unsigned mask);
void access(const std::string& path, int mode);
void faccessat(int dirfd, const std::string& path, int mode);

}  // namespace sys

// Makes `path` with `text` in it: openat, write, close.
void create_file(const std::string& path, std::string_view text);

// Opens a directory for use as a dirfd: openat.
int open_directory(const std::string& path);

}  // namespace ioworkload
