#include "sinks/in_flight_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "base/escape.hpp"
#include "sinks/human.hpp"
#include "sinks/record_text.hpp"

namespace ior {
namespace {

constexpr std::size_t kShown = 100;  // a terminal takes no more; a recording and JSON have all

// Tracepoint, thread, age, file.
using Cells = std::array<std::string, 4>;

std::string name_of_call(std::string_view tracepoint) {
  constexpr std::string_view kPrefix = "enter_";
  std::string name;
  append_escaped(name,
                 tracepoint.starts_with(kPrefix) ? tracepoint.substr(kPrefix.size()) : tracepoint);
  return name;
}

std::string thread_of(const CallInFlight& call) {
  std::string thread;
  append_escaped(thread, call.comm);
  return thread + fmt::format(" {}.{}", call.tgid, call.tid);
}

std::string age_of(const CallInFlight& call) {
  const std::string age = human_duration(call.age_ns);
  return call.since_before_start ? "since before the trace, over " + age : "for " + age;
}

std::string file_of(const CallInFlight& call) {
  std::string file;
  if (!call.old_path.empty()) {
    append_escaped(file, call.old_path);
    file += " -> ";
  }
  append_escaped(file, call.path.empty() && call.old_path.empty() ? "-" : call.path);
  return file;
}

}  // namespace

std::string format_in_flight(const Recording& recording) {
  const auto& calls = recording.in_flight;
  if (calls.empty()) return "";
  std::vector<Cells> rows;
  std::array<std::size_t, 4> widths{};
  for (std::size_t i = 0; i < std::min(calls.size(), kShown); ++i) {
    rows.push_back({name_of_call(calls[i].tracepoint), thread_of(calls[i]), age_of(calls[i]),
                    file_of(calls[i])});
    for (std::size_t column = 0; column < widths.size(); ++column) {
      widths[column] = std::max(widths[column], columns_of(rows.back()[column]));
    }
  }
  std::string text = "ior: in flight for over a second, or since before the trace:\n";
  for (const Cells& row : rows) {
    text += "ior: ";
    for (std::size_t column = 0; column < row.size(); ++column) {
      text += "  " + row[column];
      if (column + 1 < row.size()) text.append(widths[column] - columns_of(row[column]), ' ');
    }
    text += '\n';
  }
  if (rows.size() < calls.size()) {
    fmt::format_to(std::back_inserter(text), "ior:   ... and {} more\n",
                   calls.size() - rows.size());
  }
  return text;
}

}  // namespace ior
