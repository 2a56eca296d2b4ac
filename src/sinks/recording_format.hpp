// The bytes of a recording, inside its zstd frame: docs/FORMAT.md draws them. Both directions
// stream, section by section. Pure functions, usable from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "model/recording.hpp"
#include "sinks/byte_stream.hpp"

namespace ior {

namespace format {

inline constexpr std::string_view kMagic = "IORTRACE";
inline constexpr std::uint16_t kMajor = 2;
inline constexpr std::uint16_t kMinor = 0;

inline constexpr std::string_view kHeader = "HEAD";
inline constexpr std::string_view kStrings = "STRS";
inline constexpr std::string_view kProcesses = "PROC";
inline constexpr std::string_view kRecords = "RECS";
inline constexpr std::string_view kLosses = "LOSS";
inline constexpr std::string_view kCpuLosses = "CPUL";
inline constexpr std::string_view kSyscalls = "SYSC";
inline constexpr std::string_view kInFlight = "INFL";
inline constexpr std::string_view kTotals = "TOTL";
inline constexpr std::string_view kEnd = "END.";

inline constexpr std::size_t kTagBytes = 4;
inline constexpr std::size_t kPreambleBytes = kMagic.size() + 4;
inline constexpr std::size_t kSectionHeaderBytes = kTagBytes + 8;
// A reader takes no longer section of a tag that it knows.
inline constexpr std::uint64_t kMaxSectionBytes = 64 << 20;
// Nor more of them than this in all, nor more entries of a table or list: a small file that is made
// for it expands without end.
inline constexpr std::uint64_t kMaxBytes = std::uint64_t{4} << 30;
inline constexpr std::size_t kMaxTextBytes = 128 << 10;  // Linux has no longer argument
inline constexpr std::size_t kMaxRecords = 8 << 20;      // as many as -max-keys may ask for
inline constexpr std::size_t kMaxStrings = 3 * kMaxRecords;
inline constexpr std::size_t kMaxProcesses = 1 << 20;
inline constexpr std::size_t kMaxListed = 1 << 20;
inline constexpr std::size_t kMaxTotals = 1 << 16;
inline constexpr std::size_t kMaxLosses = 1 << 10;

}  // namespace format

// What every recording holds to: indexes point into their tables, no record has more errors,
// gaps after a loss or durations of a kind than calls, the records' counts add up to
// calls_recorded. The error names the first record that does not.
Result<void> check_recording(const Recording& recording);

// What a reader refuses besides: things that are there twice, sums over 64 bits, more seen than
// there was, names too long to be one. Requires: check_recording.
Result<void> check_books(const Recording& recording);

// How many bytes a recording's file has at least, for what its records show, each its own: a text
// may stand in any number of them, and a small file fill a disk. Requires: check_recording.
std::uint64_t least_file_bytes(const Recording& recording);

// The current format version is written, whatever header.format_version says. An error comes from
// the sink, or from a recording that check_recording refuses; then nothing was written.
Result<void> encode_recording(const Recording& recording, const ByteSink& sink);

// Reads to the end of the source. A recording that it returns passes check_recording and
// check_books. Memory grows with the bytes that arrive, never with a number that is read from them,
// and has the bounds above.
Result<Recording> decode_recording(const ByteSource& source);

}  // namespace ior
