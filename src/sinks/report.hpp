// What people read of a trace: the table of what was seen, and the summary with every loss. Pure
// functions, usable from any thread. Both take recordings that check_recording took.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/fields.hpp"
#include "model/recording.hpp"

namespace ior {

struct ReportOptions {
  std::vector<Field> fields = {Field::tracepoint, Field::path};
  Weight weight = Weight::count;
  std::size_t rows = 40;   // at most; 0: all
  bool escaped = true;     // as base/escape.hpp has it
  bool shortened = false;  // long paths lose components from their middle, for a terminal's lines
};

struct SummaryOptions {
  std::optional<std::uint64_t> rows_not_written;  // none: there were to be no rows
  bool escaped = true;
};

// The records grouped by the fields, heaviest first: count, errors, total and average latency,
// bytes read and written, the fields; where calls are missing, also how many a line misses at most.
// Where calls have two files and the path is shown, the second one has a line of its own, with the
// bytes that were read from it, marked "(as source)"; the count of such a line stands in brackets,
// because the calls are counted already. What is not known is "?". Paths of different roots have
// lines, and a column for these, of their own.
// The last line says how many rows are not shown.
std::string format_report(const Recording& recording, const ReportOptions& options = {});

// "ior: syscalls seen N, per second R, recorded M", then every loss by cause, zero or not, what is
// left unexplained, and of which syscalls calls are missing. Each line begins with "ior:".
std::string format_summary(const Recording& recording, const SummaryOptions& options = {});

}  // namespace ior
