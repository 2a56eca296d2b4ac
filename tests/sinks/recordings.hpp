// Recordings for tests, built row by row; and bytes moved through memory instead of files.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/recording.hpp"
#include "sinks/byte_stream.hpp"
#include "sinks/recording_format.hpp"

namespace ior::test {

struct Row {
  std::string path = "/etc/hostname";
  std::string old_path = "";
  std::string root = "";
  std::string tracepoint = "enter_openat";
  std::string comm = "cat";
  std::uint32_t pid = 4711;
  std::uint32_t tid = 4711;
  std::uint32_t flags = kNoFlags;
  std::uint64_t count = 1;
  std::uint64_t errors = 0;
  std::uint64_t duration_ns = 0;
  std::uint64_t gap_ns = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t after_loss = 0;
  std::uint64_t at_most = 0;
  std::uint64_t unmeasured = 0;
};

inline std::uint32_t string_index(Recording& recording, const std::string& text) {
  const auto found = std::ranges::find(recording.strings, text);
  const auto index = static_cast<std::uint32_t>(found - recording.strings.begin());
  if (found == recording.strings.end()) recording.strings.push_back(text);
  return index;
}

inline std::uint32_t process_index(Recording& recording, std::uint32_t pid) {
  const auto found = std::ranges::find(recording.processes, pid, &Process::pid);
  const auto index = static_cast<std::uint32_t>(found - recording.processes.begin());
  if (found == recording.processes.end()) recording.processes.emplace_back().pid = pid;
  return index;
}

inline void add(Recording& recording, const Row& row) {
  recording.records.push_back({
      .path = string_index(recording, row.path),
      .old_path = string_index(recording, row.old_path),
      .root = string_index(recording, row.root),
      .tracepoint = string_index(recording, row.tracepoint),
      .comm = string_index(recording, row.comm),
      .process = process_index(recording, row.pid),
      .tid = row.tid,
      .flags = row.flags,
      .count = row.count,
      .errors = row.errors,
      .duration_ns = row.duration_ns,
      .gap_ns = row.gap_ns,
      .bytes_read = row.bytes_read,
      .bytes_written = row.bytes_written,
      .after_loss = row.after_loss,
      .at_most = row.at_most,
      .unmeasured = row.unmeasured,
  });
  recording.calls_recorded += row.count;
  recording.calls_seen += row.count;
}

inline Recording recording_of(const std::vector<Row>& rows) {
  Recording recording;
  for (const Row& row : rows) add(recording, row);
  return recording;
}

// A little of everything that a recording can hold.
inline Recording small_recording() {
  Recording recording = recording_of({
      {.flags = 0, .count = 3, .errors = 1, .duration_ns = 1523, .gap_ns = 20},
      {.tracepoint = "enter_read", .count = 2, .duration_ns = 700, .gap_ns = 9, .bytes_read = 4096},
      {.path = "/tmp/new",
       .old_path = "/tmp/old",
       .tracepoint = "enter_rename",
       .pid = 4712,
       .tid = 4713,
       .after_loss = 1},
      {.path = "/tmp/copy",
       .old_path = "/tmp/original",
       .root = "/srv/jail",
       .tracepoint = "enter_copy_file_range",
       .comm = "cp",
       .count = 2,
       .duration_ns = 900,
       .bytes_read = 70'000,
       .bytes_written = 69'999,
       .at_most = 1,
       .unmeasured = 1},
      {.path = "", .tracepoint = "enter_sync", .comm = "", .duration_ns = 300'000},
  });
  recording.header = {.format_version = format::kMajor,
                      .ior_version = "1.2.3",
                      .host = "earth",
                      .kernel = "6.1.0",
                      .boot_ns = 123'456'789,
                      .wall_ns = 1'700'000'000'000'000'000,
                      .duration_ns = 2'000'000'000,
                      .command_line = {"ior", "-pid", "4711", ""},
                      .filters = {"pid=4711"}};
  recording.processes[0] = {.pid = 4711,
                            .ppid = 1,
                            .uid = 1000,
                            .start_ns = 99,
                            .mount_namespace = 4'026'531'841,
                            .executable = "/usr/bin/cat",
                            .command_line = std::string("cat\0/etc/hostname\0", 18),
                            .cgroup = "/user.slice"};
  recording.losses = {{"ring_full", Severity::lost, "ring full", 5},
                      {"name_expired", Severity::name, "name gone", 1},
                      {"in_flight_at_start", Severity::info, "in flight", 0}};
  recording.cpu_losses = {{.cpu = 1, .loss = 0, .count = 5}};
  recording.totals = {
      {.tracepoint = "enter_openat", .calls = 7, .errors = 2, .seen = 3},
      {.tracepoint = "enter_read", .calls = 3, .bytes_read = 8192, .seen = 2},
      {.tracepoint = "enter_rename", .calls = 1, .seen = 1},
      {.tracepoint = "enter_copy_file_range",
       .calls = 2,
       .bytes_read = 70'000,
       .bytes_written = 69'999,
       .seen = 2},
      {.tracepoint = "enter_sync", .calls = 1, .seen = 1},
  };
  recording.in_flight = {{.tgid = 4711,
                          .tid = 4712,
                          .comm = "cat",
                          .tracepoint = "enter_read",
                          .path = "/tmp/fifo",
                          .old_path = "",
                          .root = "/srv/jail",
                          .age_ns = 1'500'000'000,
                          .since_before_start = true}};
  recording.calls_seen = 14;
  return recording;
}

inline ByteSink into(std::string& bytes) {
  return [&bytes](std::string_view more) -> Result<void> {
    bytes += more;
    return {};
  };
}

// Gives at most `step` bytes at a time. The bytes must outlive the source.
inline ByteSource from(std::string_view bytes, std::size_t step = 4096) {
  return [bytes, step](std::span<char> out) mutable -> Result<std::size_t> {
    const std::size_t size = std::min({bytes.size(), out.size(), step});
    std::ranges::copy(bytes.substr(0, size), out.begin());
    bytes.remove_prefix(size);
    return size;
  };
}

inline std::string encoded(const Recording& recording) {
  std::string bytes;
  if (const auto done = encode_recording(recording, into(bytes)); !done) {
    return "not encoded: " + done.error().message;
  }
  return bytes;
}

}  // namespace ior::test
