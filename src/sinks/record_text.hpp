// A record's fields as text. Pure functions, usable from any thread.
#pragma once

#include <string>

#include "model/fields.hpp"
#include "model/recording.hpp"

namespace ior {

// "" where the record has none: no path, no flags. Requires: check_recording took the recording.
std::string field_text(const Recording& recording, const Record& record, Field field);

// Open flags as text, "" for kNoFlags.
// The fields, and the root in front of the path, where they have none and not all paths start from
// ior's own.
std::vector<Field> with_root(const Recording& recording, std::span<const Field> fields);

std::string flags_text(std::uint32_t flags);

}  // namespace ior
