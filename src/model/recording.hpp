// A recording in memory: what a trace leaves behind, as the writer stores it and the reader gives
// it back. Plain data; strings, processes and records refer to one another by index.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"

namespace ior {

inline constexpr std::uint32_t kNoFlags = 0xffffffff;  // Record.flags where the call has none

struct RecordingHeader {
  std::uint32_t format_version = 0;
  std::string ior_version;
  std::string host;
  std::string kernel;
  std::uint64_t boot_ns = 0;  // the boot clock and ...
  std::uint64_t wall_ns =
      0;  // ... the wall clock (since 1970, UTC) at one moment, at the start of the trace
  std::uint64_t duration_ns = 0;  // how long was traced
  std::vector<std::string> command_line;
  std::vector<std::string> filters;  // "pid=17", "families=FS", ...: what was selected
};

struct Process {
  std::uint32_t pid = 0;
  std::uint32_t ppid = 0;
  std::uint32_t uid = 0;
  std::uint64_t start_ns = 0;  // boot clock; (pid, start_ns) is unique
  std::uint64_t mount_namespace = 0;
  std::string executable;
  std::string command_line;  // arguments separated by zero bytes, as /proc/PID/cmdline has them
  std::string cgroup;        // path in the cgroup v2 hierarchy
};

// All calls that agree in path, old path, root, tracepoint, comm, process, thread and flags. The
// first five are indexes into Recording.strings, `process` one into Recording.processes.
struct Record {
  std::uint32_t path = 0;        // the file written to, where the calls have two
  std::uint32_t old_path = 0;    // then the file read from, or the old name
  std::uint32_t root = 0;        // in which the paths hold; empty: ior's own
  std::uint32_t tracepoint = 0;  // "enter_openat"
  std::uint32_t comm = 0;
  std::uint32_t process = 0;
  std::uint32_t tid = 0;
  std::uint32_t flags = kNoFlags;  // open flags as in <fcntl.h>
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  std::uint64_t duration_ns = 0;
  std::uint64_t gap_ns = 0;
  std::uint64_t bytes_read = 0;     // from the old path's file, where there is one
  std::uint64_t bytes_written = 0;  // to the path's file
  std::uint64_t after_loss = 0;     // how many of the gaps span a lost call
  std::uint64_t at_most = 0;        // calls of which the duration is an upper bound
  std::uint64_t unmeasured = 0;     // calls of which neither duration nor result is known
};

// A call that had not ended when tracing did.
struct CallInFlight {
  std::uint32_t tgid = 0;
  std::uint32_t tid = 0;
  std::string comm;
  std::string tracepoint;
  std::string path;
  std::string old_path;
  std::string root;
  std::uint64_t age_ns = 0;         // when tracing ended; of one from before the start, at least
  bool since_before_start = false;  // it was under way when tracing began
};

struct Loss {
  std::string name;  // stable: "ring_full"
  Severity severity = Severity::info;
  std::string sentence;
  std::uint64_t count = 0;
};

// Of one loss, what one CPU counted.
struct CpuLoss {
  std::uint32_t cpu = 0;
  std::uint32_t loss = 0;  // index into Recording.losses
  std::uint64_t count = 0;
};

// The calls of one tracepoint that ended while they were traced, as the kernel side itself counted
// them: exact, whether or not their records found room.
struct SyscallTotal {
  std::string tracepoint;
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  std::uint64_t bytes_read = 0;  // as those of records
  std::uint64_t bytes_written = 0;
  std::uint64_t seen = 0;  // calls whose records arrived, before -comm and -path
};

struct Recording {
  RecordingHeader header;
  std::vector<std::string> strings;
  std::vector<Process> processes;
  std::vector<Record> records;
  std::vector<Loss> losses;
  std::vector<CpuLoss> cpu_losses;   // where a CPU counted any
  std::vector<SyscallTotal> totals;  // of tracepoints with any call
  std::vector<CallInFlight> in_flight;
  std::uint64_t calls_seen = 0;  // finished calls, those that were lost included
  std::uint64_t calls_recorded =
      0;  // those that passed the filters: the sum of the records' counts
};

}  // namespace ior
