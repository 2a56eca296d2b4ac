// Names that any user may have chosen, made safe to show: what could drive a terminal, break a line
// or change the order of what is read is written as \xNN, byte by byte, and `\` as `\\`, so that it
// can be read back. Pure functions, usable from any thread, except that an fd is looked at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ior {

// When that is done.
enum class Escape : std::uint8_t {
  automatic,  // in tables and summaries, and of what goes to a terminal; other bytes stay
  always,
  never,
};

// Whether text that goes to the fd as it is, line or row, is escaped.
bool escapes(Escape when, int fd);

// Appends `text` with these escaped: control characters of ASCII and U+0080 to U+009F, bytes that
// are not UTF-8, line and paragraph separators, marks of the direction of writing, `\`, and each
// character of `special`, which is of ASCII.
void append_escaped(std::string& out, std::string_view text, std::string_view special = {});
std::string escaped(std::string_view text);
// With only `\` and each character of `special` escaped: what a format needs to be read back.
void append_special(std::string& out, std::string_view text, std::string_view special);

}  // namespace ior
