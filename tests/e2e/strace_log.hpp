// Reads a log of `strace -f -y` and says which rows ior has to show for it: the second opinion of
// the end-to-end suite. Which arguments name files is the catalogue's word; how strace spells
// things, and what is not compared, is one table in strace_log.cpp (kTable, kOtherFds). A plain
// function, usable from any thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ior::e2e {

// A call as ior should show it. A field without a value is one that strace does not tell.
struct StraceCall {
  pid_t tid = 0;
  std::string name;
  std::optional<std::string> ret;    // empty: does not return
  std::optional<std::string> files;  // "path" or "old -> new"
  bool cut_short = false;            // its thread died before it returned
  std::string text;                  // as strace wrote it
};

// The calls of a whole log, in the order in which they began. Paths start from `directory`, where
// strace was started, until a chdir.
std::vector<StraceCall> read_strace_log(std::string_view log, const std::string& directory);

}  // namespace ior::e2e
