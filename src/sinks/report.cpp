#include "sinks/report.hpp"

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "model/ledger.hpp"
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
    sum.bytes_read += record.bytes_read;
    sum.bytes_written += record.bytes_written;
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

// How many calls a line misses, at most: what was lost is known by its syscall only.
class MissedColumn {
 public:
  MissedColumn(const Recording& recording, const ReportOptions& options)
      : recording_(recording),
        all_(missing(recording)),
        tracepoint_(std::ranges::find(options.fields, Field::tracepoint) - options.fields.begin()),
        is_exact_(options.fields == std::vector{Field::tracepoint} &&
                  recording.calls_recorded == seen(recording)) {}

  bool is_shown() const { return all_ != 0; }
  std::string cell(const Cells& key) const {
    const auto at = static_cast<std::size_t>(tracepoint_);
    const std::uint64_t most = at < key.size() ? missing_of(recording_, key[at]) : all_;
    return fmt::format("{}{}", is_exact_ || most == 0 ? "" : "<=", most);
  }

 private:
  static std::uint64_t seen(const Recording& recording) {
    std::uint64_t sum = 0;
    for (const SyscallTotal& total : recording.totals) sum += total.seen;
    return sum;
  }

  const Recording& recording_;
  const std::uint64_t all_;
  const std::ptrdiff_t tracepoint_;
  const bool is_exact_;
};

Cells titles(const ReportOptions& options, const MissedColumn& missed) {
  Cells cells = {"COUNT", "ERRORS", "TOTAL", "AVERAGE", "READ", "WRITTEN"};
  if (missed.is_shown()) cells.insert(cells.begin() + 1, "MISSED");
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

Cells row_of(const Groups::value_type& entry, const ReportOptions& options,
             const MissedColumn& missed) {
  const Record& sum = entry.second;
  Cells cells;
  if (options.weight == Weight::duration_to_prev) cells.push_back(human_duration(sum.gap_ns));
  cells.push_back(fmt::format("{}", sum.count));
  if (missed.is_shown()) cells.push_back(missed.cell(entry.first));
  cells.push_back(fmt::format("{}", sum.errors));
  cells.push_back(human_duration(sum.duration_ns));
  cells.push_back(human_duration(sum.count == 0 ? 0 : sum.duration_ns / sum.count));
  cells.push_back(human_bytes(sum.bytes_read));
  cells.push_back(human_bytes(sum.bytes_written));
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

// Counts under their names, one per line.
struct Line {
  std::string_view name;
  std::string count;
  std::string_view sentence;
};

void append_lines(std::string& out, const std::vector<Line>& lines, std::size_t width) {
  for (const Line& line : lines) {
    fmt::format_to(std::back_inserter(out), "ior:   {:<{}}  {}  {}\n", line.name, width, line.count,
                   line.sentence);
  }
}

std::vector<Line> lines_of(const Recording& recording, bool is_info) {
  std::vector<Line> lines;
  for (const Loss& loss : recording.losses) {
    if ((loss.severity == Severity::info) != is_info) continue;
    lines.push_back({loss.name, fmt::format("{}", loss.count), loss.sentence});
  }
  if (!is_info && !recording.totals.empty()) {
    lines.push_back(
        {"unexplained", fmt::format("{}", unexplained(recording)),
         "calls that the kernel side counted, and that neither arrived nor have a cause"});
  }
  return lines;
}

// Of which syscalls calls are missing.
void append_missing(std::string& out, const Recording& recording) {
  if (missing(recording) == 0) return;
  out += "ior: missing:\n";
  for (const SyscallTotal& total : recording.totals) {
    if (total.calls <= total.seen) continue;
    fmt::format_to(std::back_inserter(out), "ior:   {} of {} calls  {}\n", total.calls - total.seen,
                   total.calls, total.tracepoint);
  }
}

}  // namespace

std::string format_report(const Recording& recording, const ReportOptions& options) {
  if (recording.records.empty()) return "no calls recorded\n";
  const Groups groups = group(recording, options.fields);
  const auto sorted = heaviest_first(groups, options.weight);
  const std::size_t shown =
      options.rows == 0 ? sorted.size() : std::min(sorted.size(), options.rows);
  const MissedColumn missed(recording, options);
  std::vector<Cells> rows = {titles(options, missed)};
  for (std::size_t i = 0; i < shown; ++i) rows.push_back(row_of(*sorted[i], options, missed));
  std::string report = align(rows, options.fields.size());
  if (shown < sorted.size()) {
    report += "... and " + plural(sorted.size() - shown, "more row") + "\n";
  }
  return report;
}

std::string format_summary(const Recording& recording,
                           std::optional<std::uint64_t> rows_not_written) {
  const double duration_s = static_cast<double>(recording.header.duration_ns) / 1e9;
  const double per_s =
      duration_s > 0 ? static_cast<double>(recording.calls_seen) / duration_s : 0.0;
  std::string summary = fmt::format("ior: syscalls seen {}, per second {:.0f}, recorded {}\n",
                                    recording.calls_seen, per_s, recording.calls_recorded);
  summary += fmt::format("ior: lost: {}, {}", plural(total_of(recording, Severity::lost), "call"),
                         plural(total_of(recording, Severity::name), "name"));
  summary += rows_not_written ? ", " + plural(*rows_not_written, "row") + "\n" : "\n";
  auto lost = lines_of(recording, false);
  auto not_lost = lines_of(recording, true);
  if (rows_not_written) {
    lost.push_back({"rows_not_written", fmt::format("{}", *rows_not_written),
                    "rows of calls that were seen, which could not be written"});
  }
  std::size_t width = 0;
  for (const auto* lines : {&lost, &not_lost}) {
    for (const Line& line : *lines) width = std::max(width, line.name.size());
  }
  append_lines(summary, lost, width);
  append_missing(summary, recording);
  summary += "ior: not lost:\n";
  append_lines(summary, not_lost, width);
  return summary;
}

}  // namespace ior
