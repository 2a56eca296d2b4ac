#include "cli/show.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <vector>

#include "base/escape.hpp"
#include "base/message.hpp"
#include "cli/syscall_list.hpp"
#include "model/ledger.hpp"
#include "sinks/collapsed.hpp"
#include "sinks/json_lines.hpp"
#include "sinks/recording_reader.hpp"
#include "sinks/report.hpp"
#include "sinks/report_json.hpp"

namespace ior {
namespace {

const std::vector<Field> kCollapsedFields = {Field::comm, Field::tracepoint, Field::path};

ReportOptions report_options(const Options& options) {
  ReportOptions report{.weight = options.weight,
                       .rows = options.rows,
                       .escaped = options.escape != Escape::never,
                       .shortened = ::isatty(STDOUT_FILENO) == 1};
  if (!options.fields.empty()) report.fields = options.fields;
  return report;
}

// A figure made of a recording with losses should not pass for the whole.
void warn_of_missing(const Recording& recording) {
  if (const std::uint64_t calls = missing(recording); calls != 0) {
    say(fmt::format("{} calls are missing from this recording: see ior report", calls));
  }
}

Result<void> show_recording(const Options& options) {
  const bool is_exact = options.escape == Escape::never;
  const bool in_ascii = escapes(options.escape, STDOUT_FILENO);
  const auto recording = read_recording(options.file);
  if (!recording) return std::unexpected(recording.error());
  if (options.command == Command::report) {
    if (options.json)
      write_report_json(*recording, std::cout, in_ascii);
    else
      std::cout << format_summary(*recording, {.rows_not_written = {}, .escaped = !is_exact})
                << format_report(*recording, report_options(options));
  } else if (options.command == Command::export_records) {
    write_json_lines(*recording, std::cout, in_ascii);
  } else {
    warn_of_missing(*recording);
    const auto& fields = options.fields.empty() ? kCollapsedFields : options.fields;
    write_collapsed(*recording, fields, options.weight, std::cout, is_exact);
  }
  return {};
}

}  // namespace

Result<void> show(const Options& options, std::string_view version) {
  switch (options.command) {
    case Command::report:
    case Command::collapsed:
    case Command::export_records:
      if (auto shown = show_recording(options); !shown) return shown;
      break;
    case Command::syscalls:
      std::cout << list_syscalls();
      break;
    case Command::version:
      std::cout << "ior " << version << '\n';
      break;
    case Command::help:
    case Command::trace:
      std::cout << options.help;
      break;
  }
  if (!std::cout.flush()) return fail("cannot write to standard output");
  return {};
}

}  // namespace ior
