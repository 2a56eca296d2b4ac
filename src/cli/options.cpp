#include "cli/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>

#include "cli/arguments.hpp"
#include "cli/command_line.hpp"
#include "cli/selection.hpp"
#include "cli/suggest.hpp"
#include "cli/values.hpp"

namespace ior {
namespace {

constexpr std::string_view kEndOfOptions = "--";
constexpr std::string_view kFormats[] = {"jsonl"};
constexpr std::string_view kColumns[] = {"default", "classic"};

struct NamedCommand {
  std::string_view name;
  Command command;
};

constexpr NamedCommand kCommands[] = {{"report", Command::report},
                                      {"collapsed", Command::collapsed},
                                      {"export", Command::export_records},
                                      {"syscalls", Command::syscalls}};

// The words of a command line before and after the first `--`.
struct Words {
  std::vector<std::string> before;
  std::vector<std::string> after;
  bool divided = false;
};

Words divide(std::span<const std::string> words) {
  const auto end = std::ranges::find(words, kEndOfOptions);
  Words divided{{words.begin(), end}, {}, end != words.end()};
  if (divided.divided) divided.after.assign(end + 1, words.end());
  return divided;
}

// Reads values one after another into an Options; after the first error it reads no more.
class ValueReader {
 public:
  template <typename Parse, typename Value>
  ValueReader& read(const std::string& text, Parse parse, Value& into) {
    if (error_ || text.empty()) return *this;
    auto value = parse(text);
    if (value) {
      into = std::move(*value);
    } else {
      error_ = std::move(value.error());
    }
    return *this;
  }

  Result<void> result() const {
    if (error_) return std::unexpected(*error_);
    return {};
  }

 private:
  std::optional<Error> error_;
};

Result<void> read_values(const Given& given, Options& options) {
  return ValueReader()
      .read(
          given.pid, [](const auto& text) { return parse_id("-pid", text); }, options.pid)
      .read(
          given.tid, [](const auto& text) { return parse_id("-tid", text); }, options.tid)
      .read(given.comm, parse_comm, options.comm)
      .read(given.name, parse_recording_name, options.name)
      .read(given.mode, parse_mode, options.mode)
      .read(given.duration, parse_duration_s, options.duration_s)
      .read(given.rows, parse_rows, options.rows)
      .read(given.threads, parse_threads, options.threads)
      .read(given.map_size, parse_ring_bytes, options.ring_bytes)
      .read(given.max_keys, parse_max_keys, options.max_keys)
      .read(given.ready_fd, parse_ready_fd, options.ready_fd)
      .read(given.fields, parse_fields, options.fields)
      .read(given.count, parse_count, options.weight)
      .read(given.escape, parse_escape, options.escape)
      .read(given.time, parse_time_column, options.row_options.time)
      .result();
}

// Those that say how the rows of -plain look.
Result<void> check_row_options(const Given& given) {
  if (!given.columns.empty() && std::ranges::find(kColumns, given.columns) == std::end(kColumns)) {
    return fail(fmt::format("-columns: unknown set '{}'{} (sets: {})", given.columns,
                            did_you_mean(given.columns, kColumns), fmt::join(kColumns, ", ")));
  }
  if (given.plain) return {};
  if (given.args) {
    return fail("-args adds a column to the rows of -plain: add -plain, or leave out -args");
  }
  if (given.root) {
    return fail("-root adds a column to the rows of -plain: add -plain, or leave out -root");
  }
  if (!given.time.empty()) {
    return fail("-time is about a column of the rows of -plain: add -plain, or leave out -time");
  }
  if (!given.columns.empty()) {
    return fail("-columns is about the rows of -plain: add -plain, or leave out -columns");
  }
  return {};
}

// What is said about an output that is not made.
Result<void> check_outputs(const Given& given) {
  const bool is_of_table = !(given.fields.empty() && given.count.empty() && given.rows.empty());
  if (given.plain && is_of_table) {
    return fail("-plain prints every call with fixed columns: leave out -fields, -count and -rows");
  }
  if (given.flamegraph && is_of_table) {
    return fail(
        "-flamegraph keeps all in a recording and prints no table: leave out -fields, -count and "
        "-rows, and give them to ior report or ior collapsed");
  }
  if (given.flamegraph) return {};
  if (!given.name.empty()) {
    return fail("-name is about the recording of -flamegraph: add -flamegraph, or leave out -name");
  }
  if (!given.mode.empty()) {
    return fail("-mode is about the recording of -flamegraph: add -flamegraph, or leave out -mode");
  }
  return {};
}

// Options that make no sense together.
Result<void> check_combination(const Given& given, const Words& words) {
  if (words.divided && words.after.empty()) {
    return fail("there is no command after --: give one, as in 'ior -f -- make', or leave out --");
  }
  const bool has_target = !given.pid.empty() || !given.tid.empty();
  if (words.divided && has_target) {
    return fail("-pid and -tid choose what runs already, -- starts a command: give one of the two");
  }
  if (given.follow && !words.divided && !has_target) {
    return fail("-f follows the children of a target: add -pid, -tid or -- COMMAND");
  }
  if (const Result<void> rows = check_row_options(given); !rows) return rows;
  return check_outputs(given);
}

// What was chosen, for the recording's header.
std::vector<std::string> filters_of(const Given& given) {
  std::vector<std::string> filters;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) filters.push_back(fmt::format("{}={}", name, value));
  };
  add("pid", given.pid);
  add("tid", given.tid);
  if (given.follow) filters.emplace_back("follow");
  add("comm", given.comm);
  add("path", given.path);
  std::ranges::move(describe(given.selection), std::back_inserter(filters));
  return filters;
}

Result<void> finish_trace(const Given& given, Words words, Options& options) {
  if (!given.positionals.empty()) {
    return fail(fmt::format(
        "unexpected argument '{}': a command to trace comes after --, as in 'ior -- {}'",
        given.positionals.front(), fmt::join(given.positionals, " ")));
  }
  if (const Result<void> fits = check_combination(given, words); !fits) return fits;
  if (const Result<void> values = read_values(given, options); !values) return values;
  Result<Selection> selection = select_syscalls(given.selection);
  if (!selection) return std::unexpected(std::move(selection.error()));
  options.selection = std::move(*selection);
  options.follow = given.follow;
  options.path = given.path;
  options.flamegraph = given.flamegraph;
  options.plain = given.plain;
  options.row_options.arguments = given.args;
  options.row_options.root = given.root;
  options.row_options.classic = given.columns == "classic";
  if (options.row_options.classic && given.time.empty()) {
    options.row_options.time = TimeColumn::none;
  }
  options.filters = filters_of(given);
  options.command_line = std::move(words.after);
  return {};
}

std::string_view name_of(Command command) {
  return std::ranges::find(kCommands, command, &NamedCommand::command)->name;
}

Result<void> finish_file_command(Command command, const Given& given, Options& options) {
  if (given.positionals.size() != 1 || given.positionals.front().empty()) {
    return fail(fmt::format("'ior {0}' takes one recording, not {1}: ior {0} [options] FILE",
                            name_of(command), given.positionals.size()));
  }
  options.file = given.positionals.front();
  options.json = given.json;
  if (given.json && !(given.fields.empty() && given.count.empty() && given.rows.empty())) {
    return fail("-json prints all there is: leave out -fields, -count and -rows");
  }
  if (!given.format.empty()) options.format = given.format;
  if (std::ranges::find(kFormats, options.format) == std::end(kFormats)) {
    return fail(fmt::format("-format: unknown format '{}'{} (formats: {})", given.format,
                            did_you_mean(given.format, kFormats), fmt::join(kFormats, ", ")));
  }
  return read_values(given, options);
}

// Takes the command's name off the words; without one they are about tracing.
Result<Command> take_command(std::vector<std::string>& words) {
  if (words.empty() || words.front().starts_with('-')) return Command::trace;
  const std::string name = words.front();
  const auto found = std::ranges::find(kCommands, name, &NamedCommand::name);
  if (found == std::end(kCommands)) {
    std::vector<std::string_view> names;
    std::ranges::transform(kCommands, std::back_inserter(names), &NamedCommand::name);
    return fail(
        fmt::format("unknown command '{}'{} (commands: {}; a program to trace comes after --, as "
                    "in 'ior -- {}')",
                    name, did_you_mean(name, names), fmt::join(names, ", "), name));
  }
  words.erase(words.begin());
  return found->command;
}

bool contains_either(std::span<const std::string> words, std::string_view name,
                     std::string_view letter) {
  return contains_option(words, name) || contains_option(words, letter);
}

Result<void> finish(Command command, Given given, Words words, Options& options) {
  if (command == Command::trace) return finish_trace(given, std::move(words), options);
  std::ranges::move(words.after, std::back_inserter(given.positionals));
  if (command == Command::syscalls) {
    if (given.positionals.empty()) return {};
    return fail(fmt::format("'ior syscalls' takes no argument, not '{}'", given.positionals[0]));
  }
  return finish_file_command(command, given, options);
}

}  // namespace

Result<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  options.arguments.assign(argv, argv + argc);
  Words words = divide(std::span(options.arguments).subspan(argc > 0 ? 1 : 0));
  const Result<Command> command = take_command(words.before);
  if (!command) return std::unexpected(command.error());
  options.command = *command;
  if (contains_either(words.before, "help", "h")) {
    options.command = Command::help;
    options.help = help_text(*command);
    return options;
  }
  if (*command == Command::trace && contains_either(words.before, "version", "V")) {
    options.command = Command::version;
    return options;
  }
  Result<Given> given = read_command_line(*command, words.before);
  if (!given) return std::unexpected(std::move(given.error()));
  const Result<void> finished = finish(*command, std::move(*given), std::move(words), options);
  if (!finished) return std::unexpected(finished.error());
  return options;
}

}  // namespace ior
