// The figures as a table for people.
#pragma once

#include <string>

#include "figures.hpp"

namespace ior::overhead {

std::string format_table(const WorkloadFigures& figures);
// What the configurations are and what the columns mean.
std::string format_legend(const std::vector<Configuration>& configurations);

}  // namespace ior::overhead
