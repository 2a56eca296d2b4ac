// Exercises of family FS: names in directories.
#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kMode = 0700;
constexpr std::string_view kTarget = "where/to";
constexpr long kTargetBytes = kTarget.size();

std::array<char, 4096> buffer;

}  // namespace

void chdir(const Calls& calls) {
  sys::mkdir("below");
  calls.returns(0, {"below"}, at(calls.file("below")));
  calls.fails(ENOENT, {"absent"}, at(calls.file("below/absent")));
  calls.fails(EFAULT, {kBadAddress}, at_bad_address());
}

void getcwd(const Calls& calls) {
  const long bytes = calls.directory().size() + 1;
  calls.returns(bytes, {buffer.data(), buffer.size()}, Shown().moving(bytes));
  calls.fails(ERANGE, {buffer.data(), 1});
}

void chroot(const Calls& calls) {
  calls.fails(ENOENT, {"absent"}, at(calls.file("absent")));
  calls.returns(0, {calls.directory()}, at(calls.directory()));
}

void rename(const Calls& calls) {
  new_file(calls, "old");
  calls.returns(0, {"old", calls.file("new")}, at(calls.file("new")).from(calls.file("old")));
  calls.fails(ENOENT, {"old", "new"}, at(calls.file("new")).from(calls.file("old")));
}

void renameat(const Calls& calls) {
  const OpenFile directory = open_dir(calls.directory());
  new_file(calls, "old");
  const Shown shown = at(calls.file("new")).from(calls.file("old"));
  calls.returns(0, {directory.fd, "old", AT_FDCWD, "new"}, shown);
  calls.fails(ENOENT, {AT_FDCWD, "old", directory.fd, "new"}, shown);
  calls.fails(EBADF, {kClosedFd, "old", directory.fd, "new"},
              at(calls.file("new")).from(on_closed_fd().path + "/old"));
}

void renameat2(const Calls& calls) {
  const OpenFile directory = open_dir(calls.directory());
  new_file(calls, "old");
  const Shown shown = at(calls.file("new")).from(calls.file("old"));
  calls.returns(0, {directory.fd, "old", directory.fd, "new", RENAME_NOREPLACE}, shown);
  new_file(calls, "old");
  calls.fails(EEXIST, {AT_FDCWD, "old", AT_FDCWD, "new", RENAME_NOREPLACE}, shown);
}

void link(const Calls& calls) {
  new_file(calls, "old");
  const Shown shown = at(calls.file("new")).from(calls.file("old"));
  calls.returns(0, {"old", "new"}, shown);
  calls.fails(EEXIST, {"old", "new"}, shown);
}

void linkat(const Calls& calls) {
  const OpenFile directory = open_dir(calls.directory());
  const OpenFile file = new_file(calls, "old");
  const Shown shown = at(calls.file("new")).from(calls.file("old"));
  calls.returns(0, {directory.fd, "old", AT_FDCWD, "new", 0}, shown);
  calls.fails(EEXIST, {AT_FDCWD, "old", directory.fd, "new", 0}, shown);
  calls.returns(0, {file.fd, "", AT_FDCWD, "newer", AT_EMPTY_PATH},
                at(calls.file("newer")).from(file.path));
}

void symlink(const Calls& calls) {
  const Shown shown = at(calls.file("new")).from(std::string(kTarget));
  calls.returns(0, {kTarget.data(), "new"}, shown);
  calls.fails(EEXIST, {kTarget.data(), "new"}, shown);
}

void symlinkat(const Calls& calls) {
  const OpenFile directory = open_dir(calls.directory());
  const Shown shown = at(calls.file("new")).from(std::string(kTarget));
  calls.returns(0, {kTarget.data(), directory.fd, "new"}, shown);
  calls.fails(EEXIST, {kTarget.data(), AT_FDCWD, "new"}, shown);
}

void readlink(const Calls& calls) {
  new_file(calls, "file");
  sys::symlink(std::string(kTarget), "link");
  calls.returns(kTargetBytes, {"link", buffer.data(), buffer.size()},
                at(calls.file("link")).moving(kTargetBytes));
  calls.fails(EINVAL, {"file", buffer.data(), buffer.size()}, at(calls.file("file")));
}

void readlinkat(const Calls& calls) {
  const OpenFile directory = open_dir(calls.directory());
  new_file(calls, "file");
  sys::symlink(std::string(kTarget), "link");
  calls.returns(5, {directory.fd, "link", buffer.data(), 5}, at(calls.file("link")).moving(5));
  calls.fails(EINVAL, {AT_FDCWD, "file", buffer.data(), 5}, at(calls.file("file")));
}

void unlink(const Calls& calls) {
  new_file(calls, "file");
  calls.returns(0, {"file"}, at(calls.file("file")));
  calls.fails(ENOENT, {"file"}, at(calls.file("file")));
}

void unlinkat(const Calls& calls) {
  const OpenFile directory = open_dir(calls.directory());
  sys::mkdir("below");
  calls.fails(EISDIR, {directory.fd, "below", 0}, at(calls.file("below")));
  calls.returns(0, {directory.fd, "below", AT_REMOVEDIR}, at(calls.file("below")));
}

void mkdir(const Calls& calls) {
  calls.returns(0, {"new", kMode}, at(calls.file("new")));
  calls.fails(EEXIST, {"new", kMode}, at(calls.file("new")));
}

void mkdirat(const Calls& calls) {
  const OpenFile directory = open_dir(calls.directory());
  calls.returns(0, {directory.fd, "new", kMode}, at(calls.file("new")));
  calls.fails(EEXIST, {directory.fd, "new", kMode}, at(calls.file("new")));
}

void rmdir(const Calls& calls) {
  sys::mkdir("below");
  calls.returns(0, {"below"}, at(calls.file("below")));
  calls.fails(ENOENT, {"below"}, at(calls.file("below")));
}

void mknod(const Calls& calls) {
  calls.returns(0, {"new", S_IFIFO | kMode, 0}, at(calls.file("new")));
  calls.fails(EEXIST, {"new", S_IFIFO | kMode, 0}, at(calls.file("new")));
}

void mknodat(const Calls& calls) {
  const OpenFile directory = open_dir(calls.directory());
  calls.returns(0, {directory.fd, "new", S_IFIFO | kMode, 0}, at(calls.file("new")));
  calls.fails(EEXIST, {AT_FDCWD, "new", S_IFIFO | kMode, 0}, at(calls.file("new")));
}

}  // namespace ioworkload::exercise
