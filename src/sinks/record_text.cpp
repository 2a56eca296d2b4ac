#include "sinks/record_text.hpp"

#include <fmt/format.h>

#include <iterator>

#include "model/open_flags.hpp"

namespace ior {
namespace {

// How many bytes at the front of `text`, which is not empty, are a control character or a line
// separator: of ASCII, U+0080 to U+009F, U+2028 and U+2029.
std::size_t control_bytes(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text.front());
  if (byte < 0x20 || byte == 0x7f) return 1;
  if (byte == 0xc2 && text.size() > 1) {
    const auto second = static_cast<unsigned char>(text[1]);
    return second >= 0x80 && second < 0xa0 ? 2 : 0;
  }
  return text.starts_with("\u2028") || text.starts_with("\u2029") ? 3 : 0;
}

}  // namespace

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

void append_escaped(std::string& out, std::string_view text, std::string_view special) {
  while (!text.empty()) {
    std::size_t escaped = control_bytes(text);
    if (escaped == 0 && special.find(text.front()) != special.npos) escaped = 1;
    if (escaped == 0) out += text.front();
    for (const char c : text.substr(0, escaped)) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    }
    text.remove_prefix(escaped == 0 ? 1 : escaped);
  }
}

}  // namespace ior
