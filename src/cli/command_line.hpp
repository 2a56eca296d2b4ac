// The words of a command line as the texts given for its options: spelling, dashes and blanks are
// dealt with here, what the texts mean is not. One set of options for each command.
// Pure functions, usable from any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/options.hpp"
#include "cli/selection.hpp"

namespace ior {

// Empty: not given.
struct Given {
  std::string pid;
  std::string tid;
  bool follow = false;
  std::string comm;
  std::string path;
  SelectionRequest selection;
  std::string name;
  std::string mode;
  bool flamegraph = false;
  bool plain = false;
  bool args = false;
  bool root = false;
  std::string time;
  std::string columns;
  std::string rows;
  std::string duration;
  std::string threads;
  std::string map_size;
  std::string max_keys;
  std::string ready_fd;
  std::string fields;
  std::string count;
  std::string format;
  std::string escape;
  bool json = false;
  std::vector<std::string> positionals;  // what is neither an option nor its value
};

// The words behind the command's name. Requires: no "--" among them.
Result<Given> read_command_line(Command command, std::span<const std::string> words);

std::string help_text(Command command);

}  // namespace ior
