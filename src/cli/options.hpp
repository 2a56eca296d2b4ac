// The command line as a plain value: everything that a run of ior was asked for, checked as far as
// that needs no kernel.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/escape.hpp"
#include "base/result.hpp"
#include "catalog/catalog.hpp"
#include "model/fields.hpp"
#include "sinks/csv_rows.hpp"

namespace ior {

// Which syscalls are traced, by number; 32-bit calls by that of the row that they are like.
struct Selection {
  std::bitset<IOR_SYSCALL_LIMIT> syscalls;
  bool unknown = false;  // numbers without a row, of both tables: only with family `all`
};

enum class Command : std::uint8_t {
  trace,
  report,
  collapsed,
  export_records,
  syscalls,
  version,
  help
};

struct Options {
  Command command = Command::trace;
  std::uint32_t pid = 0;  // 0: every process
  std::uint32_t tid = 0;
  bool follow = false;
  std::string comm;  // substrings; empty: all
  std::string path;
  Selection selection;
  std::vector<std::string> filters;  // the above as "pid=17", for the recording's header
  std::string name = "ior";          // of the recording
  bool flamegraph = false;           // write a recording
  std::uint32_t mode = 0600;         // of the recording
  bool plain = false;                // stream CSV rows to stdout
  RowOptions row_options;            // with `plain`
  std::optional<double> duration_s;  // none: until the target has exited or a signal
  int threads = 0;                   // 0: what suits the machine
  std::uint64_t ring_bytes = 0;      // 0: what suits the machine
  std::size_t max_keys = 0;          // 0: the default
  int ready_fd = -1;
  std::vector<Field> fields;  // empty: the command's default
  Weight weight = Weight::count;
  std::size_t rows = 40;                  // of the table at most; 0: all
  std::vector<std::string> command_line;  // what follows `--`
  std::vector<std::string> arguments;     // argv, for the recording's header
  std::string file;                       // report, collapsed, export: the recording
  bool json = false;                      // report
  std::string format = "jsonl";           // export
  Escape escape = Escape::automatic;
  std::string help;  // Command::help: the text to print
};

// Reads argv. An error is the message for the user (what is wrong and what to do instead), without
// "ior: " in front.
Result<Options> parse_options(int argc, const char* const* argv);

}  // namespace ior
