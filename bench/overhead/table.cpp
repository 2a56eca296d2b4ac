#include "table.hpp"

#include <fmt/format.h>

namespace ior::overhead {
namespace {

std::string ratio_text(const std::optional<Ratio>& ratio) {
  return ratio ? fmt::format("{:.2f} ±{:.2f}", ratio->value, ratio->noise) : "-";
}

std::string mebibytes_text(const std::optional<std::uint64_t>& bytes) {
  return bytes ? fmt::format("{:.0f}", static_cast<double>(*bytes) / (1 << 20)) : "-";
}

// To be 100 % it must be all: two decimals would hide one call of 20,000.
std::string kept_text(const Figures& figures) {
  if (!figures.kept) return "-";
  if (*figures.kept == figures.made) return "all";
  return fmt::format("{:.4f} %",
                     100 * static_cast<double>(*figures.kept) / static_cast<double>(figures.made));
}

std::string count_text(const std::optional<std::uint64_t>& count) {
  return count ? std::to_string(*count) : "-";
}

std::string cpu_text(const Figures& figures) {
  return figures.cpu_s_per_million_calls > 0
             ? fmt::format("{:.2f}", figures.cpu_s_per_million_calls)
             : "-";
}

constexpr const char* kRow =
    "{:<18} {:>9} {:>17} {:>8} {:>9} {:>15} {:>15} {:>8} {:>6} {:>11} {:>7}\n";

}  // namespace

std::string format_table(const WorkloadFigures& figures) {
  std::string text = fmt::format("\n{}: {} calls a round\n", figures.workload, figures.calls);
  text += fmt::format(kRow, "CONFIGURATION", "NS/CALL", "MIN..MAX", "MAD", "ADDED", "X BARE",
                      "X EMPTY", "CPU S/M", "MIB", "KEPT", "LOST");
  for (const Figures& of : figures.configurations) {
    const Spread& ns = of.ns_per_call;
    text += fmt::format(kRow, of.configuration, fmt::format("{:.1f}", ns.median),
                        fmt::format("{:.1f}..{:.1f}", ns.min, ns.max),
                        fmt::format("{:.1f}", ns.mad), fmt::format("{:+.1f}", of.added_ns.median),
                        ratio_text(of.to_bare), ratio_text(of.to_empty), cpu_text(of),
                        mebibytes_text(of.peak_bytes), kept_text(of), count_text(of.lost));
  }
  return text;
}

std::string format_legend(const std::vector<Configuration>& configurations) {
  std::string text =
      "NS/CALL: median of the rounds; ADDED: over the untraced run of the same round, median; X "
      "BARE, X EMPTY: ADDED divided by\nthat of bare and of empty_probes; CPU S/M: the tracer's "
      "own CPU seconds per million calls, to its end; MIB: its peak memory;\nKEPT: the workload's "
      "calls that it has to show; LOST: those that it says it lost.\n";
  for (const Configuration& configuration : configurations) {
    text += fmt::format("  {:<18} {}\n", configuration.name, configuration.about);
  }
  return text;
}

}  // namespace ior::overhead
