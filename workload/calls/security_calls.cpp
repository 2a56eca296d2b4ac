// Exercises of family Security.
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "calls/exercise.hpp"
#include "calls/files.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kAbsentPid = 0x3fffffff;
constexpr int kBadOption = 9999;
constexpr std::string_view kRemoved = "removed from the kernel";
constexpr std::string_view kChangesKernel = "it would change the kernel that runs";
constexpr std::string_view kNeedsModule = "it takes a security module with such an attribute";
constexpr int kCurrentAttribute = 100;  // the kernel's LSM_ATTR_CURRENT

std::array<char, 1024> buffer;

landlock_ruleset_attr rules_on_reading() {
  landlock_ruleset_attr rules{};
  rules.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE;
  return rules;
}

OpenFile new_ruleset() {
  const landlock_ruleset_attr rules = rules_on_reading();
  return adopt(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules.handled_access_fs, 0),
               O_RDWR);
}

__user_cap_header_struct capability_header(std::uint32_t version) {
  return {version, 0};
}

}  // namespace

void ptrace(const Calls& calls) {
  calls.fails(ESRCH, {PTRACE_PEEKUSER, kAbsentPid, 0, buffer.data()});
  calls.returns(0, {PTRACE_TRACEME, 0, nullptr, nullptr});
}

void capget(const Calls& calls) {
  __user_cap_header_struct header = capability_header(_LINUX_CAPABILITY_VERSION_3);
  __user_cap_header_struct wrong = capability_header(kBadOption);
  calls.returns(0, {&header, buffer.data()});
  calls.fails(EINVAL, {&wrong, buffer.data()});
}

void capset(const Calls& calls) {
  __user_cap_header_struct header = capability_header(_LINUX_CAPABILITY_VERSION_3);
  __user_cap_header_struct wrong = capability_header(kBadOption);
  const std::array<__user_cap_data_struct, 2> none{};
  std::array<__user_cap_data_struct, 2> all{};
  for (auto& set : all) set.permitted = ~0u;
  calls.returns(0, {&header, none.data()});
  calls.fails(EPERM, {&header, all.data()});
  calls.fails(EINVAL, {&wrong, none.data()});
}

void create_module(const Calls& calls) {
  calls.fails(ENOSYS, {"absent", 0});
  calls.never_succeeds(kRemoved);
}

void get_kernel_syms(const Calls& calls) {
  calls.fails(ENOSYS, {nullptr});
  calls.never_succeeds(kRemoved);
}

void query_module(const Calls& calls) {
  calls.fails(ENOSYS, {"absent", 0, buffer.data(), 0, buffer.data()});
  calls.never_succeeds(kRemoved);
}

void init_module(const Calls& calls) {
  calls.fails(ENOEXEC, {buffer.data(), buffer.size(), ""});
  calls.never_succeeds(kChangesKernel);
}

void finit_module(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  calls.fails(EINVAL, {file.fd, "", kBadOption}, on(file));
  calls.never_succeeds(kChangesKernel);
}

void delete_module(const Calls& calls) {
  calls.fails(ENOENT, {"absent", 0});
  calls.never_succeeds(kChangesKernel);
}

void kexec_load(const Calls& calls) {
  calls.fails(EINVAL, {0, kBadOption, nullptr, kBadOption});
  calls.never_succeeds(kChangesKernel);
}

void kexec_file_load(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  calls.fails(EINVAL, {file.fd, kClosedFd, 0, nullptr, kBadOption << 8}, on(file));
  calls.fails(EBADF, {kClosedFd, kClosedFd, 0, nullptr, 0}, on_closed_fd());
  calls.never_succeeds(kChangesKernel);
}

void add_key(const Calls& calls) {
  calls.succeeds({"user", "exercise", "secret", 6, KEY_SPEC_PROCESS_KEYRING});
  calls.fails(ENODEV, {"absent", "exercise", "secret", 6, KEY_SPEC_PROCESS_KEYRING});
}

void request_key(const Calls& calls) {
  const long key = ::syscall(SYS_add_key, "user", "exercise", "", 1, KEY_SPEC_PROCESS_KEYRING);
  calls.returns(key, {"user", "exercise", nullptr, 0});
  calls.fails(ENOKEY, {"user", "absent", nullptr, 0});
}

void keyctl(const Calls& calls) {
  calls.succeeds({KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1});
  calls.fails(EOPNOTSUPP, {kBadOption, 0, 0});
}

void perf_event_open(const Calls& calls) {
  perf_event_attr clock{};
  clock.size = sizeof clock;
  clock.type = PERF_TYPE_SOFTWARE;
  clock.config = PERF_COUNT_SW_CPU_CLOCK;
  calls.opens({&clock, 0, -1, -1, 0}, O_RDWR);
  calls.fails(EINVAL, {&clock, 0, -1, -1, kBadOption});
}

void seccomp(const Calls& calls) {
  const std::uint32_t action = SECCOMP_RET_ERRNO;
  calls.returns(0, {SECCOMP_GET_ACTION_AVAIL, 0, &action});
  calls.fails(EINVAL, {kBadOption, 0, &action});
}

void getrandom(const Calls& calls) {
  calls.returns(10, {buffer.data(), 10, 0}, Shown().moving(10));
  calls.fails(EINVAL, {buffer.data(), 10, kBadOption});
}

void bpf(const Calls& calls) {
  bpf_attr map{};
  map.map_type = BPF_MAP_TYPE_ARRAY;
  map.key_size = 4;
  map.value_size = 4;
  map.max_entries = 1;
  calls.succeeds({BPF_MAP_CREATE, &map, sizeof map});
  calls.fails(EINVAL, {kBadOption, &map, sizeof map});
}

void landlock_create_ruleset(const Calls& calls) {
  const landlock_ruleset_attr rules = rules_on_reading();
  calls.succeeds({nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION});
  calls.succeeds({&rules, sizeof rules.handled_access_fs, 0});
  calls.fails(EINVAL, {&rules, sizeof rules.handled_access_fs, kBadOption});
}

void landlock_add_rule(const Calls& calls) {
  const OpenFile rules = new_ruleset();
  landlock_path_beneath_attr rule{};
  rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
  rule.parent_fd = open_dir("/").fd;
  calls.returns(0, {rules.fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0}, on(rules));
  calls.fails(EINVAL, {rules.fd, kBadOption, &rule, 0}, on(rules));
  calls.fails(EBADF, {kClosedFd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0}, on_closed_fd());
}

void landlock_restrict_self(const Calls& calls) {
  const OpenFile rules = new_ruleset();
  calls.fails(EINVAL, {rules.fd, 1 << 20}, on(rules));
  calls.returns(0, {rules.fd, 0}, on(rules));
}

void lsm_get_self_attr(const Calls& calls) {
  std::uint32_t bytes = buffer.size();
  calls.fails(EINVAL, {kCurrentAttribute, buffer.data(), &bytes, kBadOption});
  calls.never_succeeds(kNeedsModule);
}

void lsm_set_self_attr(const Calls& calls) {
  calls.fails(EINVAL, {kCurrentAttribute, buffer.data(), buffer.size(), kBadOption});
  calls.never_succeeds(kNeedsModule);
}

void lsm_list_modules(const Calls& calls) {
  std::uint32_t bytes = buffer.size();
  calls.succeeds({buffer.data(), &bytes, 0});
  calls.fails(EINVAL, {buffer.data(), &bytes, kBadOption});
}

}  // namespace ioworkload::exercise
