// From nothing to probes that trace everything, and back: what a trace costs before its first call.
// Needs root.
#include <benchmark/benchmark.h>

#include <string>

#include "bpf/session.hpp"
#include "check.hpp"

namespace ior::bench {
namespace {

SessionSettings everything() {
  SessionSettings settings;
  settings.selected.fill(true);
  return settings;
}

Result<void> attach(Result<Session>& session) {
  if (!session) return std::unexpected(session.error());
  return session->attach();
}

void startup(benchmark::State& state) {
  for (auto _ : state) {
    auto session = Session::load(everything());
    const auto attached = attach(session);
    state.PauseTiming();
    if (!expect_success(state, attached)) break;
    session->detach();
    session = fail("ended");
    state.ResumeTiming();
  }
}
BENCHMARK(startup)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();

void end(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto session = Session::load(everything());
    const auto attached = attach(session);
    state.ResumeTiming();
    if (!expect_success(state, attached)) break;
    session->detach();
    session = fail("ended");
  }
}
BENCHMARK(end)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
}  // namespace ior::bench
