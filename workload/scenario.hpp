// What ioworkload can run. A scenario is a short, fixed sequence of syscalls on files of known
// names, against which a tracer's output can be checked. The sequence is the product: a scenario
// checks the results of its own calls and makes no other call to do so.
// Each group of scenarios is a file that ends with its table, one row per scenario.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace ioworkload {

class TempDir;

struct Scenario {
  const char* name;
  void (*run)(const TempDir& dir);  // throws std::runtime_error when a step fails
};

std::span<const Scenario> open_rw_scenarios();
std::span<const Scenario> fd_scenarios();
std::span<const Scenario> name_scenarios();
std::span<const Scenario> dir_stat_scenarios();
std::span<const Scenario> sync_truncate_scenarios();

// All groups, in the order above.
std::vector<Scenario> all_scenarios();

std::optional<Scenario> find_scenario(std::string_view name);

}  // namespace ioworkload
