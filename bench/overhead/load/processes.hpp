// The processes of a workload: made with the bare system calls, so that exactly what is counted is
// called.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "tally.hpp"

namespace ior::load {

// Runs the program of the given path, which makes the calls of executed_program.h, and waits for
// its end. Throws where it fails.
void fork_and_execute(Tally& tally, const std::string& program);

// The program that is executed, which lies beside this one.
std::string path_of_executed_program();

// Tallies that are shared with the processes forked later.
// Lifetime: those processes must end before.
class SharedTallies {
 public:
  explicit SharedTallies(std::size_t count);
  ~SharedTallies();
  SharedTallies(const SharedTallies&) = delete;
  SharedTallies& operator=(const SharedTallies&) = delete;

  Tally& operator[](std::size_t i) { return tallies_[i]; }
  // All of them added up, and zeroed.
  Tally take();

 private:
  std::span<Tally> tallies_;
};

// Forks so many processes, each to run `work(its number)`, and waits for them. Throws where one
// fails.
void run_processes(Tally& tally, std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace ior::load
