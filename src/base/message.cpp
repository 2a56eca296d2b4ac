#include "base/message.hpp"

#include <unistd.h>

#include <cstdio>
#include <string>

namespace ior {

void say(std::string_view message, Escape when) {
  std::string line = "ior: ";
  if (escapes(when, STDERR_FILENO))
    append_escaped(line, message);
  else
    line += message;
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace ior
