// ior: options in, one command run, exit code out. 2: the request was wrong or cannot be met here,
// nothing was traced; 1: something failed later; a command that ior ran: its own status.
#include <fcntl.h>
#include <unistd.h>

#include <exception>
#include <string>

#include "base/message.hpp"
#include "cli/options.hpp"
#include "cli/show.hpp"
#include "trace/distress.hpp"
#include "trace/run.hpp"
#include "trace/version.hpp"

namespace {

int fail_with(const std::string& message, int exit_code, ior::Escape escape) {
  ior::say(message, escape);
  return exit_code;
}

int trace(const ior::Options& options) {
  const auto exit_code = ior::run_trace(options);
  if (exit_code) return *exit_code;
  const int status = exit_code.error().before_attach ? 2 : 1;
  return fail_with(exit_code.error().message, status, options.escape);
}

// Files that ior opens must not get the numbers of standard input, output and error.
void fill_standard_fds() {
  for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::dup(fd)) {
    if (fd <= STDERR_FILENO) continue;
    ::close(fd);
    return;
  }
}

int run(int argc, char** argv) {
  const auto options = ior::parse_options(argc, argv);
  if (!options) return fail_with(options.error().message, 2, ior::Escape::automatic);
  if (options->command == ior::Command::trace) return trace(*options);
  const auto shown = ior::show(*options, ior::kVersion);
  return shown ? 0 : fail_with(shown.error().message, 2, options->escape);
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_fds();
  ior::say_why_it_ends();
  try {
    return run(argc, argv);
  } catch (...) {  // so that what is on the stack is undone first
    std::terminate();
  }
}
