#include "sinks/record_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

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

std::vector<Field> with_root(const Recording& recording, std::span<const Field> fields) {
  std::vector<Field> all(fields.begin(), fields.end());
  const auto path = std::ranges::find(all, Field::path);
  const bool has_root = std::ranges::find(all, Field::root) != all.end();
  const bool has_other = std::ranges::any_of(recording.records, [&](const Record& record) {
    return !recording.strings[record.root].empty();
  });
  if (path != all.end() && !has_root && has_other) all.insert(path, Field::root);
  return all;
}

std::string flags_text(std::uint32_t flags) {
  return flags == kNoFlags ? std::string() : format_open_flags(flags);
}

}  // namespace ior
