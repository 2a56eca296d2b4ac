// Brings the words of a command line into the one form that the option parser is given, so that
// each option may be written with one dash or two, and its value after a blank or after `=`. Pure
// functions, usable from any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ior {

struct KnownOption {
  std::string name;  // without dashes
  bool takes_value = false;
};

// Options become "--name" or "--name=value", those of one letter "-f"; all other words stay. A
// value after a blank may begin with a dash only if it is a number: what else does is a forgotten
// value. Requires: no "--" among the words.
Result<std::vector<std::string>> normalise_arguments(std::span<const std::string> words,
                                                     std::span<const KnownOption> known);

// Whether an option of that name (without dashes) is among the words.
bool contains_option(std::span<const std::string> words, std::string_view name);

}  // namespace ior
