// Exercises of family Misc.
#include <linux/rseq.h>
#include <sched.h>
#include <signal.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "calls/child.hpp"
#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "calls/isolate.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kBadOption = 9999;

void without_success(const Calls& calls) {
  calls.fails(ENOSYS, {});
  calls.never_succeeds("the kernel has no such call");
}

}  // namespace

void newuname(const Calls& calls) {
  ::utsname name{};
  calls.returns(0, {&name});
  calls.fails(EFAULT, {kBadAddress});
}

void sysinfo(const Calls& calls) {
  struct ::sysinfo info {};
  calls.returns(0, {&info});
  calls.fails(EFAULT, {kBadAddress});
}

void syslog(const Calls& calls) {
  constexpr int kSizeOfBuffer = 10;
  calls.succeeds({kSizeOfBuffer, nullptr, 0});
  calls.fails(EINVAL, {kBadOption, nullptr, 0});
}

void sysfs(const Calls& calls) {
  constexpr int kIndexOfName = 1, kCount = 3;
  calls.succeeds({kCount});
  calls.succeeds({kIndexOfName, "tmpfs"});
  calls.fails(EINVAL, {kIndexOfName, "absent"});
}

void modify_ldt(const Calls& calls) {
  constexpr int kRead = 0;
  constexpr long kAsUnsigned = 1L << 32;
  std::array<char, 16> entries{};
  calls.returns(0, {kRead, entries.data(), entries.size()});
  calls.returns(kAsUnsigned - ENOSYS, {kBadOption, entries.data(), entries.size()});
  calls.never_fails("the kernel returns its errors as unsigned 32-bit numbers");
}

void sysctl(const Calls& calls) {
  without_success(calls);
}

void acct(const Calls& calls) {
  new_file(calls, "file");
  calls.fails(EISDIR, {calls.directory()}, at(calls.directory()));
  calls.fails(ENOENT, {"absent"}, at(calls.file("absent")));
  if (::unshare(CLONE_NEWPID) != 0) throw SyscallError("unshare", errno);
  const pid_t child = start_child(
      [] { expect(::syscall(SYS_acct, "file") == 0, "acct of an own pid namespace failed"); });
  const std::string end = end_of_child(child);
  expect(end.empty(), "the process with an own pid namespace " + end);
  calls.note(0, at(calls.file("file")), child);
}

void sethostname(const Calls& calls) {
  leave_host_name_alone();
  calls.returns(0, {"name", 4});
  calls.fails(EINVAL, {"name", -1});
}

void setdomainname(const Calls& calls) {
  leave_host_name_alone();
  calls.returns(0, {"name", 4});
  calls.fails(EINVAL, {"name", -1});
}

void iopl(const Calls& calls) {
  without_success(calls);
}

void ioperm(const Calls& calls) {
  without_success(calls);
}

void nfsservctl(const Calls& calls) {
  without_success(calls);
}

void getpmsg(const Calls& calls) {
  without_success(calls);
}

void putpmsg(const Calls& calls) {
  without_success(calls);
}

void afs_syscall(const Calls& calls) {
  without_success(calls);
}

void tuxcall(const Calls& calls) {
  without_success(calls);
}

void security(const Calls& calls) {
  without_success(calls);
}

void set_thread_area(const Calls& calls) {
  without_success(calls);
}

void get_thread_area(const Calls& calls) {
  without_success(calls);
}

void vserver(const Calls& calls) {
  without_success(calls);
}

void set_robust_list(const Calls& calls) {
  void* list = nullptr;
  std::size_t bytes = 0;
  ::syscall(SYS_get_robust_list, 0, &list, &bytes);
  calls.returns(0, {list, bytes});
  calls.fails(EINVAL, {list, bytes + 1});
}

void get_robust_list(const Calls& calls) {
  void* list = nullptr;
  std::size_t bytes = 0;
  calls.returns(0, {0, &list, &bytes});
  calls.fails(ESRCH, {-1, &list, &bytes});
}

void getcpu(const Calls& calls) {
  unsigned cpu = 0, node = 0;
  calls.returns(0, {&cpu, &node, nullptr});
  calls.fails(EFAULT, {kBadAddress, nullptr, nullptr});
}

void rseq(const Calls& calls) {
  const char* area = static_cast<const char*>(__builtin_thread_pointer()) + __rseq_offset;
  constexpr int kBytes = 32;  // that glibc registers
  calls.fails(EBUSY, {area, kBytes, 0, RSEQ_SIG});
  calls.returns(0, {area, kBytes, RSEQ_FLAG_UNREGISTER, RSEQ_SIG});
  calls.returns(0, {area, kBytes, 0, RSEQ_SIG});
}

void uretprobe(const Calls& calls) {
  ::signal(SIGILL, [](int) {});
  calls.fails(EPERM, {});
  calls.never_succeeds("only for the kernel's own trampoline");
}

void uprobe(const Calls& calls) {
  calls.fails(ENXIO, {});
  calls.never_succeeds("only for the kernel's own trampoline");
}

}  // namespace ioworkload::exercise
