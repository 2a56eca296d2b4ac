// What every benchmark does with its result: holds it against what went in, and reports rates.
#pragma once

#include <cstdint>
#include <string_view>

#include <benchmark/benchmark.h>

#include "base/result.hpp"
#include "replay.hpp"

namespace ior::bench {

// Ends the benchmark with an error, and the program with a non-zero status, unless both are equal.
// False: leave the benchmark's loop.
bool expect_equal(benchmark::State& state, std::string_view what, std::uint64_t got,
                  std::uint64_t wanted);
// Likewise, unless there is no error.
bool expect_success(benchmark::State& state, const Result<void>& done);
bool any_failed();

// `items` and `bytes` are those of one iteration.
void report(benchmark::State& state, std::uint64_t items, std::uint64_t bytes);
// The same, and the rate of call halves, for what works on a replay's calls.
void report(benchmark::State& state, const Replay& replay, std::uint64_t items,
            std::uint64_t bytes);

}  // namespace ior::bench
