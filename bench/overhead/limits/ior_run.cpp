#include "limits/ior_run.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace ior::overhead {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> with_program(const std::string& program,
                                      std::vector<std::string> options) {
  options.insert(options.begin(), program);
  return options;
}

}  // namespace

IorReport parse_ior_report(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  IorReport report;
  report.total = json.at("calls").at("total");
  report.recorded = json.at("calls").at("recorded");
  report.lost = json.at("losses").at("calls_lost");
  report.unexplained = json.at("losses").at("unexplained");
  for (const auto& row : json.at("syscalls")) {
    report.syscalls[row.at("name")] = {row.at("calls"), row.at("recorded"), row.at("missing")};
  }
  return report;
}

IorRun::IorRun(const std::string& ior, std::vector<std::string> options, int cpu)
    : ior_(ior),
      process_({.command = with_program(ior, std::move(options)),
                .cpu = cpu,
                .directory = directory_.path(),
                .out = out_,
                .err = err_}) {
  process_.wait_for_text(err_, kIorReady, 20s);
}

void IorRun::stop() {
  const auto start = std::chrono::steady_clock::now();
  process_.send_signal(SIGINT);
  ended_ = process_.wait(60s);
  stop_s_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (ended_.exit_code != 0) {
    throw std::runtime_error(
        fmt::format("ior ended with status {}: {}", ended_.exit_code, read_file(err_)));
  }
}

IorReport IorRun::report() const {
  return parse_ior_report(output_of({ior_, "report", "--json", recording()}));
}

Verdict at_most(const std::string& what, double figure, double limit, const std::string& unit) {
  return {figure <= limit, fmt::format("{}: {:.3g} {}, may be {:.3g}", what, figure, unit, limit)};
}

Verdict equal(const std::string& what, std::uint64_t figure, std::uint64_t wanted) {
  return {figure == wanted, figure == wanted
                                ? fmt::format("{}: {}", what, figure)
                                : fmt::format("{}: {}, must be {}", what, figure, wanted)};
}

}  // namespace ior::overhead
