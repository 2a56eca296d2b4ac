// A million files make ior's tables full, and neither its memory nor an error.
#include <fmt/format.h>

#include "limits/identity.hpp"
#include "limits/limits.hpp"
#include "load.hpp"

namespace ior::overhead {
namespace {

constexpr double kPaths = 1'000'000;
constexpr double kCallsPerPath = 3;
constexpr double kPeakMib = 400;

}  // namespace

std::vector<Verdict> run_paths(const LimitSettings& settings) {
  const auto calls = static_cast<std::uint64_t>(kPaths * kCallsPerPath * settings.scale);
  Load load(settings.load_program, {"paths", "--calls", std::to_string(calls)}, 0);
  IorRun ior(settings.ior, {"-flamegraph", "-pid", std::to_string(load.pid())}, 1);
  const LoadResult made = load.run();
  ior.stop();

  std::vector<Verdict> verdicts = judge_identity("paths", ior.report(), made);
  verdicts.push_back(at_most("paths: ior's peak RSS",
                             static_cast<double>(ior.peak_rss_bytes()) / (1 << 20), kPeakMib,
                             "MiB"));
  return verdicts;
}

}  // namespace ior::overhead
