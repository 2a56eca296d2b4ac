#include "report.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

namespace ior::overhead {
namespace {

using Json = nlohmann::ordered_json;

std::string cpu_model() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

// What is measured is not known to more digits.
double rounded(double value) {
  return std::round(value * 1000) / 1000;
}

Json spread_json(const Spread& spread) {
  return {{"median", rounded(spread.median)},
          {"min", rounded(spread.min)},
          {"max", rounded(spread.max)},
          {"mad", rounded(spread.mad)}};
}

Json ratio_json(const std::optional<Ratio>& ratio) {
  if (!ratio) return nullptr;
  return {{"value", rounded(ratio->value)}, {"noise", rounded(ratio->noise)}};
}

Json count_json(const std::optional<std::uint64_t>& count) {
  return count ? Json(*count) : Json();
}

Json figures_json(const Figures& of) {
  return {{"ns_per_call", spread_json(of.ns_per_call)},
          {"added_ns", spread_json(of.added_ns)},
          {"ratio_to_bare", ratio_json(of.to_bare)},
          {"ratio_to_empty", ratio_json(of.to_empty)},
          {"cpu_s_per_million_calls", rounded(of.cpu_s_per_million_calls)},
          {"peak_bytes", count_json(of.peak_bytes)},
          {"calls_made", of.made},
          {"calls_kept", count_json(of.kept)},
          {"calls_lost", count_json(of.lost)}};
}

std::optional<Ratio> ratio_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return Ratio{json.at("value"), json.at("noise")};
}

WorkloadFigures workload_of(const std::string& name, const Json& json) {
  WorkloadFigures figures;
  figures.workload = name;
  for (const auto& [configuration, values] : json.at("configurations").items()) {
    Figures& of = figures.configurations.emplace_back();
    of.configuration = configuration;
    of.to_bare = ratio_of(values.at("ratio_to_bare"));
    of.to_empty = ratio_of(values.at("ratio_to_empty"));
  }
  return figures;
}

}  // namespace

Machine this_machine() {
  utsname system{};
  ::uname(&system);
  const auto memory_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                            static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return {cpu_model(), std::string(system.sysname) + " " + system.release,
          std::thread::hardware_concurrency(), memory_bytes >> 20};
}

std::string to_json(const Report& report) {
  Json json;
  json["machine"] = {{"cpu", report.machine.cpu},
                     {"kernel", report.machine.kernel},
                     {"cores", report.machine.cores},
                     {"memory_mib", report.machine.memory_mib}};
  json["pinning"] = {{"workload_cpu", report.load_cpu}, {"tracer_cpu", report.tracer_cpu}};
  json["rounds"] = report.rounds;
  for (const WorkloadFigures& figures : report.workloads) {
    Json& workload = json["workloads"][figures.workload];
    workload["calls_per_round"] = figures.calls;
    for (const Figures& of : figures.configurations) {
      workload["configurations"][of.configuration] = figures_json(of);
    }
  }
  return json.dump(2) + "\n";
}

Result<Report> from_json(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    Report report;
    const Json& machine = json.at("machine");
    report.machine = {machine.at("cpu"), machine.at("kernel"), machine.at("cores"),
                      machine.at("memory_mib")};
    for (const auto& [name, workload] : json.at("workloads").items()) {
      report.workloads.push_back(workload_of(name, workload));
    }
    return report;
  } catch (const nlohmann::json::exception& error) {
    return fail(fmt::format("not a report of ior_overhead: {}", error.what()));
  }
}

}  // namespace ior::overhead
