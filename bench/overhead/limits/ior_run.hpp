// ior under test: started as a user starts it, stopped as a user stops it, and what it left.
#pragma once

#include <string>
#include <vector>

#include "ior_output.hpp"
#include "process.hpp"
#include "temp_dir.hpp"
#include "verdict.hpp"

namespace ior::overhead {

// What `ior report --json` says of a recording.
struct IorReport {
  struct Row {
    std::uint64_t calls = 0;  // by the kernel side's totals
    std::uint64_t recorded = 0;
    std::uint64_t missing = 0;
  };
  std::uint64_t total = 0;
  std::uint64_t recorded = 0;
  Counts lost;  // by cause
  std::int64_t unexplained = 0;
  std::map<std::string, Row> syscalls;
};

IorReport parse_ior_report(const std::string& json);

class IorRun {
 public:
  // Returns when it traces. A recording is written where `options` say so.
  IorRun(const std::string& ior, std::vector<std::string> options, int cpu);

  const Process& process() const { return process_; }
  const std::string& rows_file() const { return out_; }  // of -plain
  // Sends SIGINT and waits for the end. Throws std::runtime_error when it is not a good one.
  void stop();
  // After stop():
  double stop_s() const { return stop_s_; }
  std::uint64_t peak_rss_bytes() const { return ended_.peak_rss_bytes; }
  std::uint64_t seen() const { return seen_calls(read_file(err_)); }
  std::uint64_t lost() const { return lost_calls(read_file(err_)); }
  std::string recording() const { return recording_in(directory_.path()); }
  IorReport report() const;

 private:
  std::string ior_;
  TempDir directory_;
  std::string out_ = directory_.file("out"), err_ = directory_.file("err");
  Process process_;
  Ended ended_;
  double stop_s_ = 0;
};

// `figure` is at most `limit`; `what` says of what, `unit` in what.
Verdict at_most(const std::string& what, double figure, double limit, const std::string& unit);
Verdict equal(const std::string& what, std::uint64_t figure, std::uint64_t wanted);

}  // namespace ior::overhead
