#include "scenario.hpp"

namespace ioworkload {

std::vector<Scenario> all_scenarios() {
  std::vector<Scenario> all;
  for (const auto group : {open_rw_scenarios(), fd_scenarios(), name_scenarios(),
                           dir_stat_scenarios(), sync_truncate_scenarios()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

std::optional<Scenario> find_scenario(std::string_view name) {
  for (const Scenario& scenario : all_scenarios()) {
    if (scenario.name == name) return scenario;
  }
  return std::nullopt;
}

}  // namespace ioworkload
