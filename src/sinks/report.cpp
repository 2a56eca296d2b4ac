#include "sinks/report.hpp"

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "sinks/human.hpp"
#include "sinks/record_text.hpp"

namespace ior {
namespace {

using Cells = std::vector<std::string>;
// The sums of a group, in the members of a Record that can be added up.
using Groups = absl::flat_hash_map<Cells, Record>;

constexpr std::size_t kPathColumns = 72;

Groups group(const Recording& recording, const std::vector<Field>& fields) {
  Groups groups;
  Cells key(fields.size());
  for (const Record& record : recording.records) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      key[i] = field_text(recording, record, fields[i]);
    }
    Record& sum = groups[key];
    sum.count += record.count;
    sum.errors += record.errors;
    sum.duration_ns += record.duration_ns;
    sum.gap_ns += record.gap_ns;
    sum.bytes += record.bytes;
  }
  return groups;
}

std::vector<const Groups::value_type*> heaviest_first(const Groups& groups, Weight weight) {
  std::vector<const Groups::value_type*> sorted;
  sorted.reserve(groups.size());
  for (const auto& entry : groups) sorted.push_back(&entry);
  std::ranges::sort(sorted, [weight](const auto* a, const auto* b) {
    const std::uint64_t weight_a = weight_of(a->second, weight);
    const std::uint64_t weight_b = weight_of(b->second, weight);
    return weight_a != weight_b ? weight_a > weight_b : a->first < b->first;
  });
  return sorted;
}

Cells titles(const ReportOptions& options) {
  Cells cells = {"COUNT", "ERRORS", "TOTAL", "AVERAGE", "BYTES"};
  if (options.weight == Weight::duration_to_prev) cells.insert(cells.begin(), "GAP");
  for (const Field field : options.fields) {
    std::string title(name_of(field));
    std::ranges::transform(title, title.begin(), [](unsigned char c) { return std::toupper(c); });
    cells.push_back(std::move(title));
  }
  return cells;
}

std::string field_cell(Field field, std::string_view text) {
  if (text.empty()) return "-";
  std::string cell;
  append_escaped(cell, text);
  return field == Field::path ? shorten_path(cell, kPathColumns) : cell;
}

Cells row_of(const Groups::value_type& entry, const ReportOptions& options) {
  const Record& sum = entry.second;
  Cells cells;
  if (options.weight == Weight::duration_to_prev) cells.push_back(human_duration(sum.gap_ns));
  cells.push_back(fmt::format("{}", sum.count));
  cells.push_back(fmt::format("{}", sum.errors));
  cells.push_back(human_duration(sum.duration_ns));
  cells.push_back(human_duration(sum.count == 0 ? 0 : sum.duration_ns / sum.count));
  cells.push_back(human_bytes(sum.bytes));
  for (std::size_t i = 0; i < options.fields.size(); ++i) {
    cells.push_back(field_cell(options.fields[i], entry.first[i]));
  }
  return cells;
}

// Figures to the right, the `texts` last columns to the left; no blanks at a line's end.
std::string align(const std::vector<Cells>& rows, std::size_t texts) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Cells& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], columns_of(row[i]));
    }
  }
  std::string table;
  for (const Cells& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - columns_of(row[i]), ' ');
      const bool is_last = i + 1 == row.size();
      const bool is_text = i + texts >= row.size();
      table += is_text ? row[i] + (is_last ? "" : blanks) : blanks + row[i];
      table += is_last ? "\n" : "  ";
    }
  }
  return table;
}

std::string plural(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::uint64_t total_of(const Recording& recording, Severity severity) {
  std::uint64_t total = 0;
  for (const Loss& loss : recording.losses) {
    if (loss.severity == severity) total += loss.count;
  }
  return total;
}

std::size_t name_width(const Recording& recording) {
  std::size_t width = 0;
  for (const Loss& loss : recording.losses) width = std::max(width, loss.name.size());
  return width;
}

void append_losses(std::string& out, const Recording& recording, bool is_info) {
  const std::size_t width = name_width(recording);
  for (const Loss& loss : recording.losses) {
    if ((loss.severity == Severity::info) != is_info) continue;
    fmt::format_to(std::back_inserter(out), "ior:   {:<{}}  {}  {}\n", loss.name, width, loss.count,
                   loss.sentence);
  }
}

}  // namespace

std::string format_report(const Recording& recording, const ReportOptions& options) {
  if (recording.records.empty()) return "no calls recorded\n";
  const Groups groups = group(recording, options.fields);
  const auto sorted = heaviest_first(groups, options.weight);
  const std::size_t shown =
      options.rows == 0 ? sorted.size() : std::min(sorted.size(), options.rows);
  std::vector<Cells> rows = {titles(options)};
  for (std::size_t i = 0; i < shown; ++i) rows.push_back(row_of(*sorted[i], options));
  std::string report = align(rows, options.fields.size());
  if (shown < sorted.size()) {
    report += "... and " + plural(sorted.size() - shown, "more row") + "\n";
  }
  return report;
}

std::string format_summary(const Recording& recording) {
  const double duration_s = static_cast<double>(recording.header.duration_ns) / 1e9;
  const double per_s =
      duration_s > 0 ? static_cast<double>(recording.calls_seen) / duration_s : 0.0;
  std::string summary = fmt::format("ior: syscalls seen {}, per second {:.0f}, recorded {}\n",
                                    recording.calls_seen, per_s, recording.calls_recorded);
  summary += fmt::format("ior: lost: {}, {}\n", plural(total_of(recording, Severity::lost), "call"),
                         plural(total_of(recording, Severity::name), "name"));
  append_losses(summary, recording, false);
  summary += "ior: not lost:\n";
  append_losses(summary, recording, true);
  return summary;
}

}  // namespace ior
