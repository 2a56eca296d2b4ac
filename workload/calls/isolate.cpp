#include "calls/isolate.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "sys.hpp"

namespace ioworkload {
namespace {

constexpr uid_t kNobody = 65534;

void check(const char* call, int result) {
  if (result != 0) throw SyscallError(call, errno);
}

}  // namespace

void leave_mounts_alone() {
  check("unshare", ::unshare(CLONE_NEWNS));
  check("mount", ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
}

void leave_ipc_alone() {
  check("unshare", ::unshare(CLONE_NEWIPC));
}

void leave_host_name_alone() {
  check("unshare", ::unshare(CLONE_NEWUTS));
}

void leave_accounting_alone() {
  check("unshare", ::unshare(CLONE_NEWPID));
}

void new_file_system(const std::string& directory) {
  sys::mkdir(directory);
  check("mount", ::mount("tmpfs", directory.c_str(), "tmpfs", 0, nullptr));
}

void allow_no_processes() {
  const rlimit none = {0, 0};
  check("setrlimit", ::setrlimit(RLIMIT_NPROC, &none));
  become_nobody();
}

void allow_no_fds() {
  const rlimit none = {0, 0};
  check("setrlimit", ::setrlimit(RLIMIT_NOFILE, &none));
}

void become_nobody() {
  check("setresuid", ::setresuid(kNobody, kNobody, kNobody));
}

}  // namespace ioworkload
