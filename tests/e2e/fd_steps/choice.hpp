// The random choices of one step. They come from the actor's script and the step's number alone, so
// a seed makes the same steps whatever else runs.
#pragma once

#include <cstdint>

namespace fd_steps {

// splitmix64, by Sebastiano Vigna.
inline std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

class Choice {
 public:
  Choice(std::uint64_t script, std::uint32_t step) : state_(mix(script ^ mix(step))) {}

  // 0 to limit - 1.
  int below(int limit) {
    state_ = mix(state_);
    return static_cast<int>(state_ % static_cast<std::uint64_t>(limit));
  }
  bool one_in(int count) { return below(count) == 0; }
  int flag(int value) { return one_in(2) ? value : 0; }
  std::uint64_t script() { return state_ = mix(state_); }

 private:
  std::uint64_t state_;
};

}  // namespace fd_steps
