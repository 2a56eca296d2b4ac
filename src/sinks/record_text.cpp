#include "sinks/record_text.hpp"

#include <fmt/format.h>

#include "model/open_flags.hpp"

namespace ior {

std::string field_text(const Recording& recording, const Record& record, Field field) {
  switch (field) {
    case Field::path:
      return recording.strings[record.path];
    case Field::comm:
      return recording.strings[record.comm];
    case Field::tracepoint:
      return recording.strings[record.tracepoint];
    case Field::pid:
      return fmt::format("{}", recording.processes[record.process].pid);
    case Field::tid:
      return fmt::format("{}", record.tid);
    case Field::flags:
      return flags_text(record.flags);
    case Field::root:
      return recording.strings[record.root];
  }
  return {};
}

std::string flags_text(std::uint32_t flags) {
  return flags == kNoFlags ? std::string() : format_open_flags(flags);
}

}  // namespace ior
