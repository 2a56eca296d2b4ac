// Reads the values of single options; each error names the option, what was given and what it
// takes. Pure functions, usable from any thread, except that a ready fd is looked up in the
// process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/escape.hpp"
#include "base/result.hpp"
#include "model/fields.hpp"
#include "sinks/row_time.hpp"

namespace ior {

// The number of a process or thread: 1 or more.
Result<std::uint32_t> parse_id(std::string_view option, std::string_view text);

// Seconds, with or without a fraction, more than 0.
Result<double> parse_duration_s(std::string_view text);

// Rows of a table, 0 for all.
Result<std::size_t> parse_rows(std::string_view text);

Result<int> parse_threads(std::string_view text);

// Bytes of each ring: a power of two, suffixes K, M and G allowed.
Result<std::uint64_t> parse_ring_bytes(std::string_view text);

// Records of the aggregation.
Result<std::size_t> parse_max_keys(std::string_view text);

// An fd that is open for writing.
Result<int> parse_ready_fd(std::string_view text);

// A part of a recording's file name.
Result<std::string> parse_recording_name(std::string_view text);

// Permissions of a file: at most 0777.
Result<std::uint32_t> parse_mode(std::string_view text);

// A part of a thread's name.
Result<std::string> parse_comm(std::string_view text);

// Names of fields separated by commas, none twice.
Result<std::vector<Field>> parse_fields(std::string_view text);

Result<Weight> parse_count(std::string_view text);

Result<Escape> parse_escape(std::string_view text);

Result<TimeColumn> parse_time_column(std::string_view text);

// The names that -fields, -count and -time take, separated by commas.
std::string field_names();
std::string weight_names();
std::string time_column_names();

}  // namespace ior
