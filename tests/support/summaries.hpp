// A recording as tests compare it: one line of text per record, sorted, so that two recordings with
// the same contents are equal however their tables are numbered.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/recording.hpp"

namespace ior::test {

struct RecordSummary {
  std::string path;
  std::string old_path;
  std::string root;
  std::string tracepoint;
  std::string comm;
  std::uint32_t pid = 0;
  std::uint64_t process_start_ns = 0;
  std::string executable;
  std::uint32_t tid = 0;
  std::uint32_t flags = 0;
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  std::uint64_t duration_ns = 0;
  std::uint64_t gap_ns = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t after_loss = 0;
  std::uint64_t at_most = 0;
  std::uint64_t unmeasured = 0;

  auto operator<=>(const RecordSummary&) const = default;
};

std::vector<RecordSummary> summaries_of(const Recording& recording);
std::ostream& operator<<(std::ostream& out, const RecordSummary& record);

}  // namespace ior::test
