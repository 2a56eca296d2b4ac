#include "bpf/kernel_errors.hpp"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "base/unique_fd.hpp"

namespace ior {
namespace {

constexpr ino_t kFirstUserNamespace = 0xeffffffd;  // PROC_USER_INIT_INO, linux/proc_ns.h

bool in_user_namespace() {
  struct stat status {};
  return ::stat("/proc/self/ns/user", &status) == 0 && status.st_ino != kFirstUserNamespace;
}

bool in_seccomp_filter() {
  return ::prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER;
}

// In this mode no program may read the kernel's memory.
bool is_locked_down() {
  std::ifstream file("/sys/kernel/security/lockdown");
  std::string modes;
  std::getline(file, modes);
  return modes.contains("[confidentiality]");
}

constexpr const char* kLockedDown =
    ": the kernel is locked down (confidentiality), so that nothing may read its memory: boot with "
    "lockdown=integrity or less";
constexpr const char* kFiltered =
    ": a seccomp filter, such as a container's, forbids bpf(): run ior on the host, or in a "
    "container that may (docker run --privileged --pid=host)";

std::string why_not_permitted() {
  if (in_user_namespace()) {
    return ": this is a user namespace, whose root is not that of the kernel: run ior as root "
           "outside of it";
  }
  if (in_seccomp_filter()) return kFiltered;
  if (is_locked_down()) return kLockedDown;
  return ": run ior as root (sudo ior ...) and in no user namespace, or give it the capabilities: "
         "setcap cap_bpf,cap_perfmon=ep /path/to/ior";
}

// Empty: it may be anything.
std::string advice_on(int error) {
  switch (error) {
    case EPERM:
    case EACCES:
      return why_not_permitted();
    case ENOSYS:
      return in_seccomp_filter() ? kFiltered
                                 : ": this kernel has no BPF: use one built with "
                                   "CONFIG_BPF_SYSCALL=y";
    case ENOMEM:
      return ": give a smaller -mapSize, or raise the limit of memory (ulimit -v, or memory.max of "
             "the cgroup)";
    case EINVAL:
      return is_locked_down() ? kLockedDown : "";
    default:
      return {};
  }
}

}  // namespace

std::unexpected<Error> fail_bpf(std::string attempt, int error) {
  const std::string advice = advice_on(error);
  if (advice.empty()) return fail_errno(std::move(attempt), error);
  return fail(std::move(attempt) + ": " + std::strerror(error) + advice);
}

std::unexpected<Error> fail_load(const std::string& detail, int error) {
  const bool has_cause = error == EMFILE || error == ENFILE || !advice_on(error).empty();
  return fail_bpf(std::string("the kernel refused ior's probes") +
                      (has_cause ? "" : ", which need Linux 5.19 or later") + detail,
                  error);
}

Result<void> check_open_files(std::size_t count) {
  std::vector<UniqueFd> files;
  for (std::size_t i = 0; i < count; ++i) {
    files.emplace_back(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!files.back())
      return fail_errno("ior has to open " + std::to_string(count) + " files", errno);
  }
  return {};
}

Result<void> check_memory(std::size_t bytes) {
  void* mapped = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) {
    return fail_bpf(
        "no " + std::to_string(bytes >> 20) + " MiB of memory for the rings of all CPUs", errno);
  }
  ::munmap(mapped, bytes);
  return {};
}

}  // namespace ior
