#include "tests/support/summaries.hpp"

#include <algorithm>
#include <ostream>

namespace ior::test {

std::vector<RecordSummary> summaries_of(const Recording& recording) {
  std::vector<RecordSummary> summaries;
  for (const Record& record : recording.records) {
    const Process& process = recording.processes.at(record.process);
    summaries.push_back({.path = recording.strings.at(record.path),
                         .old_path = recording.strings.at(record.old_path),
                         .root = recording.strings.at(record.root),
                         .tracepoint = recording.strings.at(record.tracepoint),
                         .comm = recording.strings.at(record.comm),
                         .pid = process.pid,
                         .process_start_ns = process.start_ns,
                         .executable = process.executable,
                         .tid = record.tid,
                         .flags = record.flags,
                         .count = record.count,
                         .errors = record.errors,
                         .duration_ns = record.duration_ns,
                         .gap_ns = record.gap_ns,
                         .bytes_read = record.bytes_read,
                         .bytes_written = record.bytes_written,
                         .after_loss = record.after_loss,
                         .at_most = record.at_most,
                         .unmeasured = record.unmeasured});
  }
  std::ranges::sort(summaries);
  return summaries;
}

std::ostream& operator<<(std::ostream& out, const RecordSummary& record) {
  return out << record.tracepoint << " '" << record.path << "' from '" << record.old_path
             << "' in '" << record.root << "' by " << record.pid << '.' << record.tid << " '"
             << record.comm << "' (" << record.executable << " started " << record.process_start_ns
             << ") flags " << record.flags << ": " << record.count << " calls, " << record.errors
             << " errors, " << record.duration_ns << " ns, gaps " << record.gap_ns << " ns, "
             << record.bytes_read << " bytes read, " << record.bytes_written << " written, "
             << record.after_loss << " after a loss, " << record.at_most << " at most, "
             << record.unmeasured << " unmeasured";
}

}  // namespace ior::test
