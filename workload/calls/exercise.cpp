#include "calls/exercise.hpp"

#include <malloc.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "calls/child.hpp"
#include "calls/notes.hpp"
#include "sys.hpp"

namespace ioworkload {
namespace {

constexpr Exercise kExercises[] = {
#define SYSCALL(number, name, abi, shape, family, ...) {#name, #family, number, exercise::name},
#include "catalog/syscalls.def"
#undef SYSCALL
};

constexpr int kSpareHeapBytes = 8 << 20;

// An exercise's own allocations must not make the calls of others.
void keep_spare_heap() {
  ::mallopt(M_TRIM_THRESHOLD, 2 * kSpareHeapBytes);
  ::mallopt(M_MMAP_THRESHOLD, 2 * kSpareHeapBytes);
  std::free(std::malloc(kSpareHeapBytes));
}

// In a process of its own; without a word of any call where the kernel has none of that kind.
void run_alone(const Exercise& exercise, const Calls& calls) {
  try {
    exercise.run(calls);
  } catch (const MissingSyscall&) {
    calls.not_exercised("the kernel does not have it");
  }
}

bool run_exercise(const Exercise& exercise, const std::string& parent, Notes& notes) {
  const std::string directory = parent + "/" + std::string(exercise.name);
  sys::mkdir(directory);
  sys::chdir(directory);
  const Calls calls(std::string(exercise.name), exercise.number, directory, notes);
  const std::string end = end_of_child(start_child([&] { run_alone(exercise, calls); }));
  if (!end.empty()) std::cerr << "ioworkload: exercise " << exercise.name << ' ' << end << '\n';
  return end.empty();
}

}  // namespace

std::vector<Exercise> exercises_of(std::string_view family) {
  std::vector<Exercise> found;
  for (const Exercise& exercise : kExercises) {
    if (exercise.family == family) found.push_back(exercise);
  }
  return found;
}

std::vector<std::string> families() {
  return {
#define FAMILY(name, description) #name,
#define KIND(identifier, name)
#include "catalog/families.def"
#undef KIND
#undef FAMILY
  };
}

std::string run_exercises(const std::vector<Exercise>& exercises, const std::string& directory) {
  const std::string before = std::filesystem::current_path();
  const std::string parent = std::filesystem::canonical(directory);
  keep_spare_heap();
  std::string lines;
  bool all_done = true;
  for (const Exercise& exercise : exercises) {
    Notes notes;
    all_done &= run_exercise(exercise, parent, notes);
    lines += notes.text();
  }
  sys::chdir(before);
  expect(all_done, "not every exercise did what it says");
  return lines;
}

}  // namespace ioworkload
