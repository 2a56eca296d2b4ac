// Finished calls as CSV rows on a file descriptor, as a trace runs, in the order of their ends.
// RFC 4180 quoting; a row ends in a single line feed. Lives as long as the trace; the descriptor
// stays the caller's.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <string>

#include "base/result.hpp"
#include "model/call.hpp"
#include "sinks/held_rows.hpp"
#include "sinks/row_time.hpp"
#include "sinks/sink.hpp"

namespace ior {

struct RowOptions {
  TimeColumn time = TimeColumn::wall;
  bool classic = false;    // pid and tid as one column
  bool arguments = false;  // a column more
};

// Columns: time (of the call's end; of its enter where it has no end), durationToPrevNs (with ~ in
// front where the gap spans a lost call), durationNs and ret (empty for a call that never returns;
// the reason where the result of a request is not known), comm, pid and tid (or pid.tid), name,
// file (`old -> new` for two), and on demand args (model/arguments.hpp).
//
// Thread safety: one thread at a time, but for expect_end(). Requires: SIGPIPE is ignored, else a
// reader that goes ends the program.
class CsvRows : public CallSink {
 public:
  explicit CsvRows(int fd, RowOptions options = {}, Moment start = {});

  // When tracing began, where that is known later than what it takes. Requires: no row is there.
  void begin(Moment start) { time_ = RowTime(options_.time, start); }

  // Holds the rows of the batch as text. After an error rows are dropped.
  void write(std::span<const Call> calls) noexcept override;
  // The rows of calls that ended before have gone out when it returns.
  void settle(std::uint64_t before_ns) noexcept override;
  // From now on a reader that takes nothing for 5 s is given up: the trace must end.
  void expect_end() { is_ending_.store(true, std::memory_order_relaxed); }
  // Writes all rows that are held, and the header of a trace without calls.
  Result<void> finish() override;

 private:
  void append(std::string& out, const Call& call);
  void flush() noexcept;
  bool has_room() const noexcept;

  int fd_;
  RowOptions options_;
  RowTime time_;
  bool can_stall_;  // a pipe, a socket, a terminal
  std::atomic<bool> is_ending_{false};
  int error_ = 0;  // errno of the first write that failed
  HeldRows held_;
  std::string buffer_;     // of what goes out
  std::string arguments_;  // of one row
};

}  // namespace ior
