// Memory for a traced child of the tests that is not resident: a probe cannot read it at a call's
// enter. Whatever fails ends the child, which fails the test.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <string>

namespace ior::e2e {

inline constexpr std::size_t kPage = 4096;

// Pages of which nobody has read any, writable, that 32 bits can address, with a text at an offset
// and zeros elsewhere.
inline char* untouched_pages(const std::string& text, std::size_t offset, std::size_t pages) {
  const int fd = ::memfd_create("untouched", 0);
  if (::ftruncate(fd, static_cast<off_t>(pages * kPage)) != 0) ::_exit(7);
  const auto size = static_cast<ssize_t>(text.size());
  if (::pwrite(fd, text.c_str(), text.size(), static_cast<off_t>(offset)) != size) ::_exit(7);
  void* const mapped =
      ::mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_32BIT, fd, 0);
  if (mapped == MAP_FAILED) ::_exit(7);
  ::close(fd);
  return static_cast<char*>(mapped);
}

inline char* untouched(const std::string& text) {
  return untouched_pages(text, 0, 1);
}

}  // namespace ior::e2e
