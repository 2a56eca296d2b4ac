#include "cli/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace ior {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using Words = std::vector<const char*>;

Result<Options> parse(Words words) {
  words.insert(words.begin(), "ior");
  return parse_options(static_cast<int>(words.size()), words.data());
}

Options parsed(const Words& words) {
  Result<Options> options = parse(words);
  if (!options) ADD_FAILURE() << options.error().message;
  return options.value_or(Options());
}

std::string error_of(const Words& words) {
  const Result<Options> options = parse(words);
  return options ? "no error" : options.error().message;
}

TEST(Options, without_words_trace_every_process_until_a_signal) {
  const Options options = parsed({});
  EXPECT_EQ(options.command, Command::trace);
  EXPECT_EQ(options.pid, 0u);
  EXPECT_EQ(options.tid, 0u);
  EXPECT_FALSE(options.follow || options.flamegraph || options.plain);
  EXPECT_TRUE(options.selection.syscalls.test(0));
  EXPECT_FALSE(options.selection.unknown);
  EXPECT_EQ(options.name, "ior");
  EXPECT_FALSE(options.duration_s);
  EXPECT_EQ(options.threads, 0);
  EXPECT_EQ(options.ring_bytes, 0u);
  EXPECT_EQ(options.ready_fd, -1);
  EXPECT_THAT(options.filters, IsEmpty());
  EXPECT_THAT(options.command_line, IsEmpty());
  EXPECT_THAT(options.arguments, ElementsAre("ior"));
}

TEST(Options, of_an_empty_argv_are_the_same) {
  EXPECT_EQ(parse_options(0, nullptr)->command, Command::trace);
}

TEST(Options, hold_everything_that_a_trace_was_asked_for) {
  const Options options = parsed({"-pid",
                                  "17",
                                  "-tid",
                                  "18",
                                  "-f",
                                  "-comm",
                                  "cat",
                                  "-path",
                                  "/etc",
                                  "-flamegraph",
                                  "-name",
                                  "x",
                                  "-duration",
                                  "1.5",
                                  "-threads",
                                  "3",
                                  "-mapSize",
                                  "1M",
                                  "-ready-fd",
                                  "1",
                                  "-max-keys",
                                  "99",
                                  "-trace-syscalls",
                                  "openat"});
  EXPECT_EQ(options.pid, 17u);
  EXPECT_EQ(options.tid, 18u);
  EXPECT_TRUE(options.follow);
  EXPECT_EQ(options.comm, "cat");
  EXPECT_EQ(options.path, "/etc");
  EXPECT_TRUE(options.flamegraph);
  EXPECT_FALSE(options.plain);
  EXPECT_EQ(options.name, "x");
  EXPECT_EQ(options.duration_s, 1.5);
  EXPECT_EQ(options.threads, 3);
  EXPECT_EQ(options.ring_bytes, 1048576u);
  EXPECT_EQ(options.ready_fd, 1);
  EXPECT_EQ(options.max_keys, 99u);
  EXPECT_EQ(options.selection.syscalls.count(), 1u);
  EXPECT_THAT(options.filters, ElementsAre("pid=17", "tid=18", "follow", "comm=cat", "path=/etc",
                                           "syscalls=openat"));
}

TEST(Options, hold_everything_that_a_table_was_asked_for) {
  const Options options = parsed({"-fields", "comm,path", "-count", "bytes", "-rows", "7"});
  EXPECT_THAT(options.fields, ElementsAre(Field::comm, Field::path));
  EXPECT_EQ(options.weight, Weight::bytes);
  EXPECT_EQ(options.rows, 7u);
}

struct Spelling {
  std::string_view name;
  const char* value;
  const char* with = "-escape=auto";  // a word that it needs beside it
};

constexpr Spelling kValued[] = {{"pid", "17"},
                                {"tid", "17"},
                                {"comm", "cat"},
                                {"path", "/x"},
                                {"name", "x", "-flamegraph"},
                                {"duration", "2"},
                                {"threads", "2"},
                                {"mapSize", "4096"},
                                {"max-keys", "7"},
                                {"ready-fd", "1"},
                                {"fields", "pid,tid"},
                                {"count", "duration"},
                                {"trace-families", "IPC"},
                                {"trace-kinds", "fd"},
                                {"trace-syscalls", "read"},
                                {"no-trace-families", "FS"},
                                {"no-trace-kinds", "fd"},
                                {"no-trace-syscalls", "read"},
                                {"trace-no-families", "FS"},
                                {"trace-no-kinds", "fd"},
                                {"trace-no-syscalls", "read"},
                                {"tps", "[pw]read"},
                                {"tpsExclude", "[pw]read"}};

bool same(const Options& a, const Options& b) {
  return a.pid == b.pid && a.tid == b.tid && a.comm == b.comm && a.path == b.path &&
         a.name == b.name && a.duration_s == b.duration_s && a.threads == b.threads &&
         a.ring_bytes == b.ring_bytes && a.max_keys == b.max_keys && a.ready_fd == b.ready_fd &&
         a.fields == b.fields && a.weight == b.weight && a.filters == b.filters &&
         a.selection.syscalls == b.selection.syscalls;
}

TEST(Options, with_a_value_may_be_spelt_in_four_ways) {
  for (const Spelling& each : kValued) {
    SCOPED_TRACE(each.name);
    const std::string one = "-" + std::string(each.name), two = "-" + one;
    const std::string one_equals = one + "=" + each.value, two_equals = two + "=" + each.value;
    const Options options = parsed({each.with, one.c_str(), each.value});
    EXPECT_FALSE(same(options, parsed({each.with})));
    EXPECT_TRUE(same(options, parsed({each.with, two.c_str(), each.value})));
    EXPECT_TRUE(same(options, parsed({each.with, one_equals.c_str()})));
    EXPECT_TRUE(same(options, parsed({each.with, two_equals.c_str()})));
  }
}

TEST(Options, without_a_value_take_one_dash_or_two) {
  for (const char* word : {"-plain", "--plain"}) EXPECT_TRUE(parsed({word}).plain);
  for (const char* word : {"-flamegraph", "--flamegraph"}) EXPECT_TRUE(parsed({word}).flamegraph);
  for (const char* word : {"-f", "--f"}) EXPECT_TRUE(parsed({word, "-pid", "1"}).follow);
  const Options both = parsed({"-plain", "-flamegraph", "-plain"});
  EXPECT_TRUE(both.plain && both.flamegraph);
}

TEST(Options, say_when_to_escape) {
  EXPECT_EQ(parsed({}).escape, Escape::automatic);
  EXPECT_EQ(parsed({"-escape", "always"}).escape, Escape::always);
  for (const char* command : {"report", "collapsed", "export"}) {
    EXPECT_EQ(parsed({command, "--escape=never", "x"}).escape, Escape::never);
  }
}

TEST(Options, the_rows_have_a_time_unless_their_columns_are_classic_or_they_shall_have_none) {
  EXPECT_EQ(parsed({"-plain"}).row_options.time, TimeColumn::wall);
  EXPECT_EQ(parsed({"-plain", "-columns", "default"}).row_options.time, TimeColumn::wall);
  EXPECT_EQ(parsed({"-plain", "--time=relative"}).row_options.time, TimeColumn::relative);
  EXPECT_EQ(parsed({"-plain", "-time", "none"}).row_options.time, TimeColumn::none);
  const RowOptions classic = parsed({"-plain", "-columns", "classic"}).row_options;
  EXPECT_TRUE(classic.classic);
  EXPECT_EQ(classic.time, TimeColumn::none);
  const RowOptions both = parsed({"-plain", "-columns", "classic", "-time", "wall"}).row_options;
  EXPECT_TRUE(both.classic);
  EXPECT_EQ(both.time, TimeColumn::wall);
}

TEST(Options, the_two_spellings_of_the_no_forms_subtract_alike) {
  EXPECT_EQ(parsed({"-no-trace-kinds", "fd"}).selection.syscalls,
            parsed({"-trace-no-kinds", "fd"}).selection.syscalls);
}

TEST(Options, that_are_lists_add_up_when_given_again) {
  const Options options = parsed({"-trace-syscalls", "read,write", "--trace-syscalls=openat"});
  EXPECT_EQ(options.selection.syscalls.count(), 3u);
  EXPECT_THAT(options.filters, ElementsAre("syscalls=read,write,openat"));
  EXPECT_THAT(parsed({"-fields", "pid", "-fields", "tid"}).fields,
              ElementsAre(Field::pid, Field::tid));
}

TEST(Options, expressions_keep_their_brackets) {
  EXPECT_EQ(parsed({"-tps", "[^a-z_]"}).selection.syscalls,
            parsed({"-tps", "[0-9]"}).selection.syscalls);
}

TEST(Options, what_follows_two_dashes_is_the_command_as_it_stands) {
  const Options options = parsed({"-f", "--", "sh", "-c", "exit 7", "--", "-pid", "-help", ""});
  EXPECT_TRUE(options.follow);
  EXPECT_THAT(options.command_line, ElementsAre("sh", "-c", "exit 7", "--", "-pid", "-help", ""));
  EXPECT_THAT(options.arguments,
              ElementsAre("ior", "-f", "--", "sh", "-c", "exit 7", "--", "-pid", "-help", ""));
}

TEST(Options, of_report_are_a_file_and_a_table_or_json) {
  const Options table = parsed({"report", "-rows=3", "-fields", "comm", "x.zst"});
  EXPECT_EQ(table.command, Command::report);
  EXPECT_EQ(table.file, "x.zst");
  EXPECT_EQ(table.rows, 3);
  EXPECT_FALSE(table.json);
  EXPECT_TRUE(parsed({"report", "--json", "x.zst"}).json);
}

TEST(Options, of_collapsed_are_a_file_fields_and_a_weight) {
  for (const Words& words :
       {Words{"collapsed", "-fields", "comm,path", "-count=bytes", "x.zst"},
        Words{"collapsed", "x.zst", "--fields=comm,path", "--count", "bytes"}}) {
    const Options options = parsed(words);
    EXPECT_EQ(options.command, Command::collapsed);
    EXPECT_EQ(options.file, "x.zst");
    EXPECT_THAT(options.fields, ElementsAre(Field::comm, Field::path));
    EXPECT_EQ(options.weight, Weight::bytes);
  }
  EXPECT_THAT(parsed({"collapsed", "x"}).fields, IsEmpty());
  EXPECT_EQ(parsed({"collapsed", "--", "-x"}).file, "-x");
}

TEST(Options, of_export_are_a_file_and_a_format) {
  for (const Words& words : {Words{"export", "--format", "jsonl", "x"}, Words{"export", "x"},
                             Words{"export", "x", "-format=jsonl"}}) {
    const Options options = parsed(words);
    EXPECT_EQ(options.command, Command::export_records);
    EXPECT_EQ(options.file, "x");
    EXPECT_EQ(options.format, "jsonl");
  }
}

TEST(Options, syscalls_and_version_stand_alone) {
  EXPECT_EQ(parsed({"syscalls"}).command, Command::syscalls);
  for (const char* word : {"-version", "--version", "-V"}) {
    EXPECT_EQ(parsed({word}).command, Command::version);
  }
}

struct HelpCase {
  Words words;
  std::string usage;
};

TEST(Options, help_wins_over_everything_else_and_is_about_its_command) {
  for (const HelpCase& each :
       {HelpCase{{"-help"}, "Usage: ior [options] "}, HelpCase{{"--help"}, "Usage: ior [options] "},
        HelpCase{{"-h"}, "Usage: ior [options] "},
        HelpCase{{"-nonsense", "-pid", "-help"}, "Usage: ior [options] "},
        HelpCase{{"report", "-help"}, "Usage: ior report "},
        HelpCase{{"collapsed", "-help"}, "Usage: ior collapsed "},
        HelpCase{{"export", "-h"}, "Usage: ior export "},
        HelpCase{{"syscalls", "--help"}, "Usage: ior syscalls\n"}}) {
    const Options options = parsed(each.words);
    EXPECT_EQ(options.command, Command::help);
    EXPECT_THAT(options.help, HasSubstr(each.usage));
    EXPECT_THAT(options.help, HasSubstr("-h, -help "));
  }
}

TEST(Options, help_shows_every_option_with_one_dash_and_every_family) {
  const std::string help = parsed({"-help"}).help;
  for (const Spelling& each : kValued) {
    if (each.name.starts_with("trace-no-")) continue;
    EXPECT_THAT(help, HasSubstr("\n  -" + std::string(each.name) + " ")) << each.name;
  }
  for (const std::string_view family : family_names()) {
    EXPECT_THAT(help, HasSubstr("\n  " + std::string(family) + " ")) << family;
  }
  for (const std::string_view kind : kind_names()) EXPECT_THAT(help, HasSubstr(std::string(kind)));
  EXPECT_THAT(help, Not(HasSubstr("--pid")));
  EXPECT_THAT(help, Not(HasSubstr("\n\n\n")));
}

struct ErrorCase {
  Words words;
  std::string message;
};

TEST(Options, that_make_no_sense_are_refused_with_what_to_do) {
  for (const ErrorCase& each : {
           ErrorCase{{"-pud", "3"}, "unknown option -pud, did you mean -pid?"},
           ErrorCase{{"-pid", "0"}, "-pid takes the number of a process"},
           ErrorCase{{"-pid", "-3"}, "-pid takes the number of a process"},
           ErrorCase{{"-pid", "me"}, "-pid takes the number of a process"},
           ErrorCase{{"-pid"}, "-pid needs a value"},
           ErrorCase{{"-pid", "--", "ls"}, "-pid needs a value"},
           ErrorCase{{"-pid", "3", "--pid=4"}, "-pid is given more than once"},
           ErrorCase{{"-name", "-flamegraph"}, "-name needs a value"},
           ErrorCase{{"-name", "a/b", "-flamegraph"}, "-name takes a part of a file name"},
           ErrorCase{{"-duration", "0"}, "-duration takes seconds"},
           ErrorCase{{"-threads", "none"}, "-threads takes a number"},
           ErrorCase{{"-mapSize", "5000"}, "-mapSize takes a power of two"},
           ErrorCase{{"-max-keys", "0"}, "-max-keys takes a number from 1"},
           ErrorCase{{"-ready-fd", "-1"}, "-ready-fd takes the number of an open fd"},
           ErrorCase{{"-comm", "longer-than-fifteen"}, "-comm takes at most 15 bytes"},
           ErrorCase{{"-fields", "pth"}, "-fields: unknown field 'pth'"},
           ErrorCase{{"-count", "calls"}, "-count: unknown weight 'calls'"},
           ErrorCase{{"-trace-families", "files"}, "-trace-families: unknown family 'files'"},
           ErrorCase{{"-tps", "("}, "-tps: '(' is not a regular expression"},
           ErrorCase{{"-tps", "nothing"}, "leave no syscall to trace"},
           ErrorCase{{"-plain=yes"}, "-plain takes no value"},
           ErrorCase{{"-f"}, "-f follows the children of a target: add -pid, -tid or -- COMMAND"},
           ErrorCase{{"-pid", "3", "--", "ls"}, "give one of the two"},
           ErrorCase{{"-tid", "3", "--", "ls"}, "give one of the two"},
           ErrorCase{{"--"}, "there is no command after --"},
           ErrorCase{{"-plain", "-fields", "pid"}, "leave out -fields, -count and -rows"},
           ErrorCase{{"-plain", "-count", "bytes"}, "leave out -fields, -count and -rows"},
           ErrorCase{{"-plain", "-rows", "7"}, "leave out -fields, -count and -rows"},
           ErrorCase{{"-flamegraph", "-fields", "pid"}, "and give them to ior report"},
           ErrorCase{{"-flamegraph", "-count", "bytes"}, "and give them to ior report"},
           ErrorCase{{"-flamegraph", "-rows", "7"}, "and give them to ior report"},
           ErrorCase{{"-name", "x"}, "add -flamegraph, or leave out -name"},
           ErrorCase{{"-mode", "0640"}, "add -flamegraph, or leave out -mode"},
           ErrorCase{{"-escape", "yes"},
                     "-escape: unknown case 'yes' (cases: auto, always, never)"},
           ErrorCase{{"syscalls", "-escape", "never"}, "unknown option -escape"},
           ErrorCase{{"-args"}, "add -plain, or leave out -args"},
           ErrorCase{{"-root"}, "add -plain, or leave out -root"},
           ErrorCase{{"-time", "boot"}, "add -plain, or leave out -time"},
           ErrorCase{{"-columns", "classic"}, "add -plain, or leave out -columns"},
           ErrorCase{{"-plain", "-time", "Boot"},
                     "-time: unknown clock 'Boot', did you mean boot?"},
           ErrorCase{{"-plain", "-time", "utc"}, "(clocks: wall, boot, relative, none)"},
           ErrorCase{{"-plain", "-columns", "old"},
                     "-columns: unknown set 'old' (sets: default, classic)"},
           ErrorCase{{"ls", "/etc"},
                     "unknown command 'ls' (commands: report, collapsed, export, syscalls"},
           ErrorCase{{"colapsed", "x"}, "unknown command 'colapsed', did you mean collapsed?"},
           ErrorCase{{"-plain", "ls", "/etc"}, "comes after --, as in 'ior -- ls /etc'"},
           ErrorCase{{"report"}, "'ior report' takes one recording, not 0"},
           ErrorCase{{"report", "-json", "-rows", "3", "x"}, "-json prints all there is"},
           ErrorCase{{"collapsed"}, "'ior collapsed' takes one recording, not 0"},
           ErrorCase{{"collapsed", ""}, "'ior collapsed' takes one recording"},
           ErrorCase{{"collapsed", "a", "b"}, "'ior collapsed' takes one recording, not 2"},
           ErrorCase{{"collapsed", "-pid", "3", "a"}, "unknown option -pid"},
           ErrorCase{{"collapsed", "-count", "byte", "a"}, "did you mean bytes?"},
           ErrorCase{{"export", "--format", "json", "a"},
                     "unknown format 'json', did you mean jsonl?"},
           ErrorCase{{"export"}, "'ior export' takes one recording, not 0"},
           ErrorCase{{"syscalls", "read"}, "'ior syscalls' takes no argument, not 'read'"},
       }) {
    EXPECT_THAT(error_of(each.words), HasSubstr(each.message));
    EXPECT_THAT(error_of(each.words), Not(StartsWith("ior: ")));
    EXPECT_THAT(error_of(each.words), Not(HasSubstr("\n")));
  }
}

}  // namespace
}  // namespace ior
