#include "sinks/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <compare>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

#include "base/escape.hpp"
#include "model/ledger.hpp"
#include "sinks/human.hpp"
#include "sinks/in_flight_text.hpp"
#include "sinks/record_groups.hpp"
#include "sinks/record_text.hpp"

namespace ior {
namespace {

using Cells = std::vector<std::string>;

constexpr std::size_t kPathColumns = 72;

// The number of the field's text; none: the field is a figure.
std::optional<std::uint32_t> string_in(const Record& record, Field field) {
  switch (field) {
    case Field::path:
      return record.path;
    case Field::comm:
      return record.comm;
    case Field::tracepoint:
      return record.tracepoint;
    case Field::root:
      return record.root;
    case Field::pid:
    case Field::tid:
    case Field::flags:
      break;
  }
  return std::nullopt;
}

std::uint32_t figure_in(const Recording& recording, const Record& record, Field field) {
  if (field == Field::pid) return recording.processes[record.process].pid;
  return field == Field::tid ? record.tid : record.flags + 1U;  // no flags come first
}

// Heaviest first; what weighs the same by its fields, a second file behind a first one.
class Order {
 public:
  Order(const Recording& recording, const ReportOptions& options)
      : recording_(recording), options_(options) {}

  bool operator()(const RecordGroup& a, const RecordGroup& b) const {
    const std::uint64_t weight_a = weight_of(a.sums, options_.weight);
    const std::uint64_t weight_b = weight_of(b.sums, options_.weight);
    if (weight_a != weight_b) return weight_a > weight_b;
    for (const Field field : options_.fields) {
      const std::strong_ordering order = compare(a.sums, b.sums, field);
      if (order != std::strong_ordering::equal) return order < 0;
    }
    return a.is_source < b.is_source;
  }

 private:
  std::strong_ordering compare(const Record& a, const Record& b, Field field) const {
    const auto text_a = string_in(a, field), text_b = string_in(b, field);
    if (!text_a) return figure_in(recording_, a, field) <=> figure_in(recording_, b, field);
    if (text_a == text_b) return std::strong_ordering::equal;
    return recording_.strings[*text_a] <=> recording_.strings[*text_b];
  }

  const Recording& recording_;
  const ReportOptions& options_;
};

// How many calls a line misses, at most: what was lost is known by its syscall only.
class MissedColumn {
 public:
  MissedColumn(const Recording& recording, const ReportOptions& options)
      : recording_(recording),
        by_tracepoint_(recording),
        all_(missing(recording)),
        has_tracepoint_(std::ranges::find(options.fields, Field::tracepoint) !=
                        options.fields.end()),
        is_exact_(options.fields == std::vector{Field::tracepoint} &&
                  recording.calls_recorded == seen(recording)) {}

  bool is_shown() const { return all_ != 0; }
  std::string cell(const Record& sums) const {
    const std::uint64_t most =
        has_tracepoint_ ? by_tracepoint_.of(recording_.strings[sums.tracepoint]) : all_;
    return fmt::format("{}{}", is_exact_ || most == 0 ? "" : "<=", most);
  }

 private:
  static std::uint64_t seen(const Recording& recording) {
    std::uint64_t sum = 0;
    for (const SyscallTotal& total : recording.totals) sum += total.seen;
    return sum;
  }

  const Recording& recording_;
  const MissingCalls by_tracepoint_;
  const std::uint64_t all_;
  const bool has_tracepoint_;
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

// "?": nothing is known; ">=": of some calls nothing is; "<=": of some calls an upper bound is;
// "~": both.
std::string unless_unknown(const Record& sums, std::string_view sign, std::string figure) {
  if (sums.unmeasured != 0 && sums.unmeasured == sums.count) return "?";
  return sign.empty() ? figure : fmt::format("{}{}", sign, figure);
}

std::string_view sign_of_errors(const Record& sums) {
  return sums.unmeasured != 0 ? ">=" : "";
}
std::string_view sign_of_average(const Record& sums) {
  return sums.at_most != 0 ? "<=" : "";
}
std::string_view sign_of_total(const Record& sums) {
  if (sums.unmeasured == 0) return sign_of_average(sums);
  return sums.at_most != 0 ? "~" : ">=";
}

std::string bytes_cell(std::uint64_t bytes, std::uint64_t unknown) {
  if (unknown == 0) return human_bytes(bytes);
  return bytes == 0 ? "?" : ">=" + human_bytes(bytes);
}

std::string field_cell(const Recording& recording, const RecordGroup& group, Field field,
                       const ReportOptions& options) {
  const std::string text = field_text(recording, group.sums, field);
  if (text.empty()) return "-";
  const std::string cell = options.escaped ? escaped(text) : text;
  if (field != Field::path) return cell;
  const std::string path = options.shortened ? shorten_path(cell, kPathColumns) : cell;
  return path + (group.is_source ? " (as source)" : "");
}

void append_figures(Cells& cells, const RecordGroup& group) {
  const Record& sums = group.sums;
  const std::uint64_t measured = sums.count - sums.unmeasured;
  const std::uint64_t average = measured == 0 ? 0 : sums.duration_ns / measured;
  cells.push_back(unless_unknown(sums, sign_of_errors(sums), fmt::format("{}", sums.errors)));
  cells.push_back(unless_unknown(sums, sign_of_total(sums), human_duration(sums.duration_ns)));
  cells.push_back(unless_unknown(sums, sign_of_average(sums), human_duration(average)));
  cells.push_back(bytes_cell(sums.bytes_read, group.read_unknown));
  cells.push_back(bytes_cell(sums.bytes_written, group.written_unknown));
}

// Of the calls' second file: the calls count in the first one's line.
void append_figures_of_source(Cells& cells, const RecordGroup& group) {
  cells.insert(cells.end(), {"-", "-", "-"});
  cells.push_back(bytes_cell(group.sums.bytes_read, group.read_unknown));
  cells.push_back("-");
}

Cells row_of(const Recording& recording, const RecordGroup& group, const ReportOptions& options,
             const MissedColumn& missed) {
  const Record& sums = group.sums;
  const bool is_source = group.is_source;
  Cells cells;
  if (options.weight == Weight::duration_to_prev) {
    cells.push_back(is_source ? "-" : human_duration(sums.gap_ns));
  }
  cells.push_back(fmt::format(fmt::runtime(is_source ? "({})" : "{}"), sums.count));
  if (missed.is_shown()) cells.push_back(is_source ? "-" : missed.cell(sums));
  if (is_source)
    append_figures_of_source(cells, group);
  else
    append_figures(cells, group);
  for (const Field field : options.fields) {
    cells.push_back(field_cell(recording, group, field, options));
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
  std::string name;
  std::string count;
  std::string sentence;
};

void append_lines(std::string& out, const std::vector<Line>& lines, std::size_t width) {
  for (const Line& line : lines) {
    fmt::format_to(std::back_inserter(out), "ior:   {:<{}}  {}  {}\n", line.name, width, line.count,
                   line.sentence);
  }
}

std::vector<Line> lines_of(const Recording& recording, bool is_info, bool is_escaped) {
  const auto shown = [is_escaped](const std::string& text) {
    return is_escaped ? escaped(text) : text;
  };
  std::vector<Line> lines;
  for (const Loss& loss : recording.losses) {
    if ((loss.severity == Severity::info) != is_info) continue;
    lines.push_back({shown(loss.name), fmt::format("{}", loss.count), shown(loss.sentence)});
  }
  if (!is_info && !recording.totals.empty()) {
    lines.push_back(
        {"unexplained", fmt::format("{}", unexplained(recording)),
         "calls that the kernel side counted, and that neither arrived nor have a cause"});
  }
  return lines;
}

// Of which syscalls calls are missing.
void append_missing(std::string& out, const Recording& recording, bool is_escaped) {
  if (missing(recording) == 0) return;
  out += "ior: missing:\n";
  for (const SyscallTotal& total : recording.totals) {
    if (total.calls <= total.seen) continue;
    fmt::format_to(std::back_inserter(out), "ior:   {} of {} calls  {}\n", total.calls - total.seen,
                   total.calls, is_escaped ? escaped(total.tracepoint) : total.tracepoint);
  }
}

}  // namespace

std::string format_report(const Recording& recording, const ReportOptions& given) {
  if (recording.records.empty()) return "no calls recorded\n";
  ReportOptions options = given;
  options.fields = with_root(recording, given.fields);
  std::vector<RecordGroup> groups = group_records(recording, options.fields);
  const std::size_t shown =
      options.rows == 0 ? groups.size() : std::min(groups.size(), options.rows);
  std::ranges::partial_sort(groups, groups.begin() + static_cast<std::ptrdiff_t>(shown),
                            Order(recording, options));
  const auto has_own_root = [&](const RecordGroup& group) {
    return recording.strings[group.sums.root].empty();
  };
  if (std::ranges::all_of(std::span(groups).first(shown), has_own_root)) {
    options.fields = given.fields;
  }
  const MissedColumn missed(recording, options);
  std::vector<Cells> rows = {titles(options, missed)};
  for (const RecordGroup& group : std::span(groups).first(shown)) {
    rows.push_back(row_of(recording, group, options, missed));
  }
  std::string report = align(rows, options.fields.size());
  if (shown < groups.size()) {
    report += "... and " + plural(groups.size() - shown, "more row") + "\n";
  }
  return report;
}

std::string format_summary(const Recording& recording, const SummaryOptions& options) {
  const double duration_s = static_cast<double>(recording.header.duration_ns) / 1e9;
  const double per_s =
      duration_s > 0 ? static_cast<double>(recording.calls_seen) / duration_s : 0.0;
  std::string summary = fmt::format("ior: syscalls seen {}, per second {:.0f}, recorded {}\n",
                                    recording.calls_seen, per_s, recording.calls_recorded);
  summary += fmt::format("ior: lost: {}, {}", plural(total_of(recording, Severity::lost), "call"),
                         plural(total_of(recording, Severity::name), "name"));
  const auto& rows = options.rows_not_written;
  summary += rows ? ", " + plural(*rows, "row") + "\n" : "\n";
  auto lost = lines_of(recording, false, options.escaped);
  auto not_lost = lines_of(recording, true, options.escaped);
  if (rows) {
    lost.push_back({"rows_not_written", fmt::format("{}", *rows),
                    "rows of calls that were seen, which could not be written"});
  }
  std::size_t width = 0;
  for (const auto* lines : {&lost, &not_lost}) {
    for (const Line& line : *lines) width = std::max(width, line.name.size());
  }
  append_lines(summary, lost, width);
  append_missing(summary, recording, options.escaped);
  summary += "ior: not lost:\n";
  append_lines(summary, not_lost, width);
  summary += format_in_flight(recording);
  return summary;
}

}  // namespace ior
