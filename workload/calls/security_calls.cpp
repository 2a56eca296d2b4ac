// Exercises of family Security.
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "calls/child.hpp"
#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kBadOption = 9999;
constexpr const char* kKeyName = "ioworkload";

void without_success(const Calls& calls) {
  calls.fails(ENOSYS, {});
  calls.never_succeeds("the kernel has no such call");
}

struct Capabilities {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets = {};
};

long new_key() {
  const long key = ::syscall(SYS_add_key, "user", kKeyName, "secret", 6, KEY_SPEC_PROCESS_KEYRING);
  if (key < 0) throw SyscallError("add_key", errno);
  return key;
}

constexpr landlock_ruleset_attr kReadFiles = {.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE};

OpenFile new_ruleset() {
  return adopt(::syscall(SYS_landlock_create_ruleset, &kReadFiles, sizeof kReadFiles, 0), O_RDWR);
}

}  // namespace

void ptrace(const Calls& calls) {
  const pid_t child = start_child([] { ::pause(); });
  calls.returns(0, {PTRACE_SEIZE, child, nullptr, nullptr});
  calls.fails(ESRCH, {PTRACE_CONT, child, nullptr, nullptr});
  ::kill(child, SIGKILL);
  end_of_child(child);
}

void capget(const Calls& calls) {
  Capabilities found;
  calls.returns(0, {&found.header, found.sets.data()});
  calls.fails(EFAULT, {kBadAddress, found.sets.data()});
}

void capset(const Calls& calls) {
  Capabilities none;
  Capabilities all = none;
  for (auto& set : all.sets) set.permitted = set.effective = ~0u;
  calls.returns(0, {&none.header, none.sets.data()});
  calls.fails(EPERM, {&all.header, all.sets.data()});
}

void create_module(const Calls& calls) {
  without_success(calls);
}

void init_module(const Calls& calls) {
  without_success(calls);
}

void delete_module(const Calls& calls) {
  without_success(calls);
}

void get_kernel_syms(const Calls& calls) {
  without_success(calls);
}

void query_module(const Calls& calls) {
  without_success(calls);
}

void finit_module(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", "no module");
  calls.fails(ENOSYS, {file.fd, "", 0}, on(file));
  calls.never_succeeds("it would change the kernel");
}

void kexec_load(const Calls& calls) {
  calls.fails(ENOSYS, {nullptr, 0, nullptr, kBadOption});
  calls.never_succeeds("it would change the kernel");
}

void kexec_file_load(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", "no kernel");
  calls.fails(ENOSYS, {file.fd, -1, 0, nullptr, 0}, on(file));
  calls.never_succeeds("it would change the kernel");
}

void add_key(const Calls& calls) {
  calls.succeeds({"user", kKeyName, "secret", 6, KEY_SPEC_PROCESS_KEYRING});
  calls.fails(ENODEV, {"absent", kKeyName, "secret", 6, KEY_SPEC_PROCESS_KEYRING});
}

void request_key(const Calls& calls) {
  const long key = new_key();
  calls.returns(key, {"user", kKeyName, nullptr, 0});
  calls.fails(ENOKEY, {"user", "absent", nullptr, 0});
}

void keyctl(const Calls& calls) {
  std::array<char, 100> text{};
  calls.returns(6, {KEYCTL_READ, new_key(), text.data(), text.size()});
  calls.fails(EOPNOTSUPP, {kBadOption, 0, 0, 0});
}

void perf_event_open(const Calls& calls) {
  perf_event_attr clock{};
  clock.type = PERF_TYPE_SOFTWARE;
  clock.size = sizeof clock;
  clock.config = PERF_COUNT_SW_CPU_CLOCK;
  calls.opens({&clock, 0, -1, -1, PERF_FLAG_FD_CLOEXEC}, O_RDWR);
  calls.fails(EINVAL, {&clock, 0, -1, -1, kBadOption});
}

void seccomp(const Calls& calls) {
  unsigned action = SECCOMP_RET_ALLOW;
  calls.returns(0, {SECCOMP_GET_ACTION_AVAIL, 0, &action});
  calls.fails(EINVAL, {kBadOption, 0, nullptr});
}

void getrandom(const Calls& calls) {
  std::array<char, 16> bytes{};
  calls.returns(bytes.size(), {bytes.data(), bytes.size(), 0}, Shown().moving(bytes.size()));
  calls.fails(EINVAL, {bytes.data(), bytes.size(), kBadOption});
}

void bpf(const Calls& calls) {
  bpf_attr map{};
  map.map_type = BPF_MAP_TYPE_ARRAY;
  map.key_size = map.value_size = 4;
  map.max_entries = 1;
  calls.succeeds({BPF_MAP_CREATE, &map, sizeof map});
  calls.fails(EINVAL, {kBadOption, &map, sizeof map});
}

void landlock_create_ruleset(const Calls& calls) {
  calls.succeeds({&kReadFiles, sizeof kReadFiles, 0});
  calls.succeeds({nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION});
  calls.fails(EINVAL, {&kReadFiles, 1, 0});
}

void landlock_add_rule(const Calls& calls) {
  const OpenFile ruleset = new_ruleset();
  landlock_path_beneath_attr rule{};
  rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
  rule.parent_fd = open_dir(calls.directory()).fd;
  calls.returns(0, {ruleset.fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0}, on(ruleset));
  calls.fails(EINVAL, {ruleset.fd, kBadOption, &rule, 0}, on(ruleset));
  calls.fails(EBADF, {kClosedFd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0}, on_closed_fd());
}

void landlock_restrict_self(const Calls& calls) {
  const OpenFile ruleset = new_ruleset();
  calls.fails(EINVAL, {ruleset.fd, kBadOption}, on(ruleset));
  calls.returns(0, {ruleset.fd, 0}, on(ruleset));
}

void lsm_get_self_attr(const Calls& calls) {
  std::array<char, 100> attributes{};
  unsigned bytes = attributes.size();
  calls.fails(EINVAL, {0, attributes.data(), &bytes, kBadOption});
  calls.never_succeeds("no security module here has an attribute");
}

void lsm_set_self_attr(const Calls& calls) {
  std::array<char, 100> attributes{};
  calls.fails(EINVAL, {0, attributes.data(), attributes.size(), kBadOption});
  calls.never_succeeds("no security module here has an attribute");
}

void lsm_list_modules(const Calls& calls) {
  std::array<unsigned long, 100> modules{};
  unsigned bytes = sizeof modules;
  calls.succeeds({modules.data(), &bytes, 0});
  calls.fails(EINVAL, {modules.data(), &bytes, 1});
}

}  // namespace ioworkload::exercise
