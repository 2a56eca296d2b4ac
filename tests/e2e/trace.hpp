// Runs ior for the end-to-end tests: as its users do, by its command line, and reads what it leaves
// behind by its own export command. A run that does not end in time is killed and said to hang.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "model/recording.hpp"

namespace ior::e2e {

// A fresh directory, removed with its contents when its owner goes.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

struct Finished {
  int exit_code = -1;  // 128 + signal where one ended it
  bool hung = false;   // had to be killed
  std::string out;
  std::string err;
};

// A program under way; its stdout and stderr go to files in `directory`.
class Running {
 public:
  // `inherited` fds stay open in the program, under the same numbers; `before` is done in its
  // process.
  Running(
      const std::vector<std::string>& command_line, const std::string& directory,
      const std::vector<int>& inherited = {}, const std::function<void()>& before = [] {});
  pid_t pid() const { return pid_; }
  void send_signal(int signal) const;
  // Waits for its end; kills it after that time.
  Finished finish(double seconds);

 private:
  pid_t pid_;
  std::string out_;
  std::string err_;
};

Finished run(const std::vector<std::string>& command_line, const std::string& directory,
             double seconds = 60);

// Starts ior with these options (its own -ready-fd added) and returns when it traces.
Running start_tracing(std::vector<std::string> options, const std::string& directory);

using Records = std::vector<nlohmann::json>;

// The one recording in a directory; the test fails where there is not exactly one.
std::string recording_in(const std::string& directory);
Records export_records(const std::string& recording);

// What a traced child process did: a recording and its records as exported, or the rows of -plain.
struct Traced {
  pid_t pid = 0;
  Finished ior;
  Records records;
  Recording recording;
  std::vector<std::string> rows;
};

// Forks a child that waits, traces it (`options` added to -pid), lets it run `work`, and gives its
// records.
Traced trace_child(
    const std::function<void()>& work, std::vector<std::string> options = {},
    const std::function<void()>& before = [] {});

// A figure of a record; 0 where it is not known.
std::uint64_t figure_in(const nlohmann::json& record, const char* key);

// Sums over the records that have this tracepoint and path (whichever of the two paths; empty:
// any).
struct Sum {
  std::uint64_t records = 0, count = 0, errors = 0, bytes_read = 0, bytes_written = 0,
                duration_ns = 0;
};
Sum sum_of(const Records& records, const std::string& tracepoint, const std::string& path = "");

// What a counter of counters.def says.
std::uint64_t counted(const Recording& recording, const std::string& counter);

// The number behind "ior: lost ... CAUSE" lines of the summary added up: what a run lost.
std::uint64_t lost_calls(const std::string& summary);

}  // namespace ior::e2e
