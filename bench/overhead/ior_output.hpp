// Reads what ior leaves behind, as a user would: its summary, and its recording through its own
// commands.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "load.hpp"

namespace ior::overhead {

inline constexpr const char* kIorReady = "ior: tracing";  // on stderr, once all is attached

using Counts = std::map<std::string, std::uint64_t>;  // calls, by name

std::uint64_t total(const Counts& counts);

// Calls seen, and lost, by the summary on stderr. Throw std::runtime_error where there is none.
std::uint64_t seen_calls(const std::string& summary);
std::uint64_t lost_calls(const std::string& summary);

// The one recording in a directory. Throws std::runtime_error where there is not exactly one.
std::string recording_in(const std::string& directory);

// Of the calls that the workload made, those in the recording: by name, those of its tasks only.
Counts recorded_calls(const std::string& ior, const std::string& recording, const LoadResult& made);

}  // namespace ior::overhead
