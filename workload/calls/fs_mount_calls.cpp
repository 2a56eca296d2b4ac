// Exercises of family FS: mounts, quotas and swap. They see a mount namespace of their own.
#include <linux/mount.h>
#include <linux/quota.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "calls/isolate.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kBadOption = 1 << 30;

std::array<char, 4096> buffer;

OpenFile new_context() {
  return adopt(::syscall(SYS_fsopen, "tmpfs", 0), O_RDWR);
}

// As the kernel's struct mnt_id_req, first version.
struct MountRequest {
  std::uint32_t size = 24;
  std::uint32_t spare = 0;
  std::uint64_t mount = ~0ull;  // LSMT_ROOT
  std::uint64_t mask = 0;
};

}  // namespace

void mount(const Calls& calls) {
  if (::unshare(CLONE_NEWNS) != 0) throw SyscallError("unshare", errno);
  calls.returns(0, {nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr}, at("/"));
  calls.returns(0, {"some source", calls.directory(), "tmpfs", 0, nullptr},
                at(calls.directory()).from("some source"));
  calls.fails(ENOENT, {"some source", "/absent", "tmpfs", 0, nullptr},
              at("/absent").from("some source"));
}

void umount(const Calls& calls) {
  leave_mounts_alone();
  new_file_system("mounted");
  calls.returns(0, {"mounted", 0}, at(calls.file("mounted")));
  calls.fails(EINVAL, {"mounted", 0}, at(calls.file("mounted")));
}

void open_tree(const Calls& calls) {
  leave_mounts_alone();
  new_file_system("mounted");
  calls.opens({AT_FDCWD, "mounted", 0}, O_PATH);
  calls.fails(ENOENT, {AT_FDCWD, "absent", OPEN_TREE_CLONE}, at(calls.file("absent")));
}

void open_tree_attr(const Calls& calls) {
  leave_mounts_alone();
  new_file_system("mounted");
  calls.opens({AT_FDCWD, "mounted", 0, nullptr, 0}, O_PATH);
  calls.fails(ENOENT, {AT_FDCWD, "absent", OPEN_TREE_CLONE, nullptr, 0}, at(calls.file("absent")));
}

void move_mount(const Calls& calls) {
  leave_mounts_alone();
  new_file_system("old");
  sys::mkdir("new");
  const Shown shown = at(calls.file("new")).from(calls.file("old"));
  calls.returns(0, {AT_FDCWD, "old", AT_FDCWD, "new", 0}, shown);
  calls.fails(EINVAL, {AT_FDCWD, "old", AT_FDCWD, "new", 0}, shown);
}

void fsopen(const Calls& calls) {
  calls.opens({"tmpfs", 0}, O_RDWR);
  calls.fails(ENODEV, {"absent", 0}, at("absent"));
}

void fsconfig(const Calls& calls) {
  const OpenFile context = new_context();
  calls.returns(0, {context.fd, FSCONFIG_SET_STRING, "size", "1m", 0}, on(context));
  calls.fails(EINVAL, {context.fd, FSCONFIG_SET_STRING, "absent", "1m", 0}, on(context));
}

void fsmount(const Calls& calls) {
  const OpenFile context = new_context();
  calls.fails(EINVAL, {context.fd, kBadOption, 0}, on(context));
  ::syscall(SYS_fsconfig, context.fd, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  calls.succeeds({context.fd, 0, 0}, on(context));
}

void fspick(const Calls& calls) {
  leave_mounts_alone();
  new_file_system("mounted");
  calls.opens({AT_FDCWD, "mounted", 0}, O_RDWR);
  calls.fails(ENOENT, {AT_FDCWD, "absent", 0}, at(calls.file("absent")));
}

void mount_setattr(const Calls& calls) {
  leave_mounts_alone();
  new_file_system("mounted");
  const mount_attr noexec = {
      .attr_set = MOUNT_ATTR_NOEXEC, .attr_clr = 0, .propagation = 0, .userns_fd = 0};
  calls.returns(0, {AT_FDCWD, "mounted", 0, &noexec, sizeof noexec}, at(calls.file("mounted")));
  calls.fails(ENOENT, {AT_FDCWD, "absent", 0, &noexec, sizeof noexec}, at(calls.file("absent")));
}

void statmount(const Calls& calls) {
  constexpr unsigned kUniqueMount = 0x4000;  // STATX_MNT_ID_UNIQUE
  constexpr std::uint64_t kBasicFields = 1;  // STATMOUNT_SB_BASIC
  MountRequest request;
  calls.fails(ENOENT, {&request, buffer.data(), buffer.size(), 0});
  request.mount = sys::statx(AT_FDCWD, "/", 0, kUniqueMount).stx_mnt_id;
  request.mask = kBasicFields;
  calls.returns(0, {&request, buffer.data(), buffer.size(), 0});
  calls.fails(EINVAL, {&request, buffer.data(), buffer.size(), kBadOption});
}

void listmount(const Calls& calls) {
  MountRequest request;
  calls.succeeds({&request, buffer.data(), 10, 0});
  calls.fails(EINVAL, {&request, buffer.data(), 10, kBadOption});
}

void listns(const Calls& calls) {
  calls.fails(ENOSYS, {buffer.data(), buffer.data(), 1, 0});
  calls.never_succeeds("newer than the kernel");
}

void quotactl(const Calls& calls) {
  calls.returns(0, {QCMD(Q_SYNC, USRQUOTA), nullptr, 0, nullptr}, at_no_path());
  calls.fails(ENOTBLK, {QCMD(Q_GETFMT, USRQUOTA), calls.directory(), 0, buffer.data()},
              at(calls.directory()));
}

void quotactl_fd(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  calls.fails(EINVAL, {file.fd, QCMD(0, USRQUOTA), 0, buffer.data()}, on(file));
  calls.never_succeeds("no file system has quotas");
}

void swapon(const Calls& calls) {
  new_file(calls, "file", "no swap space");
  calls.fails(EINVAL, {"file", 0}, at(calls.file("file")));
  calls.never_succeeds("it would change the memory of the whole machine");
}

void swapoff(const Calls& calls) {
  new_file(calls, "file");
  calls.fails(EINVAL, {"file"}, at(calls.file("file")));
  calls.never_succeeds("it would change the memory of the whole machine");
}

}  // namespace ioworkload::exercise
