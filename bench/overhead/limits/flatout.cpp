// One reader core keeps up with one core that makes calls as fast as it can, and nothing is lost:
// of one process, and of all.
#include <fmt/format.h>

#include "limits/ior_run.hpp"
#include "limits/limits.hpp"
#include "load.hpp"

namespace ior::overhead {
namespace {

constexpr double kSeconds = 30;
constexpr double kCpuShare = 50, kPeakMib = 192, kStopS = 0.5;

std::vector<Verdict> run_against(const LimitSettings& settings, const std::string& name, Load& load,
                                 const std::vector<std::string>& whom) {
  std::vector<std::string> options = {"-flamegraph", "-threads", "1"};
  options.insert(options.end(), whom.begin(), whom.end());
  IorRun ior(settings.ior, options, 1);
  const double cpu_s_before = ior.process().cpu_s();
  const LoadResult made = load.run();
  const double cpu_s = ior.process().cpu_s() - cpu_s_before;
  ior.stop();

  const std::string of = fmt::format("flatout, {}, {:.1f} M calls/s: ", name,
                                     static_cast<double>(made.total_calls) / made.elapsed_s / 1e6);
  std::vector<Verdict> verdicts = {equal(of + "calls lost", ior.lost(), 0)};
  const Counts recorded = recorded_calls(settings.ior, ior.recording(), made);
  for (const auto& [call, count] : made.calls) {
    verdicts.push_back(equal(of + "recorded calls of " + call,
                             recorded.contains(call) ? recorded.at(call) : 0, count));
  }
  verdicts.push_back(
      at_most(of + "ior's share of a core", 100 * cpu_s / made.elapsed_s, kCpuShare, "%"));
  verdicts.push_back(at_most(of + "ior's peak RSS",
                             static_cast<double>(ior.peak_rss_bytes()) / (1 << 20), kPeakMib,
                             "MiB"));
  verdicts.push_back(at_most(of + "from SIGINT to the end", ior.stop_s(), kStopS, "s"));
  return verdicts;
}

}  // namespace

std::vector<Verdict> run_flatout(const LimitSettings& settings) {
  Load load(settings.load_program,
            {"rw1", "--seconds", fmt::format("{}", kSeconds * settings.scale)}, 0);
  std::vector<Verdict> verdicts =
      run_against(settings, "-pid", load, {"-pid", std::to_string(load.pid())});
  std::ranges::move(run_against(settings, "every process", load, {}), std::back_inserter(verdicts));
  return verdicts;
}

}  // namespace ior::overhead
