// ior is there at once and gone at once, and costs hardly anything where nothing happens.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <string_view>
#include <thread>

#include "limits/ior_run.hpp"
#include "limits/limits.hpp"
#include "statistics.hpp"

namespace ior::overhead {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kRuns = 9;
constexpr double kStartS = 0.3, kStopS = 0.5;
constexpr double kIdleSeconds = 20, kIdlePercent = 0.5;
constexpr std::string_view kKnownPath = "/ior_limits_known_call/";

// Makes a call every millisecond, whose path says how many microseconds after `start` it is made.
std::jthread make_known_calls(Clock::time_point start) {
  return std::jthread([start](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto now = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
      ::access(fmt::format("{}{}", kKnownPath, now.count()).c_str(), F_OK);
      std::this_thread::sleep_for(1ms);
    }
  });
}

// When the first of these was made that ior has shown.
double first_known_call_s(const std::string& rows) {
  const std::size_t at = rows.find(kKnownPath);
  if (at == rows.npos) throw std::runtime_error("ior showed none of the known calls");
  long microseconds = 0;
  const char* digits = rows.data() + at + kKnownPath.size();
  std::from_chars(digits, rows.data() + rows.size(), microseconds);
  return static_cast<double>(microseconds) / 1e6;
}

double measure_start_s(const LimitSettings& settings) {
  const std::jthread calls = make_known_calls(Clock::now());
  IorRun ior(settings.ior, {"-plain", "-path", std::string(kKnownPath)}, kAnyCpu);
  std::this_thread::sleep_for(50ms);
  ior.stop();
  return first_known_call_s(read_file(ior.rows_file()));
}

double measure_stop_s(const LimitSettings& settings) {
  IorRun ior(settings.ior, {"-flamegraph"}, kAnyCpu);
  std::this_thread::sleep_for(50ms);
  ior.stop();
  return ior.stop_s();
}

Verdict judge_idle(const LimitSettings& settings) {
  IorRun ior(settings.ior, {"-flamegraph"}, kAnyCpu);
  std::this_thread::sleep_for(500ms);
  const double seconds = kIdleSeconds * settings.scale;
  const double cpu_s_before = ior.process().cpu_s();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const double cpu_s = ior.process().cpu_s() - cpu_s_before;
  ior.stop();
  const double calls_per_s = static_cast<double>(ior.seen()) / (seconds + 0.5);
  return at_most(fmt::format("startstop: ior's share of a core where the host makes {:.0f} calls/s",
                             calls_per_s),
                 100 * cpu_s / seconds, kIdlePercent, "%");
}

}  // namespace

std::vector<Verdict> run_startstop(const LimitSettings& settings) {
  std::vector<double> starts, stops;
  for (int run = 0; run < kRuns; ++run) {
    starts.push_back(measure_start_s(settings));
    stops.push_back(measure_stop_s(settings));
  }
  return {at_most(fmt::format("startstop: from ior's start to the first call shown, median of {}",
                              kRuns),
                  median_of(starts), kStartS, "s"),
          at_most(fmt::format("startstop: from SIGINT to the end, median of {}", kRuns),
                  median_of(stops), kStopS, "s"),
          judge_idle(settings)};
}

}  // namespace ior::overhead
