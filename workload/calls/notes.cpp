#include "calls/notes.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "sys.hpp"

namespace ioworkload {

struct Notes::Shared {
  std::size_t bytes;
  char text[(1 << 20) - sizeof(std::size_t)];
};

Notes::Notes() {
  void* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw SyscallError("mmap", errno);
  shared_ = static_cast<Shared*>(memory);
}

Notes::~Notes() {
  ::munmap(shared_, sizeof(Shared));
}

void Notes::add(std::string_view line) {
  if (line.size() >= sizeof(shared_->text) - shared_->bytes) {
    throw std::runtime_error("no room left for notes");
  }
  std::memcpy(shared_->text + shared_->bytes, line.data(), line.size());
  shared_->bytes += line.size();
  shared_->text[shared_->bytes++] = '\n';
}

std::string Notes::text() const {
  return {shared_->text, shared_->bytes};
}

}  // namespace ioworkload
