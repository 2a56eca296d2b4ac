// Finished calls as CSV rows on a file descriptor, as a trace runs, in the order of their ends.
// RFC 4180 quoting; a row ends in a single line feed. Lives as long as the trace; the descriptor
// stays the caller's.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "model/call.hpp"
#include "sinks/held_rows.hpp"
#include "sinks/row_time.hpp"
#include "sinks/sink.hpp"

namespace ior {

struct RowOptions {
  TimeColumn time = TimeColumn::wall;
  bool classic = false;    // pid and tid as one column
  bool root = false;       // a column more
  bool arguments = false;  // and one
  bool escaped = false;    // names and arguments, as base/escape.hpp has it
};

// Columns: time (of the call's end; of its enter where it has no end), durationToPrevNs (with ~ in
// front where the gap spans a lost call), durationNs and ret (empty for a call that never returns;
// the reason where the result of a request is not known), comm, pid and tid (or pid.tid), name,
// file (`old -> new` for two), and on demand root (empty: ior's own) and args
// (model/arguments.hpp).
//
// Thread safety: one thread at a time, but for expect_end(). Requires: SIGPIPE is ignored, else a
// reader that goes ends the program.
class CsvRows : public CallSink {
 public:
  explicit CsvRows(int fd, RowOptions options = {}, Moment start = {});

  // When tracing began, where that is known later than what it takes. Requires: no row is there.
  void begin(Moment start) { time_ = RowTime(options_.time, start); }

  // Holds the rows of the batch as text. After an error rows are only counted.
  void write(std::span<const Call> calls) noexcept override;
  // The rows of calls that ended before have gone out when it returns.
  void settle(std::uint64_t before_ns) noexcept override;
  // From now on a reader that takes nothing for 5 s is given up: the trace must end.
  void expect_end() { is_ending_.store(true, std::memory_order_relaxed); }
  // Writes all rows that are held, and the header of a trace without calls.
  Result<void> finish() override;

  // An fd that poll() finds readable once a row could not be written: no later one will be.
  int failed_fd() const { return failed_fd_.get(); }
  // How many rows were not written, or not to their end. Requires: it is finished.
  std::uint64_t not_written() const { return given_ - written_; }

 private:
  void append(std::string& out, const Call& call);
  void append_shown(std::string& out, std::string_view text);
  void append_files(std::string& out, const Call& call);
  void flush() noexcept;
  void write_piece(std::string_view& rest) noexcept;
  bool has_room() const noexcept;

  int fd_;
  RowOptions options_;
  RowTime time_;
  bool can_stall_;  // a pipe, a socket, a terminal
  std::atomic<bool> is_ending_{false};
  int error_ = 0;  // errno of the first write that failed
  UniqueFd failed_fd_;
  std::uint64_t given_ = 0, written_ = 0;  // rows
  HeldRows held_;
  std::string buffer_;                 // of what goes out
  std::vector<std::size_t> row_ends_;  // in the buffer
  std::string files_, arguments_;      // of one row
  std::string shown_;                  // one field, escaped
};

}  // namespace ior
