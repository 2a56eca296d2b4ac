// Exercises of family Memory.
#include <cpuid.h>
#include <linux/membarrier.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "calls/child.hpp"
#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr int kBadOption = 9999;
constexpr int kAbsentPid = 0x3fffffff;
constexpr unsigned long kFirstNode = 1;
constexpr int kNodes = 2;  // that a mask has bits for, and one
constexpr std::string_view kNoKeys = "the processor has no protection keys";
const auto* const kUnmapped = reinterpret_cast<const void*>(0x10000);

char* new_pages(std::size_t count, int sharing = MAP_PRIVATE) {
  void* pages =
      ::mmap(nullptr, count * kPageBytes, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw SyscallError("mmap", errno);
  return static_cast<char*>(pages);
}

// Of a call on an address and a length, with what follows them.
void call_on_pages(const Calls& calls, int error, const Argument& third = 0,
                   const Argument& fourth = 0) {
  calls.returns(0, {new_pages(1), kPageBytes, third, fourth});
  calls.fails(error, {kUnmapped, kPageBytes, third, fourth});
}

bool has_protection_keys() {
  constexpr unsigned kEnabledBySystem = 1 << 4;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ecx & kEnabledBySystem) != 0;
}

// A child that has called exit and still has its memory: it is stopped on its way.
pid_t start_dying_child() {
  const pid_t child = start_child([] { ::raise(SIGSTOP); });
  int status = 0;
  ::waitpid(child, &status, WUNTRACED);
  ::ptrace(PTRACE_SEIZE, child, nullptr, PTRACE_O_TRACEEXIT);
  ::kill(child, SIGCONT);
  while (::waitpid(child, &status, 0) == child && status >> 16 != PTRACE_EVENT_EXIT) {
    ::ptrace(PTRACE_CONT, child, nullptr, nullptr);
  }
  return child;
}

}  // namespace

void mmap(const Calls& calls) {
  const OpenFile file = new_file(calls, "file", "text");
  calls.succeeds({nullptr, kPageBytes, PROT_READ, MAP_SHARED, file.fd, 0}, on(file));
  calls.succeeds({nullptr, kPageBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0});
  calls.succeeds({nullptr, kPageBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, file.fd, 0});
  calls.fails(EINVAL, {nullptr, 0, PROT_READ, MAP_SHARED, file.fd, 0}, on(file));
  calls.fails(EBADF, {nullptr, kPageBytes, PROT_READ, MAP_SHARED, kClosedFd, 0}, on_closed_fd());
}

void mprotect(const Calls& calls) {
  call_on_pages(calls, ENOMEM, PROT_READ);
}

void munmap(const Calls& calls) {
  calls.returns(0, {new_pages(1), kPageBytes});
  calls.fails(EINVAL, {1, kPageBytes});
}

void brk(const Calls& calls) {
  calls.succeeds({0});
  calls.never_fails("it returns the break as it is where it cannot move it");
}

void mremap(const Calls& calls) {
  calls.succeeds({new_pages(1), kPageBytes, 2 * kPageBytes, MREMAP_MAYMOVE, 0});
  calls.fails(EFAULT, {kUnmapped, kPageBytes, 2 * kPageBytes, MREMAP_MAYMOVE, 0});
}

void mincore(const Calls& calls) {
  std::array<char, 1> resident{};
  call_on_pages(calls, ENOMEM, resident.data());
}

void madvise(const Calls& calls) {
  call_on_pages(calls, ENOMEM, MADV_SEQUENTIAL);
}

void mlock(const Calls& calls) {
  call_on_pages(calls, ENOMEM);
}

void mlock2(const Calls& calls) {
  call_on_pages(calls, ENOMEM, MLOCK_ONFAULT);
}

void munlock(const Calls& calls) {
  call_on_pages(calls, ENOMEM);
}

void mlockall(const Calls& calls) {
  calls.returns(0, {MCL_FUTURE | MCL_ONFAULT});
  calls.fails(EINVAL, {0});
}

void munlockall(const Calls& calls) {
  calls.returns(0, {});
  calls.never_fails("nothing but being killed keeps it from it");
}

void remap_file_pages(const Calls& calls) {
  const OpenFile file = new_file(calls, "file");
  sys::ftruncate(file.fd, 2 * kPageBytes);
  void* pages = ::mmap(nullptr, 2 * kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd, 0);
  calls.returns(0, {pages, kPageBytes, 0, 1, 0});
  calls.fails(EINVAL, {kUnmapped, kPageBytes, 0, 1, 0});
}

void mbind(const Calls& calls) {
  calls.returns(0, {new_pages(1), kPageBytes, MPOL_BIND, &kFirstNode, kNodes, 0});
  calls.fails(EINVAL, {new_pages(1), kPageBytes, kBadOption, &kFirstNode, kNodes, 0});
}

void set_mempolicy(const Calls& calls) {
  calls.returns(0, {MPOL_DEFAULT, nullptr, 0});
  calls.fails(EINVAL, {kBadOption, nullptr, 0});
}

void get_mempolicy(const Calls& calls) {
  int policy = 0;
  calls.returns(0, {&policy, nullptr, 0, nullptr, 0});
  calls.fails(EINVAL, {&policy, nullptr, 0, nullptr, kBadOption});
}

void set_mempolicy_home_node(const Calls& calls) {
  char* pages = new_pages(1);
  ::syscall(SYS_mbind, pages, kPageBytes, MPOL_BIND, &kFirstNode, kNodes, 0);
  calls.returns(0, {pages, kPageBytes, 0, 0});
  calls.fails(EINVAL, {pages, kPageBytes, 0, kBadOption});
}

void migrate_pages(const Calls& calls) {
  calls.returns(0, {0, kNodes, &kFirstNode, &kFirstNode});
  calls.fails(ESRCH, {kAbsentPid, kNodes, &kFirstNode, &kFirstNode});
}

void move_pages(const Calls& calls) {
  const void* page = new_pages(1);
  int status = 0;
  calls.returns(0, {0, 1, &page, nullptr, &status, 0});
  calls.fails(ESRCH, {kAbsentPid, 1, &page, nullptr, &status, 0});
}

void process_vm_readv(const Calls& calls) {
  std::array<char, 10> text{};
  const iovec part = {text.data(), text.size()};
  calls.returns(10, {own_tid(), &part, 1, &part, 1, 0}, Shown().moving(10));
  calls.fails(ESRCH, {kAbsentPid, &part, 1, &part, 1, 0});
}

void process_vm_writev(const Calls& calls) {
  process_vm_readv(calls);
}

void membarrier(const Calls& calls) {
  calls.succeeds({MEMBARRIER_CMD_QUERY, 0, 0});
  calls.fails(EINVAL, {MEMBARRIER_CMD_QUERY, kBadOption, 0});
}

void pkey_mprotect(const Calls& calls) {
  char* pages = new_pages(1);
  calls.returns(0, {pages, kPageBytes, PROT_READ, -1});
  calls.fails(EINVAL, {pages, kPageBytes, PROT_READ, kBadOption});
}

void pkey_alloc(const Calls& calls) {
  calls.fails(EINVAL, {kBadOption, 0});
  if (!has_protection_keys()) return calls.never_succeeds(kNoKeys);
  calls.succeeds({0, 0});
}

void pkey_free(const Calls& calls) {
  calls.fails(EINVAL, {kBadOption});
  if (!has_protection_keys()) return calls.never_succeeds(kNoKeys);
  calls.returns(0, {::pkey_alloc(0, 0)});
}

void process_madvise(const Calls& calls) {
  const OpenFile process = adopt(::syscall(SYS_pidfd_open, own_tid(), 0), O_RDWR);
  const iovec pages = {new_pages(1), kPageBytes};
  calls.returns(kPageBytes, {process.fd, &pages, 1, MADV_COLD, 0}, on(process));
  calls.fails(EINVAL, {process.fd, &pages, 1, MADV_COLD, kBadOption}, on(process));
}

void process_mrelease(const Calls& calls) {
  const pid_t child = start_dying_child();
  const OpenFile dying = adopt(::syscall(SYS_pidfd_open, child, 0), O_RDWR);
  const OpenFile living = adopt(::syscall(SYS_pidfd_open, own_tid(), 0), O_RDWR);
  calls.returns(0, {dying.fd, 0}, on(dying));
  calls.fails(EINVAL, {living.fd, 0}, on(living));
  ::kill(child, SIGKILL);
}

void map_shadow_stack(const Calls& calls) {
  calls.fails(ENOSYS, {nullptr, kPageBytes, 0});
  calls.never_succeeds("it takes a processor and a kernel with shadow stacks");
}

void mseal(const Calls& calls) {
  call_on_pages(calls, ENOMEM, 0);
}

}  // namespace ioworkload::exercise
