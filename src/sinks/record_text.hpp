// A record's fields as text, and text made safe to show. Pure functions, usable from any thread.
#pragma once

#include <string>
#include <string_view>

#include "model/fields.hpp"
#include "model/recording.hpp"

namespace ior {

// "" where the record has none: no path, no flags. Requires: check_recording took the recording.
std::string field_text(const Recording& recording, const Record& record, Field field);

// Open flags as text, "" for kNoFlags.
std::string flags_text(std::uint32_t flags);

// Appends `text` with each control character, line separator and character of `special` as \xNN,
// so that no name can break a line or drive a terminal.
void append_escaped(std::string& out, std::string_view text, std::string_view special = {});

}  // namespace ior
