// Exercises of family Misc.
#include <signal.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "calls/child.hpp"
#include "calls/exercise.hpp"
#include "calls/isolate.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kAbsentPid = 0x3fffffff;
constexpr int kBadOption = 9999;
constexpr long kRobustListBytes = 24;
constexpr int kReadBufferBytes = 10;  // syslog's SYSLOG_ACTION_SIZE_BUFFER
constexpr int kFileSystemCount = 3;   // sysfs's
constexpr std::string_view kNeverMade = "no kernel has it";
constexpr std::string_view kRemoved = "removed from the kernel";
constexpr std::string_view kOnly32 = "it is for 32-bit programs";
constexpr std::string_view kNotBuilt = "kernels are built without it";

std::array<char, 4096> buffer;

void handle(int) {}

}  // namespace

void newuname(const Calls& calls) {
  calls.returns(0, {buffer.data()});
  calls.fails(EFAULT, {kBadAddress});
}

void sysinfo(const Calls& calls) {
  calls.returns(0, {buffer.data()});
  calls.fails(EFAULT, {kBadAddress});
}

void syslog(const Calls& calls) {
  calls.succeeds({kReadBufferBytes, nullptr, 0});
  calls.fails(EINVAL, {kBadOption, nullptr, 0});
}

void sysfs(const Calls& calls) {
  calls.succeeds({kFileSystemCount, 0, 0});
  calls.fails(EINVAL, {kBadOption, 0, 0});
}

void modify_ldt(const Calls& calls) {
  calls.returns(0, {0, buffer.data(), buffer.size()});
  calls.returns(static_cast<unsigned>(-ENOSYS), {kBadOption, buffer.data(), buffer.size()});
  calls.never_fails("the kernel cuts its errors to 32 bits, so that they look like numbers");
}

void acct(const Calls& calls) {
  create_file("file", "");
  calls.fails(EISDIR, {calls.directory()}, at(calls.directory()));
  calls.fails(ENOENT, {"absent"}, at(calls.file("absent")));
  leave_accounting_alone();
  const pid_t child = start_child([] {
    if (::syscall(SYS_acct, "file") != 0) throw SyscallError("acct", errno);
  });
  expect_good_end(child);
  calls.note(0, at(calls.file("file")), child);
}

void sethostname(const Calls& calls) {
  leave_host_name_alone();
  calls.returns(0, {"exercise", 8});
  calls.fails(EINVAL, {"exercise", -1});
}

void setdomainname(const Calls& calls) {
  sethostname(calls);
}

void iopl(const Calls& calls) {
  calls.fails(EINVAL, {9});
  calls.never_succeeds(kNotBuilt);
}

void ioperm(const Calls& calls) {
  calls.fails(EINVAL, {1 << 20, 1, 1});
  calls.never_succeeds(kNotBuilt);
}

void sysctl(const Calls& calls) {
  calls.fails(ENOSYS, {buffer.data()});
  calls.never_succeeds(kRemoved);
}

void nfsservctl(const Calls& calls) {
  calls.fails(ENOSYS, {0, buffer.data(), buffer.data()});
  calls.never_succeeds(kRemoved);
}

void getpmsg(const Calls& calls) {
  calls.fails(ENOSYS, {kClosedFd, nullptr, nullptr, nullptr, nullptr});
  calls.never_succeeds(kNeverMade);
}

void putpmsg(const Calls& calls) {
  calls.fails(ENOSYS, {kClosedFd, nullptr, nullptr, 0, 0});
  calls.never_succeeds(kNeverMade);
}

void afs_syscall(const Calls& calls) {
  calls.fails(ENOSYS, {});
  calls.never_succeeds(kNeverMade);
}

void tuxcall(const Calls& calls) {
  calls.fails(ENOSYS, {});
  calls.never_succeeds(kNeverMade);
}

void security(const Calls& calls) {
  calls.fails(ENOSYS, {});
  calls.never_succeeds(kNeverMade);
}

void vserver(const Calls& calls) {
  calls.fails(ENOSYS, {});
  calls.never_succeeds(kNeverMade);
}

void set_thread_area(const Calls& calls) {
  calls.fails(ENOSYS, {buffer.data()});
  calls.never_succeeds(kOnly32);
}

void get_thread_area(const Calls& calls) {
  calls.fails(ENOSYS, {buffer.data()});
  calls.never_succeeds(kOnly32);
}

void set_robust_list(const Calls& calls) {
  calls.fails(EINVAL, {buffer.data(), 1});
  calls.returns(0, {nullptr, kRobustListBytes});
}

void get_robust_list(const Calls& calls) {
  calls.returns(0, {0, &buffer[0], &buffer[8]});
  calls.fails(ESRCH, {kAbsentPid, &buffer[0], &buffer[8]});
}

void getcpu(const Calls& calls) {
  calls.returns(0, {buffer.data(), nullptr, nullptr});
  calls.fails(EFAULT, {kBadAddress, nullptr, nullptr});
}

// The library has registered an area already: it is taken away and given back.
void rseq(const Calls& calls) {
  const char* area = static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset;
  calls.fails(EBUSY, {area, 32, 0, RSEQ_SIG});
  calls.fails(EINVAL, {area, 1, 0, RSEQ_SIG});
  calls.returns(0, {area, 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG});
  calls.returns(0, {area, 32, 0, RSEQ_SIG});
}

void uprobe(const Calls& calls) {
  calls.fails(ENXIO, {});
  calls.never_succeeds("only the kernel's own code in a probed program calls it");
}

void uretprobe(const Calls& calls) {
  ::signal(SIGILL, handle);
  calls.fails(EPERM, {});
  calls.never_succeeds("only the kernel's own code in a probed program calls it");
}

}  // namespace ioworkload::exercise
