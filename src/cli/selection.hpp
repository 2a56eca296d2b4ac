// From the selecting options to the set of traced syscalls. Families, kinds and names add up and
// replace the default; the -no- options subtract from that; -tps keeps what matches, and
// -tpsExclude removes what matches. Pure functions, usable from any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "catalog/catalog.hpp"
#include "cli/options.hpp"

namespace ior {

// The options' values, lists separated by commas; empty: not given.
struct SelectionRequest {
  std::string families = {};  // `all` is every syscall, unknown ones included
  std::string kinds = {};
  std::string syscalls = {};  // names of tracepoints, or those in <asm/unistd_64.h>
  std::string no_families = {};
  std::string no_kinds = {};
  std::string no_syscalls = {};
  std::string tps = {};          // regular expressions; alone they choose from all syscalls
  std::string tps_exclude = {};  // regular expressions
};

Result<Selection> select_syscalls(const SelectionRequest& request);

// "families=FS,Network", "tps=openat": the options that were given.
std::vector<std::string> describe(const SelectionRequest& request);

}  // namespace ior
