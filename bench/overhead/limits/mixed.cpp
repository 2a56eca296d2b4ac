// Where the load takes all cores and ior has to compete with it, little is lost and nothing is
// unexplained.
#include <fmt/format.h>

#include <cmath>

#include "limits/ior_run.hpp"
#include "limits/limits.hpp"
#include "load.hpp"

namespace ior::overhead {
namespace {

constexpr double kSeconds = 30;
constexpr double kLossPercent = 1;

}  // namespace

std::vector<Verdict> run_mixed(const LimitSettings& settings) {
  Load load(settings.load_program,
            {"mixed", "--seconds", fmt::format("{}", kSeconds * settings.scale)}, kAnyCpu);
  IorRun ior(settings.ior, {"-flamegraph", "-threads", "2"}, kAnyCpu);
  const LoadResult made = load.run();
  ior.stop();

  const IorReport report = ior.report();
  const std::string of = fmt::format("mixed, {} calls, {:.2f} M calls/s: ", made.total_calls,
                                     static_cast<double>(made.total_calls) / made.elapsed_s / 1e6);
  const double loss =
      100 * static_cast<double>(total(report.lost)) / static_cast<double>(report.total);
  return {
      equal(of + "unexplained calls", static_cast<std::uint64_t>(std::abs(report.unexplained)), 0),
      at_most(of + "calls lost", loss, kLossPercent, "%")};
}

}  // namespace ior::overhead
