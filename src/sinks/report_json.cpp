#include "sinks/report_json.hpp"

#include <absl/container/flat_hash_map.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "model/ledger.hpp"

namespace ior {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kIndent = 2;

Json counts_of(const Recording& recording, Severity severity) {
  Json counts = Json::object();
  for (const Loss& loss : recording.losses) {
    if (loss.severity == severity) counts[loss.name] = loss.count;
  }
  return counts;
}

Json counts_by_cpu(const Recording& recording) {
  Json counts = Json::array();
  for (const CpuLoss& loss : recording.cpu_losses) {
    counts.push_back(
        {{"cpu", loss.cpu}, {"cause", recording.losses[loss.loss].name}, {"count", loss.count}});
  }
  return counts;
}

Json losses_of(const Recording& recording) {
  return {
      {"calls_lost", counts_of(recording, Severity::lost)},
      {"unexplained", unexplained(recording)},
      {"names_lost", counts_of(recording, Severity::name)},
      {"not_lost", counts_of(recording, Severity::info)},
      {"by_cpu", counts_by_cpu(recording)},
  };
}

std::string_view without_prefix(std::string_view tracepoint) {
  constexpr std::string_view kPrefix = "enter_";
  return tracepoint.starts_with(kPrefix) ? tracepoint.substr(kPrefix.size()) : tracepoint;
}

// What the table of records holds, by tracepoint.
absl::flat_hash_map<std::string_view, Record> sums_by_tracepoint(const Recording& recording) {
  absl::flat_hash_map<std::string_view, Record> sums;
  for (const Record& record : recording.records) {
    Record& sum = sums[recording.strings[record.tracepoint]];
    sum.count += record.count;
    sum.errors += record.errors;
    sum.bytes_read += record.bytes_read;
    sum.bytes_written += record.bytes_written;
  }
  return sums;
}

Json syscalls_of(const Recording& recording) {
  const auto sums = sums_by_tracepoint(recording);
  const MissingCalls missing(recording);
  Json rows = Json::array();
  for (const SyscallTotal& total : recording.totals) {
    const auto found = sums.find(total.tracepoint);
    const Record recorded = found == sums.end() ? Record() : found->second;
    rows.push_back({{"name", without_prefix(total.tracepoint)},
                    {"tracepoint", total.tracepoint},
                    {"calls", total.calls},
                    {"errors", total.errors},
                    {"bytes_read", total.bytes_read},
                    {"bytes_written", total.bytes_written},
                    {"seen", total.seen},
                    {"missing", missing.of(total.tracepoint)},
                    {"recorded", recorded.count},
                    {"recorded_errors", recorded.errors},
                    {"recorded_bytes_read", recorded.bytes_read},
                    {"recorded_bytes_written", recorded.bytes_written}});
  }
  return rows;
}

Json in_flight_of(const Recording& recording) {
  Json calls = Json::array();
  for (const CallInFlight& call : recording.in_flight) {
    calls.push_back({{"name", without_prefix(call.tracepoint)},
                     {"tracepoint", call.tracepoint},
                     {"comm", call.comm},
                     {"pid", call.tgid},
                     {"tid", call.tid},
                     {"path", call.path},
                     {"old_path", call.old_path},
                     {"root", call.root},
                     {"age_ns", call.age_ns},
                     {"since_before_start", call.since_before_start}});
  }
  return calls;
}

}  // namespace

void write_report_json(const Recording& recording, std::ostream& out, bool ascii) {
  const Json report = {
      {"duration_ns", recording.header.duration_ns},
      {"calls",
       {{"total", recording.calls_seen},
        {"recorded", recording.calls_recorded},
        {"missing", missing(recording)}}},
      {"losses", losses_of(recording)},
      {"syscalls", syscalls_of(recording)},
      {"in_flight", in_flight_of(recording)},
  };
  // `replace` puts U+FFFD for invalid UTF-8, where the default would throw.
  out << report.dump(kIndent, ' ', ascii, Json::error_handler_t::replace) << '\n';
}

}  // namespace ior
