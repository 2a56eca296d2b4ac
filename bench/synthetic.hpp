// Ring bytes made by the program itself, the same in every run: what the kernel side would have
// written for a few kinds of load. Names, introductions, process records and sequence numbers are
// as wire.h wants them.
#pragma once

#include <cstddef>
#include <cstdint>

#include <benchmark/benchmark.h>

#include "replay.hpp"

namespace ior::bench {

enum class Mix : std::uint8_t {
  read_heavy,      // threads that open a file, read it in many pieces, close it
  metadata_heavy,  // walks over a large tree: stat, open, short read, close, rename; mostly paths
  fork_heavy,      // many short processes, a dozen calls each
  all_kinds,       // the three by turns, with migrating threads
  migrating,  // read_heavy with threads that change the CPU all the time, so that halves arrive out
              // of order
};

// Two rings with a few more than this number of calls. Made once for each pair of arguments, kept
// until the program ends.
const Replay& synthetic(Mix mix, std::size_t calls);

}  // namespace ior::bench

// One benchmark of `function(state, mix)` for each mix that keeps every thread on its CPU.
#define IOR_BENCHMARK_MIXES(function)                                                              \
  BENCHMARK_CAPTURE(function, read_heavy, Mix::read_heavy)->Unit(benchmark::kMillisecond);         \
  BENCHMARK_CAPTURE(function, metadata_heavy, Mix::metadata_heavy)->Unit(benchmark::kMillisecond); \
  BENCHMARK_CAPTURE(function, fork_heavy, Mix::fork_heavy)->Unit(benchmark::kMillisecond);         \
  BENCHMARK_CAPTURE(function, all_kinds, Mix::all_kinds)->Unit(benchmark::kMillisecond)
