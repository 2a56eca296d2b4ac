#include "tests/e2e/fd_steps/shared.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace fd_steps {
namespace {

Shared* mapped = nullptr;

Shared* map(std::size_t size) {
  void* at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, kSharedFd, 0);
  return at == MAP_FAILED ? nullptr : static_cast<Shared*>(at);
}

}  // namespace

Shared& shared() {
  return *mapped;
}

bool make_shared_mapping(std::size_t log_capacity) {
  const std::size_t size = sizeof(Shared) + log_capacity;
  const int fd = ::memfd_create("fd_steps", 0);
  if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(size)) != 0) return false;
  if (fd != kSharedFd && (::dup2(fd, kSharedFd) < 0 || ::close(fd) != 0)) return false;
  mapped = map(size);
  if (!mapped) return false;
  new (mapped) Shared();
  mapped->log_capacity = log_capacity;
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  return ::pthread_mutex_init(&mapped->turn, &attributes) == 0;
}

bool map_shared() {
  struct stat status {};
  if (::fstat(kSharedFd, &status) != 0) return false;
  mapped = map(static_cast<std::size_t>(status.st_size));
  return mapped != nullptr;
}

Actor* new_actor() {
  const std::uint32_t index = shared().actors_made++;
  return index < kActorsMax ? &shared().actors[index] : nullptr;
}

void fail(std::string_view what) {
  Text line("fd_steps: ");
  line += what;
  line += ": errno ";
  line += errno;
  line += "\n";
  (void)!::write(STDERR_FILENO, line.c_str(), line.view().size());
  shared().failed = true;
  ::_exit(1);
}

void name_image() {
  Text name("g");
  name += static_cast<long>(++shared().images);
  ::prctl(PR_SET_NAME, name.c_str());
}

void append_to_log(const Text& line) {
  const std::size_t size = line.view().size(), at = shared().log_size.fetch_add(size);
  if (at + size > shared().log_capacity) fail("the log is full");
  std::copy_n(line.c_str(), size, shared().log_bytes() + at);
}

}  // namespace fd_steps
