#include "cli/help.hpp"

#include <fmt/format.h>

#include <cstddef>

#include "catalog/catalog.hpp"

namespace ior {
namespace {

constexpr std::size_t kLineWidth = 90;

constexpr std::string_view kRules =
    R"(Every option may be written with one dash or two, and its value after a blank or after '='.
LIST is one or more names separated by commas; families and kinds in any case.

What is traced by default: family FS, and sendfile64, splice, tee, vmsplice. -trace-families,
-trace-kinds and -trace-syscalls add up and replace that; the -no- options take away from it.
Of these, -tps keeps what matches, and -tpsExclude removes what matches. -tps without any of the
three chooses from all syscalls.
)";

constexpr std::string_view kTraceUsage =
    R"(Usage: ior [options]                      trace until Ctrl-C, or as -pid and -duration say
       ior [options] -- COMMAND ARGS      start the command and trace it
       ior report [options] FILE          print a recording's losses and its table
       ior collapsed [options] FILE       print a recording as collapsed stacks
       ior export [options] FILE          print a recording's records as JSON lines
       ior syscalls                       list the syscalls that ior knows
)";

constexpr std::string_view kExamples =
    R"(Examples:
  ior -pid 4711 -flamegraph -name db -duration 10
  ior -f -flamegraph -name build -- make -j4
  ior -plain -tps '^enter_open,unlink' -path /etc -- ls /etc
  ior -trace-families FS,Network -no-trace-kinds poll -pid 4711
  ior collapsed -count bytes host-db-2025-01-31_12:00:00.ior.zst | flamegraph.pl > db.svg

Exit status: 0 after a complete trace, with COMMAND its own (128 + signal); 2 for a wrong command
line or where ior cannot trace.)";

std::string families() {
  std::string text = "Families:\n";
  for (std::size_t i = 0; i < family_names().size(); ++i) {
    const auto family = static_cast<Family>(i);
    text += fmt::format("  {:<10}{}\n", name_of(family), description_of(family));
  }
  return text + fmt::format("  {:<10}all of them, and syscalls unknown to ior\n", "all");
}

std::string kinds() {
  std::string text = "Kinds:\n";
  std::string line = " ";
  for (const std::string_view kind : kind_names()) {
    if (line.size() + kind.size() + 1 > kLineWidth) {
      text += line + '\n';
      line = " ";
    }
    line += fmt::format(" {}", kind);
  }
  return text + line + '\n';
}

}  // namespace

std::string_view about(Command command) {
  switch (command) {
    case Command::report:
      return "Prints what came of a recording's calls, every loss by cause, and its table.";
    case Command::collapsed:
      return "Prints a recording as collapsed stacks, 'frame;frame weight'.";
    case Command::export_records:
      return "Prints a recording's records, one JSON object per line.";
    case Command::syscalls:
      return "Lists the syscalls that ior knows by name.";
    default:
      return "Traces syscalls: on which files, how often, how long, how many bytes.";
  }
}

std::string_view usage_of(Command command) {
  switch (command) {
    case Command::report:
      return "Usage: ior report [options] FILE\n";
    case Command::collapsed:
      return "Usage: ior collapsed [options] FILE\n";
    case Command::export_records:
      return "Usage: ior export [options] FILE\n";
    case Command::syscalls:
      return "Usage: ior syscalls\n";
    default:
      return kTraceUsage;
  }
}

std::string trace_help_footer() {
  return fmt::format("{}\n{}\n{}\n{}", kRules, families(), kinds(), kExamples);
}

}  // namespace ior
