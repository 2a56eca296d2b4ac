// Prints docs/SYSCALLS.md, made from the catalogue.
#include <iostream>

#include "cli/syscall_list.hpp"

int main() {
  std::cout << ior::syscalls_markdown() << std::flush;
  return std::cout ? 0 : 1;
}
