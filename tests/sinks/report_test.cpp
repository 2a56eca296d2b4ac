#include "sinks/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/sinks/recordings.hpp"

namespace ior {
namespace {

using test::recording_of;

Recording three_files() {
  return recording_of({
      {.path = "/b",
       .tracepoint = "enter_read",
       .tid = 1,
       .count = 2,
       .duration_ns = 3000,
       .gap_ns = 7,
       .bytes_read = 12'595},
      {.path = "/b",
       .tracepoint = "enter_read",
       .tid = 2,
       .count = 1,
       .errors = 1,
       .duration_ns = 1'500'000,
       .gap_ns = 1},
      {.path = "/a", .count = 2, .duration_ns = 800, .gap_ns = 5'000},
      {.path = "", .tracepoint = "enter_sync", .count = 2, .duration_ns = 2'000'000'000},
  });
}

std::string report_by(std::vector<Field> fields, Weight weight = Weight::count) {
  return format_report(three_files(), {.fields = std::move(fields), .weight = weight});
}

TEST(Report, groups_by_syscall_and_path_most_calls_first) {
  EXPECT_EQ(format_report(three_files()),
            "COUNT  ERRORS   TOTAL   AVERAGE      READ  WRITTEN  TRACEPOINT    PATH\n"
            "    3       1  1.5 ms  501.0 us  12.3 KiB      0 B  enter_read    /b\n"
            "    2       0  800 ns    400 ns       0 B      0 B  enter_openat  /a\n"
            "    2       0   2.0 s     1.0 s       0 B      0 B  enter_sync    -\n");
}

TEST(Report, is_sorted_by_the_weight) {
  EXPECT_EQ(report_by({Field::path}, Weight::duration),
            "COUNT  ERRORS   TOTAL   AVERAGE      READ  WRITTEN  PATH\n"
            "    2       0   2.0 s     1.0 s       0 B      0 B  -\n"
            "    3       1  1.5 ms  501.0 us  12.3 KiB      0 B  /b\n"
            "    2       0  800 ns    400 ns       0 B      0 B  /a\n");
  EXPECT_EQ(report_by({Field::path}, Weight::bytes_read).find("/b"),
            report_by({Field::path}, Weight::bytes_read).find('/'));
}

TEST(Report, sorted_by_the_gap_it_shows_the_gap) {
  EXPECT_EQ(report_by({Field::path}, Weight::duration_to_prev),
            "   GAP  COUNT  ERRORS   TOTAL   AVERAGE      READ  WRITTEN  PATH\n"
            "5.0 us      2       0  800 ns    400 ns       0 B      0 B  /a\n"
            "  8 ns      3       1  1.5 ms  501.0 us  12.3 KiB      0 B  /b\n"
            "  0 ns      2       0   2.0 s     1.0 s       0 B      0 B  -\n");
}

TEST(Report, any_fields_group) {
  EXPECT_EQ(report_by({Field::comm, Field::pid}),
            "COUNT  ERRORS  TOTAL   AVERAGE      READ  WRITTEN  COMM  PID\n"
            "    7       1  2.0 s  285.9 ms  12.3 KiB      0 B  cat   4711\n");
  EXPECT_EQ(format_report(recording_of({{.flags = 1}}), {.fields = {Field::flags, Field::tid}}),
            "COUNT  ERRORS  TOTAL  AVERAGE  READ  WRITTEN  FLAGS     TID\n"
            "    1       0   0 ns     0 ns   0 B      0 B  O_WRONLY  4711\n");
}

Recording served_files() {
  Recording recording;
  for (const char* socket : {"socket:[1]", "socket:[2]", "socket:[3]"}) {
    test::add(recording, {.path = socket,
                          .old_path = "/srv/index.html",
                          .tracepoint = "enter_sendfile64",
                          .duration_ns = 100,
                          .gap_ns = 7,
                          .bytes_read = 500,
                          .bytes_written = 500});
  }
  test::add(recording, {.path = "/srv/log", .tracepoint = "enter_write", .bytes_written = 9});
  test::add(recording, {.path = "/new", .old_path = "/old", .tracepoint = "enter_rename"});
  return recording;
}

TEST(Report, a_second_file_has_a_line_of_its_own_and_its_calls_count_once) {
  EXPECT_EQ(format_report(served_files()),
            "COUNT  ERRORS   TOTAL  AVERAGE     READ  WRITTEN  TRACEPOINT        PATH\n"
            "  (3)       -       -        -  1.5 KiB        -  enter_sendfile64  /srv/index.html "
            "(as source)\n"
            "    1       0    0 ns     0 ns      0 B      0 B  enter_rename      /new\n"
            "  (1)       -       -        -      0 B        -  enter_rename      /old (as source)\n"
            "    1       0  100 ns   100 ns      0 B    500 B  enter_sendfile64  socket:[1]\n"
            "    1       0  100 ns   100 ns      0 B    500 B  enter_sendfile64  socket:[2]\n"
            "    1       0  100 ns   100 ns      0 B    500 B  enter_sendfile64  socket:[3]\n"
            "    1       0    0 ns     0 ns      0 B      9 B  enter_write       /srv/log\n");
}

TEST(Report, a_second_files_line_is_sorted_by_what_it_adds_to_the_weight) {
  const auto first_line = [](Weight weight) {
    const std::string report =
        format_report(served_files(), {.fields = {Field::path}, .weight = weight, .rows = 1});
    const std::size_t line = report.find('\n') + 1;
    return report.substr(line, report.find('\n', line) - line);
  };
  EXPECT_EQ(first_line(Weight::bytes_read),
            "  (3)       -      -        -  1.5 KiB        -  /srv/index.html (as source)");
  EXPECT_EQ(first_line(Weight::bytes_written),
            "    1       0  100 ns   100 ns   0 B    500 B  socket:[1]");
  EXPECT_EQ(first_line(Weight::duration),
            "    1       0  100 ns   100 ns   0 B    500 B  socket:[1]");
  EXPECT_EQ(first_line(Weight::duration_to_prev),
            "7 ns      1       0  100 ns   100 ns   0 B    500 B  socket:[1]");
}

TEST(Report, without_the_path_a_call_is_in_one_line_with_all_its_bytes) {
  EXPECT_EQ(format_report(served_files(), {.fields = {Field::tracepoint}, .rows = 1}),
            "COUNT  ERRORS   TOTAL  AVERAGE     READ  WRITTEN  TRACEPOINT\n"
            "    3       0  300 ns   100 ns  1.5 KiB  1.5 KiB  enter_sendfile64\n"
            "... and 2 more rows\n");
}

TEST(Report, what_is_not_known_is_no_zero) {
  const Recording recording = recording_of({
      {.path = "/none", .tracepoint = "aio_pread", .count = 4, .unmeasured = 4},
      {.path = "/some",
       .tracepoint = "aio_pread",
       .count = 3,
       .errors = 1,
       .duration_ns = 800,
       .bytes_read = 10,
       .unmeasured = 1},
      {.path = "/late", .tracepoint = "aio_pwrite", .count = 2, .duration_ns = 800, .at_most = 1},
  });
  EXPECT_EQ(format_report(recording, {.fields = {Field::path}}),
            "COUNT  ERRORS     TOTAL   AVERAGE    READ  WRITTEN  PATH\n"
            "    4       ?         ?         ?       ?      0 B  /none\n"
            "    3     >=1  >=800 ns    400 ns  >=10 B      0 B  /some\n"
            "    2       0  <=800 ns  <=400 ns     0 B      0 B  /late\n");
}

TEST(Report, a_root_is_a_field) {
  const Recording recording = recording_of({{.path = "/a", .root = "/jail"}, {.path = "/a"}});
  EXPECT_EQ(format_report(recording, {.fields = {Field::path, Field::root}}),
            "COUNT  ERRORS  TOTAL  AVERAGE  READ  WRITTEN  PATH  ROOT\n"
            "    1       0   0 ns     0 ns   0 B      0 B  /a    -\n"
            "    1       0   0 ns     0 ns   0 B      0 B  /a    /jail\n");
}

TEST(Report, says_how_many_rows_are_not_shown) {
  Recording recording;
  for (int i = 0; i < 42; ++i) test::add(recording, {.path = "/file-" + std::to_string(i)});
  EXPECT_TRUE(format_report(recording).ends_with("\n... and 2 more rows\n"));
  EXPECT_TRUE(format_report(recording, {.rows = 41}).ends_with("\n... and 1 more row\n"));
  EXPECT_EQ(format_report(recording, {.rows = 42}).find("more"), std::string::npos);
}

TEST(Report, columns_line_up_whatever_the_names) {
  const Recording recording = recording_of({
      {.path = "/caf\xc3\xa9\x1b[31m", .count = 2},
      {.path = "/plain", .count = 1},
  });
  EXPECT_EQ(format_report(recording, {.fields = {Field::path, Field::comm}}),
            "COUNT  ERRORS  TOTAL  AVERAGE  READ  WRITTEN  PATH           COMM\n"
            "    2       0   0 ns     0 ns   0 B      0 B  /caf\xc3\xa9\\x1b[31m  cat\n"
            "    1       0   0 ns     0 ns   0 B      0 B  /plain         cat\n");
}

TEST(Report, long_paths_keep_their_last_component) {
  const std::string path = "/data" + std::string(100, 'x') + "/deep/down/the-file.txt";
  const Recording recording = recording_of({{.path = path}});
  const std::string report = format_report(recording, {.shortened = true});
  EXPECT_TRUE(report.ends_with("  /.../the-file.txt\n")) << report;
  EXPECT_TRUE(format_report(recording).ends_with("  " + path + "\n")) << "whole elsewhere";
}

TEST(Report, paths_of_different_roots_have_lines_of_their_own) {
  const Recording recording = recording_of({{.path = "/x.db", .count = 3, .bytes_read = 30},
                                            {.path = "/x.db", .root = "/srv/jail", .count = 2},
                                            {.path = "/x.db", .root = "mnt:[4026532621]"}});
  EXPECT_EQ(format_report(recording, {.fields = {Field::path}}),
            "COUNT  ERRORS  TOTAL  AVERAGE  READ  WRITTEN  ROOT              PATH\n"
            "    3       0   0 ns     0 ns  30 B      0 B  -                 /x.db\n"
            "    2       0   0 ns     0 ns   0 B      0 B  /srv/jail         /x.db\n"
            "    1       0   0 ns     0 ns   0 B      0 B  mnt:[4026532621]  /x.db\n");
  EXPECT_EQ(format_report(recording, {.fields = {Field::comm}}),
            "COUNT  ERRORS  TOTAL  AVERAGE  READ  WRITTEN  COMM\n"
            "    6       0   0 ns     0 ns  30 B      0 B  cat\n");
  EXPECT_TRUE(
      format_report(recording, {.fields = {Field::path, Field::root}}).contains("PATH   ROOT\n"));
}

TEST(Report, an_empty_recording_says_so) {
  EXPECT_EQ(format_report(Recording()), "no calls recorded\n");
}

TEST(Report, a_line_says_how_many_calls_it_misses_at_most) {
  const Recording recording = test::small_recording();
  EXPECT_EQ(format_report(recording, {.fields = {Field::tracepoint}}),
            "COUNT  MISSED  ERRORS     TOTAL   AVERAGE        READ     WRITTEN  TRACEPOINT\n"
            "    3       4       1    1.5 us    507 ns         0 B         0 B  enter_openat\n"
            "    2       0     >=0   ~900 ns  <=900 ns  >=68.4 KiB  >=68.4 KiB  "
            "enter_copy_file_range\n"
            "    2       1       0    700 ns    350 ns     4.0 KiB         0 B  enter_read\n"
            "    1       0       0      0 ns      0 ns         0 B         0 B  enter_rename\n"
            "    1       0       0  300.0 us  300.0 us         0 B         0 B  enter_sync\n");
  EXPECT_EQ(format_report(recording, {.fields = {Field::path, Field::tracepoint}, .rows = 1}),
            "COUNT  MISSED  ERRORS   TOTAL  AVERAGE  READ  WRITTEN  PATH           TRACEPOINT\n"
            "    3     <=4       1  1.5 us   507 ns   0 B      0 B  /etc/hostname  enter_openat\n"
            "... and 6 more rows\n");
  EXPECT_EQ(format_report(recording, {.fields = {Field::comm}, .rows = 1}),
            "COUNT  MISSED  ERRORS   TOTAL  AVERAGE     READ  WRITTEN  COMM\n"
            "    6     <=5       1  2.2 us   370 ns  4.0 KiB      0 B  cat\n"
            "... and 2 more rows\n");
}

TEST(Report, what_a_filter_left_out_may_be_what_was_missed) {
  Recording recording = test::recording_of({{.tracepoint = "enter_read", .count = 2}});
  recording.totals = {{.tracepoint = "enter_read", .calls = 9, .seen = 8}};
  EXPECT_EQ(format_report(recording, {.fields = {Field::tracepoint}}),
            "COUNT  MISSED  ERRORS  TOTAL  AVERAGE  READ  WRITTEN  TRACEPOINT\n"
            "    2     <=1       0   0 ns     0 ns   0 B      0 B  enter_read\n");
}

TEST(Summary, shows_the_totals_and_every_loss_by_cause_and_what_is_missing) {
  EXPECT_EQ(format_summary(test::small_recording()),
            "ior: syscalls seen 14, per second 7, recorded 9\n"
            "ior: lost: 5 calls, 1 name\n"
            "ior:   ring_full           5  ring full\n"
            "ior:   name_expired        1  name gone\n"
            "ior:   unexplained         0  calls that the kernel side counted, and that neither "
            "arrived nor have a cause\n"
            "ior: missing:\n"
            "ior:   4 of 7 calls  enter_openat\n"
            "ior:   1 of 3 calls  enter_read\n"
            "ior: not lost:\n"
            "ior:   in_flight_at_start  0  in flight\n"
            "ior: in flight for over a second, or since before the trace:\n"
            "ior:   read  cat 4711.4712  since before the trace, over 1.5 s  /tmp/fifo\n");
}

TEST(Summary, shows_how_many_rows_were_not_written_where_there_were_to_be_any) {
  EXPECT_EQ(format_summary({}, {.rows_not_written = 3}),
            "ior: syscalls seen 0, per second 0, recorded 0\n"
            "ior: lost: 0 calls, 0 names, 3 rows\n"
            "ior:   rows_not_written  3  rows of calls that were seen, which could not be written\n"
            "ior: not lost:\n");
  EXPECT_THAT(format_summary({}, {.rows_not_written = 0}),
              testing::HasSubstr("rows_not_written  0  "));
}

// Which a recording may hold that others made.
TEST(Summary, names_cannot_forge_a_line) {
  Recording recording;
  recording.losses = {{"x\nior: lost: 0 calls", Severity::lost, "\x1b[2J", 1}};
  recording.totals = {{.tracepoint = "enter\r\u202e", .calls = 1}};
  const std::string summary = format_summary(recording);
  EXPECT_THAT(summary, testing::HasSubstr("  x\\x0aior: lost: 0 calls  1  \\x1b[2J\n"));
  EXPECT_THAT(summary, testing::HasSubstr("of 1 calls  enter\\x0d\\xe2\\x80\\xae\n"));
  EXPECT_THAT(format_summary(recording, {.rows_not_written = {}, .escaped = false}),
              testing::HasSubstr("x\nior: lost: 0 calls"));
}

TEST(Report, names_are_escaped_unless_they_shall_be_exact) {
  const Recording recording = test::recording_of({{.path = "/a\nb\\\x80", .comm = "long comm"}});
  const std::vector<Field> fields = {Field::path, Field::comm};
  EXPECT_THAT(format_report(recording, {.fields = fields}),
              testing::HasSubstr("PATH           COMM\n"));
  EXPECT_THAT(format_report(recording, {.fields = fields}),
              testing::HasSubstr("  /a\\x0ab\\\\\\x80  long comm\n"));
  EXPECT_THAT(format_report(recording, {.fields = fields, .escaped = false}),
              testing::HasSubstr("  /a\nb\\\x80  long comm\n"));
}

TEST(Summary, a_trace_without_duration_has_no_rate) {
  Recording recording;
  recording.calls_seen = 1;
  EXPECT_EQ(format_summary(recording),
            "ior: syscalls seen 1, per second 0, recorded 0\n"
            "ior: lost: 0 calls, 0 names\n"
            "ior: not lost:\n");
}

}  // namespace
}  // namespace ior
