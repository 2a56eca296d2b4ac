#include "check.hpp"

#include <fmt/format.h>

namespace ior::bench {
namespace {

bool failed = false;

}  // namespace

bool expect_equal(benchmark::State& state, std::string_view what, std::uint64_t got,
                  std::uint64_t wanted) {
  if (got == wanted) return true;
  failed = true;
  state.SkipWithError(fmt::format("{}: {} instead of {}", what, got, wanted).c_str());
  return false;
}

bool expect_success(benchmark::State& state, const Result<void>& done) {
  if (done) return true;
  failed = true;
  state.SkipWithError(done.error().message.c_str());
  return false;
}

bool any_failed() {
  return failed;
}

void report(benchmark::State& state, std::uint64_t items, std::uint64_t bytes) {
  const auto iterations = static_cast<std::uint64_t>(state.iterations());
  state.SetItemsProcessed(static_cast<std::int64_t>(iterations * items));
  state.SetBytesProcessed(static_cast<std::int64_t>(iterations * bytes));
}

void report(benchmark::State& state, const Replay& replay, std::uint64_t items,
            std::uint64_t bytes) {
  report(state, items, bytes);
  const auto halves = static_cast<double>(replay.halves);
  state.counters["halves_per_s"] =
      benchmark::Counter(halves, benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace ior::bench
