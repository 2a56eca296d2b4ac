// Lines of text that a process leaves to its parent: in memory that both share, so that leaving
// them makes no syscall that a tracer could see among those of an exercise.
// Lifetime: mapped until its owner goes. Thread safety: one writer at a time.
#pragma once

#include <string>
#include <string_view>

namespace ioworkload {

class Notes {
 public:
  Notes();
  ~Notes();
  Notes(const Notes&) = delete;
  Notes& operator=(const Notes&) = delete;

  // Throws std::runtime_error when there is no room left.
  void add(std::string_view line);
  std::string text() const;

 private:
  struct Shared;
  Shared* shared_;
};

}  // namespace ioworkload
