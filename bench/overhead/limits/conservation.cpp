// Where ior cannot keep up, because its rings are tiny, because it is stopped for a while, or
// because another tracer takes its time, each call that is not recorded is lost under one cause.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

#include "limits/identity.hpp"
#include "limits/limits.hpp"
#include "load.hpp"
#include "probes.hpp"

namespace ior::overhead {
namespace {

using namespace std::chrono_literals;

constexpr double kCallsPerProcess = 1'000'001;
constexpr const char* kProcesses = "20";
constexpr const char* kRingBytes = "65536";
// Those of `counted`, without the making of its processes.
constexpr const char* kCalls[] = {"read", "write", "newfstatat"};

LoadResult only_traced(const LoadResult& made) {
  LoadResult traced = made;
  std::erase_if(traced.calls, [](const auto& call) {
    return std::ranges::find(kCalls, call.first) == std::end(kCalls);
  });
  traced.total_calls = total(traced.calls);
  return traced;
}

std::vector<Verdict> run_once(const LimitSettings& settings, const std::string& name,
                              const std::function<void(const IorRun&)>& meanwhile) {
  const auto calls = static_cast<std::uint64_t>(kCallsPerProcess * settings.scale);
  Load load(settings.load_program,
            {"counted", "--processes", kProcesses, "--calls", std::to_string(calls)}, kAnyCpu);
  IorRun ior(settings.ior,
             {"-flamegraph", "-f", "-pid", std::to_string(load.pid()), "-mapSize", kRingBytes,
              "-trace-syscalls", fmt::format("{}", fmt::join(kCalls, ","))},
             kAnyCpu);
  load.start();
  meanwhile(ior);
  const LoadResult made = load.finish();
  ior.stop();
  return judge_identity("conservation, " + name, ior.report(), only_traced(made));
}

void stop_in_the_middle(const IorRun& ior) {
  std::this_thread::sleep_for(500ms);
  ior.process().send_signal(SIGSTOP);
  std::this_thread::sleep_for(5s);
  ior.process().send_signal(SIGCONT);
}

}  // namespace

std::vector<Verdict> run_conservation(const LimitSettings& settings) {
  std::vector<Verdict> verdicts = run_once(settings, "tiny rings", [](const IorRun&) {});
  const auto add = [&verdicts](std::vector<Verdict> more) {
    std::ranges::move(more, std::back_inserter(verdicts));
  };
  add(run_once(settings, "stopped for 5 s", stop_in_the_middle));
  BareTracer second(kAnyCpu);
  add(run_once(settings, "beside a second tracer", [](const IorRun&) {}));
  second.stop();
  return verdicts;
}

}  // namespace ior::overhead
