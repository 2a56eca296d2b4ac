// The exercises: a function for each row of the syscall catalogue, of the row's name. One that is
// missing is an undefined reference when ioworkload is linked. They lie in files by family and
// subject.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "calls/calls.hpp"

namespace ioworkload {

namespace exercise {
#define SYSCALL(number, name, ...) void name(const Calls& calls);
#include "catalog/syscalls.def"
#undef SYSCALL
}  // namespace exercise

struct Exercise {
  std::string_view name;
  std::string_view family;
  long number;
  void (*run)(const Calls& calls);
};

// In the order of the catalogue.
std::vector<Exercise> exercises_of(std::string_view family);
std::vector<std::string> families();

// Runs them one after the other, each in a process and a directory of its own below `directory`,
// and gives what a tracer must show: a JSON object per line. Throws UnexpectedResult after the last
// if any of them failed.
std::string run_exercises(const std::vector<Exercise>& exercises, const std::string& directory);

}  // namespace ioworkload
