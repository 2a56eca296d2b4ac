#include "cli/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "cli/arguments.hpp"
#include "cli/help.hpp"
#include "cli/values.hpp"

namespace ior {
namespace {

constexpr std::size_t kHelpColumn = 34;

// Shows long options with one dash, and of several spellings the first.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(std::string_view usage) : usage_(usage) { column_width(kHelpColumn); }

  std::string make_usage(const CLI::App*, std::string) const override {
    return fmt::format("\n{}\n", usage_);
  }
  std::string make_subcommands(const CLI::App*, CLI::AppFormatMode) const override { return {}; }

  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    return CLI::Formatter::make_group(std::move(group), is_positional, std::move(options))
        .substr(1);
  }

  std::string make_option_name(const CLI::Option* option, bool) const override {
    std::string name;
    for (const std::string& letter : option->get_snames()) name += fmt::format("-{}, ", letter);
    if (option->get_lnames().empty()) return name.substr(0, name.size() - 2);
    return name + "-" + option->get_lnames().front();
  }

 private:
  std::string usage_;
};

// Adds options to one group of a command's help.
class OptionGroup {
 public:
  OptionGroup(CLI::App& app, std::string name) : app_(app), name_(std::move(name)) {}

  OptionGroup& flag(const std::string& names, bool& into, const std::string& description) {
    app_.add_flag(names, into, description)->group(name_);
    return *this;
  }

  OptionGroup& value(const std::string& names, const std::string& type, std::string& into,
                     const std::string& description) {
    app_.add_option(names, into, description)->take_last()->group(name_)->option_text(type);
    return *this;
  }

  // May be given several times, which adds up.
  OptionGroup& list(const std::string& names, std::string& into, const std::string& description) {
    const auto join = [&into](const CLI::results_t& results) {
      into = fmt::format("{}", fmt::join(results, ","));
      return true;
    };
    app_.add_option(names, join, description)->take_all()->group(name_)->option_text("LIST");
    return *this;
  }

 private:
  CLI::App& app_;
  std::string name_;
};

void add_target_options(CLI::App& app, Given& given) {
  OptionGroup(app, "Whom to trace (default: every process but ior)")
      .value("--pid", "PID", given.pid, "the threads of this process")
      .value("--tid", "TID", given.tid, "this thread")
      .flag("-f", given.follow,
            "also the children that the target has or makes, or that\nCOMMAND makes")
      .value("--comm", "TEXT", given.comm, "only threads with TEXT in their name")
      .value("--path", "TEXT", given.path, "only calls with TEXT in a path");
}

void add_selection_options(CLI::App& app, Given& given) {
  SelectionRequest& request = given.selection;
  OptionGroup(app, "Which syscalls")
      .list("--trace-families", request.families, "those of these families; `all` for every one")
      .list("--trace-kinds", request.kinds, "those of these kinds")
      .list("--trace-syscalls", request.syscalls, "these, by name; `ior syscalls` lists them")
      .list("--no-trace-families,--trace-no-families", request.no_families, "not these families")
      .list("--no-trace-kinds,--trace-no-kinds", request.no_kinds, "not these kinds")
      .list("--no-trace-syscalls,--trace-no-syscalls", request.no_syscalls, "not these syscalls")
      .list("--tps", request.tps,
            "those whose tracepoint, enter_openat or the like,\n"
            "matches one of these regular expressions somewhere")
      .list("--tpsExclude", request.tps_exclude,
            "not those that match one of these; wins over -tps");
}

void add_grouping_options(CLI::App& app, Given& given, const std::string& group,
                          const std::string& default_fields) {
  OptionGroup(app, group)
      .list("--fields", given.fields,
            fmt::format("group by these of {}\n(default: {})", field_names(), default_fields))
      .value(
          "--count", "WEIGHT", given.count,
          fmt::format("add up one of {}\n(default: {})", weight_names(), name_of(Weight::count)));
}

void add_table_options(CLI::App& app, Given& given, const std::string& group,
                       const std::string& default_fields) {
  add_grouping_options(app, given, group, default_fields);
  OptionGroup(app, group)
      .value("--rows", "N", given.rows, "rows of the table at most, 0 for all (default: 40)");
}

void add_output_options(CLI::App& app, Given& given) {
  const std::string group = "What to make of it (default: a table at the end)";
  OptionGroup(app, group)
      .flag("--flamegraph", given.flamegraph,
            "write a recording, HOST-NAME-DATE.ior.zst, into the\nworking directory")
      .value("--name", "NAME", given.name, "NAME in the recording's file name (default: ior)")
      .value("--mode", "OCTAL", given.mode,
             "the recording's permissions, whatever the umask\n(default: 0600)")
      .flag("--plain", given.plain, "print every call as a row of CSV")
      .flag("--args", given.args, "with -plain: also the call's arguments")
      .flag("--root", given.root, "with -plain: also the root that the file's path starts from")
      .value("--time", "CLOCK", given.time,
             fmt::format("with -plain: when each call ended, by one of\n{} (default: {})",
                         time_column_names(), name_of(TimeColumn::wall)))
      .value("--columns", "SET", given.columns,
             "with -plain: default, or classic, which has no time\n"
             "unless -time is given, and pid.tid as one column");
  add_table_options(app, given, group, "tracepoint, path; a recording keeps all");
}

void add_run_options(CLI::App& app, Given& given) {
  OptionGroup(app, "How to run")
      .value("--duration", "SECONDS", given.duration,
             "stop after that long (default: when the target has\n"
             "exited, or on Ctrl-C); fractions allowed")
      .value("--threads", "N", given.threads, "threads that do the work (default: what suits)")
      .value("--mapSize", "BYTES", given.map_size,
             "of each CPU's ring: a power of two, such as 4M\n(default: what suits)")
      .value(
          "--max-keys", "N", given.max_keys,
          "records to keep at most; of what is beyond that first\nprocess and thread are left out, "
          "then all else\n(default: 524288)")
      .value("--ready-fd", "FD", given.ready_fd, "write a byte there once everything is attached");
}

void add_trace_options(CLI::App& app, Given& given) {
  add_target_options(app, given);
  add_selection_options(app, given);
  add_output_options(app, given);
  add_run_options(app, given);
  app.footer(trace_help_footer());
}

void add_command_options(Command command, CLI::App& app, Given& given) {
  if (command == Command::collapsed) {
    add_grouping_options(app, given, "Options", "comm, tracepoint, path");
  } else if (command == Command::report) {
    add_table_options(app, given, "Options", "tracepoint, path");
    OptionGroup(app, "Options")
        .flag("--json", given.json, "print totals, losses and what each syscall misses, as JSON");
  } else if (command == Command::export_records) {
    OptionGroup(app, "Options").value("--format", "FORMAT", given.format, "jsonl (default)");
  } else if (command == Command::trace) {
    add_trace_options(app, given);
  }
}

const char* about_escape(Command command) {
  switch (command) {
    case Command::collapsed:
      return "auto or always (as \\xNN), or never: only what the format\nneeds (default: auto)";
    case Command::export_records:
      return "write names in ASCII: auto (on a terminal), always or\nnever (default: auto)";
    case Command::report:
      return "write what names could do harm with as \\xNN: auto\n"
             "(-json: on a terminal), always or never (default: auto)";
    default:
      return "write what names could do harm with as \\xNN: auto (in\n"
             "tables; rows and messages on a terminal), always or\nnever (default: auto)";
  }
}

void add_escape_option(Command command, CLI::App& app, Given& given) {
  if (command == Command::syscalls) return;
  const char* group = command == Command::trace ? "How to run" : "Options";
  OptionGroup(app, group).value("--escape", "WHEN", given.escape, about_escape(command));
}

// All that the command's line may hold; -help and -version are there for the help text, as they
// were looked for before.
class CommandApp {
 public:
  CommandApp(Command command, Given& given) : app_(std::string(about(command))) {
    app_.formatter(std::make_shared<HelpFormatter>(usage_of(command)));
    app_.set_help_flag();
    app_.allow_extras();
    add_command_options(command, app_, given);
    add_escape_option(command, app_, given);
    OptionGroup other(app_, "Other");
    other.flag("-h,--help", help_, "print this help");
    if (command == Command::trace) other.flag("-V,--version", version_, "print the version");
  }

  CLI::App& app() { return app_; }

 private:
  CLI::App app_;
  bool help_ = false;
  bool version_ = false;
};

std::vector<KnownOption> known_options(const CLI::App& app) {
  std::vector<KnownOption> known;
  for (const CLI::Option* option : app.get_options()) {
    const bool takes_value = option->get_items_expected_max() > 0;
    for (const std::string& name : option->get_lnames()) known.push_back({name, takes_value});
    for (const std::string& name : option->get_snames()) known.push_back({name, takes_value});
  }
  return known;
}

Result<void> check_repeats(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    const bool single = option->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeLast;
    if (single && option->get_items_expected_max() > 0 && option->count() > 1) {
      return fail(fmt::format("-{} is given more than once", option->get_lnames().front()));
    }
  }
  return {};
}

}  // namespace

Result<Given> read_command_line(Command command, std::span<const std::string> words) {
  Given given;
  CommandApp command_app(command, given);
  CLI::App& app = command_app.app();
  Result<std::vector<std::string>> normal = normalise_arguments(words, known_options(app));
  if (!normal) return std::unexpected(std::move(normal.error()));
  std::ranges::reverse(*normal);
  try {
    app.parse(std::move(*normal));
  } catch (const CLI::ParseError& error) {
    return fail(error.what());
  }
  if (Result<void> once = check_repeats(app); !once)
    return std::unexpected(std::move(once.error()));
  given.positionals = app.remaining();
  return given;
}

std::string help_text(Command command) {
  Given given;
  std::string text = CommandApp(command, given).app().help();
  text.erase(text.find_last_not_of('\n') + 1);
  return text + '\n';
}

}  // namespace ior
