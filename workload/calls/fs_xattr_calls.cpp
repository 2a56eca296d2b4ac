// Exercises of family FS: extended attributes.
#include <fcntl.h>
#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr const char* kName = "user.test";
constexpr const char* kAbsent = "user.absent";
constexpr std::string_view kValue = "value";
constexpr long kValueBytes = kValue.size();

std::array<char, 4096> buffer;

// As the kernel's struct xattr_args.
struct XattrValue {
  std::uint64_t address;
  std::uint32_t bytes;
  std::uint32_t flags;
};

OpenFile file_with_attribute(const Calls& calls) {
  OpenFile file = new_file(calls, "file");
  if (::setxattr(file.path.c_str(), kName, kValue.data(), kValue.size(), 0) != 0) {
    throw SyscallError("setxattr(" + file.path + ")", errno);
  }
  return file;
}

void set_by(const Calls& calls, const Argument& file, const Shown& shown) {
  calls.returns(0, {file, kName, kValue.data(), kValueBytes, 0}, shown);
  calls.fails(EEXIST, {file, kName, kValue.data(), kValueBytes, XATTR_CREATE}, shown);
}

void get_by(const Calls& calls, const Argument& file, const Shown& shown) {
  calls.returns(kValueBytes, {file, kName, buffer.data(), buffer.size()},
                shown.moving(kValueBytes));
  calls.returns(kValueBytes, {file, kName, nullptr, 0}, shown);
  calls.fails(ENODATA, {file, kAbsent, buffer.data(), buffer.size()}, shown);
}

void list_by(const Calls& calls, const Argument& file, const Shown& shown) {
  calls.succeeds({file, buffer.data(), buffer.size()}, shown.moving(kAsReturned));
  calls.succeeds({file, nullptr, 0}, shown);
  calls.fails(ERANGE, {file, buffer.data(), 1}, shown);
}

void remove_by(const Calls& calls, const Argument& file, const Shown& shown) {
  calls.returns(0, {file, kName}, shown);
  calls.fails(ENODATA, {file, kName}, shown);
}

}  // namespace

void setxattr(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  set_by(calls, file.path, at(file.path));
}

void lsetxattr(const Calls& calls) {
  setxattr(calls);
}

void fsetxattr(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  set_by(calls, file.fd, on(file));
}

void getxattr(const Calls& calls) {
  const OpenFile file = file_with_attribute(calls);
  get_by(calls, file.path, at(file.path));
}

void lgetxattr(const Calls& calls) {
  getxattr(calls);
}

void fgetxattr(const Calls& calls) {
  const OpenFile file = file_with_attribute(calls);
  get_by(calls, file.fd, on(file));
}

void listxattr(const Calls& calls) {
  const OpenFile file = file_with_attribute(calls);
  list_by(calls, file.path, at(file.path));
}

void llistxattr(const Calls& calls) {
  listxattr(calls);
}

void flistxattr(const Calls& calls) {
  const OpenFile file = file_with_attribute(calls);
  list_by(calls, file.fd, on(file));
}

void removexattr(const Calls& calls) {
  const OpenFile file = file_with_attribute(calls);
  remove_by(calls, file.path, at(file.path));
}

void lremovexattr(const Calls& calls) {
  removexattr(calls);
}

void fremovexattr(const Calls& calls) {
  const OpenFile file = file_with_attribute(calls);
  remove_by(calls, file.fd, on(file));
}

void setxattrat(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  XattrValue value = {reinterpret_cast<std::uint64_t>(kValue.data()), kValue.size(), 0};
  calls.returns(0, {AT_FDCWD, "file", 0, kName, &value, sizeof value}, at(file.path));
  value.flags = XATTR_CREATE;
  calls.fails(EEXIST, {AT_FDCWD, "file", 0, kName, &value, sizeof value}, at(file.path));
}

void getxattrat(const Calls& calls) {
  const OpenFile file = file_with_attribute(calls);
  XattrValue value = {reinterpret_cast<std::uint64_t>(buffer.data()), buffer.size(), 0};
  const XattrValue probe{};
  calls.returns(kValueBytes, {AT_FDCWD, "file", 0, kName, &value, sizeof value},
                at(file.path).moving(kValueBytes));
  calls.returns(kValueBytes, {AT_FDCWD, "file", 0, kName, &probe, sizeof probe}, at(file.path));
  calls.fails(ENODATA, {AT_FDCWD, "file", 0, kAbsent, &value, sizeof value}, at(file.path));
}

void listxattrat(const Calls& calls) {
  const OpenFile file = file_with_attribute(calls);
  calls.succeeds({AT_FDCWD, "file", 0, buffer.data(), buffer.size()},
                 at(file.path).moving(kAsReturned));
  calls.succeeds({AT_FDCWD, "file", 0, nullptr, 0}, at(file.path));
  calls.fails(ERANGE, {AT_FDCWD, "file", 0, buffer.data(), 1}, at(file.path));
}

void removexattrat(const Calls& calls) {
  const OpenFile file = file_with_attribute(calls);
  calls.returns(0, {AT_FDCWD, "file", 0, kName}, at(file.path));
  calls.fails(ENODATA, {AT_FDCWD, "file", 0, kName}, at(file.path));
}

}  // namespace ioworkload::exercise
