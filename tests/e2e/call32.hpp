// Calls by the 32-bit table for a traced child of the tests: int 0x80, and memory for what they
// point to.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "catalog/catalog.hpp"

namespace ior::e2e {

// Memory that 32 bits can address.
class Low {
 public:
  Low()
      : start_(static_cast<char*>(::mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0))),
        next_(start_) {}

  char* take(std::size_t size) {
    char* const taken = next_;
    next_ += (size + 15) & ~std::size_t{15};
    return taken;
  }
  long text(const std::string& text) {
    char* const copy = take(text.size() + 1);
    std::memcpy(copy, text.c_str(), text.size() + 1);
    return address_of(copy);
  }
  static long address_of(const void* low) { return reinterpret_cast<long>(low); }

 private:
  static constexpr std::size_t kSize = 1 << 16;
  char* start_;
  char* next_;
};

// The compiler keeps rbp for itself, so the sixth argument is swapped in.
inline long call32_number(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                          long f = 0) {
  long result = number;
  asm volatile(
      "xchgq %%rbp, %[f]\n\t"
      "int $0x80\n\t"
      "xchgq %%rbp, %[f]"
      : "+a"(result), [f] "+&r"(f)
      : "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
      : "memory", "cc", "r8", "r9", "r10", "r11");
  return result;
}

inline long call32(std::string_view name, long a = 0, long b = 0, long c = 0, long d = 0,
                   long e = 0, long f = 0) {
  const auto row = std::ranges::find(rows_of(IOR_TABLE_32), name, &Syscall::abi);
  return call32_number(row->number, a, b, c, d, e, f);
}

}  // namespace ior::e2e
