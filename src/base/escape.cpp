#include "base/escape.hpp"

#include <unistd.h>

#include <cstddef>

namespace ior {
namespace {

// A character at the front of a text; of no valid one the first byte.
struct Character {
  std::size_t bytes = 1;
  char32_t code = 0;
  bool is_valid = false;
};

// The Unicode Standard, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
Character first_of(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, lead, true};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  char32_t code = lead & (0x7fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3f);
  }
  const bool is_overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  if (is_overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {};
  return {bytes, code, true};
}

// Unicode's property Bidi_Control, and U+206A to U+206F, which are deprecated beside it.
bool is_direction_mark(char32_t code) {
  return code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x206f);
}

bool is_harmful(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
         is_direction_mark(code);
}

void append_byte(std::string& out, char byte) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  out += "\\x";
  out += kDigits[value >> 4];
  out += kDigits[value & 15];
}

}  // namespace

bool escapes(Escape when, int fd) {
  return when == Escape::always || (when == Escape::automatic && ::isatty(fd) == 1);
}

void append_escaped(std::string& out, std::string_view text, std::string_view special) {
  while (!text.empty()) {
    const Character character = first_of(text);
    const std::string_view bytes = text.substr(0, character.bytes);
    text.remove_prefix(character.bytes);
    if (!character.is_valid || is_harmful(character.code) ||
        special.find(bytes.front()) != special.npos) {
      for (const char byte : bytes) append_byte(out, byte);
    } else if (character.code == '\\') {
      out += "\\\\";
    } else {
      out += bytes;
    }
  }
}

void append_special(std::string& out, std::string_view text, std::string_view special) {
  for (const char byte : text) {
    if (special.find(byte) != special.npos)
      append_byte(out, byte);
    else
      out += byte == '\\' ? "\\\\" : std::string_view(&byte, 1);
  }
}

std::string escaped(std::string_view text) {
  std::string out;
  append_escaped(out, text);
  return out;
}

}  // namespace ior
