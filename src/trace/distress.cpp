#include "trace/distress.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <stdexcept>

namespace ior {
namespace {

std::atomic<int> g_exit_status{2};

// Of the first thread that comes here, in one piece. Allocates nothing.
void print(const char* reason, const char* advice) {
  static std::atomic_flag is_printed;
  if (is_printed.test_and_set()) ::pause();
  std::array<char, 512> line{};
  const int length = std::snprintf(line.data(), line.size(), "ior: %s%s\n", reason, advice);
  const auto size = std::min(static_cast<std::size_t>(length), line.size() - 1);
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), size);
}

[[noreturn]] void end() {
  if (!std::current_exception()) std::abort();  // a bug in ior
  try {
    throw;
  } catch (const std::bad_alloc&) {
    print("out of memory",
          ": give a smaller -mapSize, -max-keys or -threads, or raise the limit of memory "
          "(ulimit -v, or memory.max of the cgroup)");
  } catch (const std::runtime_error& error) {  // of a thread, TBB's as well
    print(error.what(),
          ": give fewer -threads, or raise the limits of threads (pids.max of the cgroup, "
          "ulimit -u) and memory (ulimit -v)");
  } catch (...) {
    std::abort();
  }
  ::_exit(g_exit_status);
}

}  // namespace

void say_why_it_ends() {
  std::set_terminate(end);
}

void note_tracing_began() {
  g_exit_status = 1;
}

}  // namespace ior
