#include <array>
#include <ctime>

#include "workload.hpp"

namespace ior::load {
namespace {

constexpr auto kKinds = std::to_array<WorkloadKind>({
    {"rw1", 2'000'000, "reads 1 byte of /dev/zero, writes 1 byte to /dev/null", make_rw1},
    {"pread4k", 1'000'000, "reads 4 KiB of a cached file at changing places", make_pread4k},
    {"openclose", 500'000, "opens and closes a file, 8 components deep", make_openclose},
    {"stat", 500'000, "asks for the attributes of a file, 8 components deep", make_stat},
    {"socket", 400'000, "two threads pass a message to and fro over a socketpair", make_socket},
    {"forkexec", 24'000, "forks, executes a program of 8 calls, waits for it", make_forkexec},
    {"mixed", 300'000, "50 processes, 80 threads, 10,500 files: a bit of everything", make_mixed},
    {"paths", 3'000'000, "creates, closes and removes files, each of another name", make_paths},
    {"counted", 1'000'001, "each of --processes makes exactly --calls calls", make_counted},
});

}  // namespace

std::span<const WorkloadKind> workload_kinds() {
  return kKinds;
}

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace ior::load
