#include "cli/show.hpp"

#include <iostream>
#include <vector>

#include "cli/syscall_list.hpp"
#include "sinks/collapsed.hpp"
#include "sinks/json_lines.hpp"
#include "sinks/recording_reader.hpp"

namespace ior {
namespace {

const std::vector<Field> kCollapsedFields = {Field::comm, Field::tracepoint, Field::path};

Result<void> show_recording(const Options& options) {
  const auto recording = read_recording(options.file);
  if (!recording) return std::unexpected(recording.error());
  if (options.command == Command::export_records) {
    write_json_lines(*recording, std::cout);
  } else {
    const auto& fields = options.fields.empty() ? kCollapsedFields : options.fields;
    write_collapsed(*recording, fields, options.weight, std::cout);
  }
  return {};
}

}  // namespace

Result<void> show(const Options& options, std::string_view version) {
  switch (options.command) {
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
