// What a recording is grouped by (fields) and what is added up (weights), with the names that users
// write for them. Pure functions, usable from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ior {

struct Record;

enum class Field : std::uint8_t { path, comm, tracepoint, pid, tid, flags, root };
inline constexpr Field kLastField = Field::root;
enum class Weight : std::uint8_t {
  count,
  duration,
  duration_to_prev,
  bytes,  // read and written
  bytes_read,
  bytes_written
};
inline constexpr Weight kLastWeight = Weight::bytes_written;

std::string_view name_of(Field field);
std::string_view name_of(Weight weight);

// Exactly the names that name_of gives; nothing for any other text.
std::optional<Field> parse_field(std::string_view name);
std::optional<Weight> parse_weight(std::string_view name);

// Calls, nanoseconds or bytes.
std::uint64_t weight_of(const Record& record, Weight weight);

}  // namespace ior
