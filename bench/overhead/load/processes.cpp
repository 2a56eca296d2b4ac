#include "processes.hpp"

#include <sys/mman.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <utility>
#include <vector>

#include "executed_program.h"

namespace ior::load {
namespace {

void count_program(Tally& tally) {
  ++tally[Call::execve];
#define IOR_LOAD_COUNT(name, ...) ++tally[Call::name];
  IOR_EXECUTED_CALLS(IOR_LOAD_COUNT)
#undef IOR_LOAD_COUNT
}

void wait_for(Tally& tally, long pid) {
  int status = 0;
  must(tally, Call::wait4, pid, &status, 0, nullptr);
  if (status != 0) throw std::runtime_error("a process of the workload failed");
}

[[noreturn]] void end_process(int status) {
  ::syscall(SYS_exit_group, status);
  __builtin_unreachable();
}

[[noreturn]] void run_process(std::size_t number, const std::function<void(std::size_t)>& work) {
  try {
    work(number);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ior_load: %s\n", error.what());
    end_process(1);
  }
  end_process(0);
}

}  // namespace

void fork_and_execute(Tally& tally, const std::string& program) {
  char* const arguments[] = {const_cast<char*>(program.c_str()), nullptr};
  const long pid = must(tally, Call::fork);
  if (pid == 0) {
    ::syscall(SYS_execve, program.c_str(), arguments, arguments + 1);
    end_process(1);
  }
  count_program(tally);
  wait_for(tally, pid);
}

std::string path_of_executed_program() {
  return std::filesystem::read_symlink("/proc/self/exe").replace_filename("ior_load_exec");
}

SharedTallies::SharedTallies(std::size_t count) {
  void* memory = ::mmap(nullptr, count * sizeof(Tally), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  tallies_ = {static_cast<Tally*>(memory), count};
}

SharedTallies::~SharedTallies() {
  ::munmap(tallies_.data(), tallies_.size_bytes());
}

Tally SharedTallies::take() {
  Tally sum;
  for (Tally& tally : tallies_) sum += std::exchange(tally, {});
  return sum;
}

void run_processes(Tally& tally, std::size_t count, const std::function<void(std::size_t)>& work) {
  std::vector<long> pids(count);
  for (std::size_t i = 0; i < count; ++i) {
    pids[i] = must(tally, Call::fork);
    if (pids[i] == 0) run_process(i, work);
  }
  for (const long pid : pids) wait_for(tally, pid);
}

}  // namespace ior::load
