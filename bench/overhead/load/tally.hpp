// Exact counts of the calls that a workload makes. Each is made with syscall(2), so that no library
// adds or leaves out one, and counted where it is made. What is counted here by a name is nowhere
// made uncounted while a workload runs.
// Thread safety: a Tally has one writer.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>

// CALL(name of its tracepoint, its number)
#define IOR_LOAD_CALLS(CALL)       \
  CALL(read, SYS_read)             \
  CALL(write, SYS_write)           \
  CALL(pread64, SYS_pread64)       \
  CALL(pwrite64, SYS_pwrite64)     \
  CALL(lseek, SYS_lseek)           \
  CALL(openat, SYS_openat)         \
  CALL(close, SYS_close)           \
  CALL(dup, SYS_dup)               \
  CALL(pipe2, SYS_pipe2)           \
  CALL(newfstatat, SYS_newfstatat) \
  CALL(access, SYS_access)         \
  CALL(getdents64, SYS_getdents64) \
  CALL(mkdir, SYS_mkdir)           \
  CALL(rmdir, SYS_rmdir)           \
  CALL(rename, SYS_rename)         \
  CALL(unlink, SYS_unlink)         \
  CALL(sendto, SYS_sendto)         \
  CALL(recvfrom, SYS_recvfrom)     \
  CALL(fork, SYS_fork)             \
  CALL(execve, SYS_execve)         \
  CALL(wait4, SYS_wait4)

namespace ior::load {

enum class Call : std::uint8_t {
#define IOR_LOAD_ENUMERATOR(name, number) name,
  IOR_LOAD_CALLS(IOR_LOAD_ENUMERATOR)
#undef IOR_LOAD_ENUMERATOR
};

struct CallKind {
  const char* name;
  long number;
};

inline constexpr auto kCalls = std::to_array<CallKind>({
#define IOR_LOAD_KIND(name, number) {#name, number},
    IOR_LOAD_CALLS(IOR_LOAD_KIND)
#undef IOR_LOAD_KIND
});

inline constexpr std::size_t kCacheLineBytes = 64;

struct alignas(kCacheLineBytes) Tally {
  std::array<std::uint64_t, kCalls.size()> made{};

  std::uint64_t& operator[](Call call) { return made[static_cast<std::size_t>(call)]; }

  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : made) sum += count;
    return sum;
  }

  Tally& operator+=(const Tally& other) {
    for (std::size_t i = 0; i < made.size(); ++i) made[i] += other.made[i];
    return *this;
  }
};

// Makes the call, whatever becomes of it.
template <typename... Arguments>
long make(Tally& tally, Call call, Arguments... arguments) {
  ++tally[call];
  return ::syscall(kCalls[static_cast<std::size_t>(call)].number, arguments...);
}

// Makes a call that must succeed: throws std::system_error.
template <typename... Arguments>
long must(Tally& tally, Call call, Arguments... arguments) {
  const long result = make(tally, call, arguments...);
  if (result < 0) {
    throw std::system_error(errno, std::generic_category(),
                            kCalls[static_cast<std::size_t>(call)].name);
  }
  return result;
}

}  // namespace ior::load
