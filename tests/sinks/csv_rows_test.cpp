#include "sinks/csv_rows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "tests/support/made_calls.hpp"

namespace ior {
namespace {

const std::string kHeader = "durationToPrevNs,durationNs,comm,pid,tid,name,ret,file\n";
constexpr RowOptions kTimeless = {.time = TimeColumn::none};

// A file in memory.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("csv", MFD_CLOEXEC)) {}
  int fd() const { return fd_.get(); }
  std::string content() const {
    std::string bytes(static_cast<std::size_t>(::lseek(fd(), 0, SEEK_END)), '\0');
    EXPECT_EQ(::pread(fd(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    return bytes;
  }

 private:
  UniqueFd fd_;
};

Call call_of(std::string_view path, std::string_view comm = "cat") {
  Call call;
  call.number = SYS_openat;
  call.caller = test::calling({.tgid = 4711, .tid = 4711}, comm);
  call.duration_ns = 1523;
  call.ret = 3;
  call.path = test::named(path);
  return call;
}

// The header and the row.
std::string content_of(const Call& call, const RowOptions& options) {
  const MemoryFile file;
  CsvRows rows(file.fd(), options);
  rows.begin({.boot_ns = 1'000'000'000});
  rows.write({&call, 1});
  EXPECT_TRUE(rows.finish());
  return file.content();
}

std::string row_of(const Call& call) {
  const std::string content = content_of(call, kTimeless);
  EXPECT_TRUE(content.starts_with(kHeader));
  return content.substr(std::min(kHeader.size(), content.size()));
}

TEST(CsvRows, a_row_has_the_columns_of_the_header) {
  EXPECT_EQ(row_of(call_of("/etc/hostname")), "0,1523,cat,4711,4711,openat,3,/etc/hostname\n");
}

TEST(CsvRows, a_row_begins_with_the_time_of_its_calls_end_or_else_of_its_enter) {
  Call call = call_of("/x");
  call.enter_ns = 2'000'000'000;
  const std::string columns = "durationToPrevNs,durationNs,comm,pid,tid,name,ret,file\n";
  EXPECT_EQ(content_of(call, {.time = TimeColumn::boot}),
            "time," + columns + "2.000001523,0,1523,cat,4711,4711,openat,3,/x\n");
  call.no_return = true;
  EXPECT_EQ(content_of(call, {.time = TimeColumn::relative}),
            "time," + columns + "1.000000000,0,,cat,4711,4711,openat,,/x\n");
}

TEST(CsvRows, the_classic_columns_are_those_of_old) {
  EXPECT_EQ(content_of(call_of("/x"), {.time = TimeColumn::none, .classic = true}),
            "durationToPrevNs,durationNs,comm,pid.tid,name,ret,file\n"
            "0,1523,cat,4711.4711,openat,3,/x\n");
}

TEST(CsvRows, the_root_is_a_column_on_demand) {
  const std::string header = "durationToPrevNs,durationNs,comm,pid,tid,name,ret,file,root\n";
  const RowOptions options = {.time = TimeColumn::none, .root = true};
  Call call = call_of("/x");
  EXPECT_EQ(content_of(call, options), header + "0,1523,cat,4711,4711,openat,3,/x,\n");
  Caller caller = *call.caller;
  caller.root = test::named("/srv/a,b");
  call.caller = &caller;
  EXPECT_EQ(content_of(call, options), header + "0,1523,cat,4711,4711,openat,3,/x,\"/srv/a,b\"\n");
  const Name outside = {.text = "/x", .root = test::named("mnt:[1]")};
  call.path = &outside;
  EXPECT_EQ(content_of(call, options), header + "0,1523,cat,4711,4711,openat,3,/x,mnt:[1]\n");
}

TEST(CsvRows, threads_errors_and_gaps_are_shown) {
  Call call = call_of("/none");
  call.caller = test::calling({.tgid = 4711, .tid = 4712});
  call.ret = -2;
  call.gap_ns = 99;
  EXPECT_EQ(row_of(call), "99,1523,cat,4711,4712,openat,-2,/none\n");
}

TEST(CsvRows, the_largest_figures_fit) {
  Call call = call_of("/x");
  constexpr auto kLargest = std::numeric_limits<std::uint32_t>::max();
  call.caller = test::calling({.tgid = kLargest, .tid = kLargest});
  call.gap_ns = call.duration_ns = std::numeric_limits<std::uint64_t>::max();
  call.ret = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(row_of(call),
            "18446744073709551615,18446744073709551615,cat,4294967295,4294967295,openat,"
            "-9223372036854775808,/x\n");
}

TEST(CsvRows, a_gap_that_spans_a_lost_call_is_marked) {
  Call call = call_of("/x");
  call.gap_ns = 50;
  call.after_loss = true;
  EXPECT_EQ(row_of(call), "~50,1523,cat,4711,4711,openat,3,/x\n");
}

TEST(CsvRows, a_call_that_never_returns_has_no_duration_and_no_return) {
  Call call = call_of("");
  call.number = SYS_exit_group;
  call.no_return = true;
  EXPECT_EQ(row_of(call), "0,,cat,4711,4711,exit_group,,\n");
}

TEST(CsvRows, an_upper_bound_of_a_duration_is_marked) {
  Call call = call_of("/x");
  call.duration_ns = 123;
  call.at_most = true;
  EXPECT_THAT(row_of(call), testing::HasSubstr(",<=123,cat,"));
}

TEST(CsvRows, a_request_whose_end_nobody_saw_says_why_it_has_no_return) {
  Call call = call_of("/x");
  call.number = 1;
  call.no_return = true;
  call.table = IOR_TABLE_AIO;
  EXPECT_EQ(row_of(call),
            "0,?,cat,4711,4711,aio_pwrite,unknown: its ring of events was not read,/x\n");
  call.table = IOR_TABLE_URING;
  EXPECT_EQ(row_of(call), "0,?,cat,4711,4711,io_uring_readv,unknown: no completion posted,/x\n");
}

TEST(CsvRows, a_number_without_a_name_is_shown_as_a_number) {
  Call call = call_of("");
  call.number = 511;
  EXPECT_EQ(row_of(call), "0,1523,cat,4711,4711,syscall_511,3,\n");
  call.number = 251;
  call.table = IOR_TABLE_32;
  EXPECT_EQ(row_of(call), "0,1523,cat,4711,4711,i386_251,3,\n");
}

TEST(CsvRows, a_32_bit_call_has_the_name_of_its_own_table) {
  Call call = call_of("");
  call.number = 5;
  call.table = IOR_TABLE_32;
  EXPECT_EQ(row_of(call), "0,1523,cat,4711,4711,i386_open,3,\n");
}

struct Quoting {
  const char* path;
  const char* old_path;
  const char* field;
};

TEST(CsvRows, fields_are_quoted_where_rfc_4180_asks_for_it) {
  const Quoting kCases[] = {
      {"/plain file", "", "/plain file"},
      {"/a,b", "", "\"/a,b\""},
      {"/a\"b", "", "\"/a\"\"b\""},
      {"/a\nb", "", "\"/a\nb\""},
      {"/a\rb", "", "\"/a\rb\""},
      {"/new", "/old", "/old -> /new"},
      {"/new", "/o,ld", "\"/o,ld -> /new\""},
      {"/n\"ew", "/old", "\"/old -> /n\"\"ew\""},
      {"", "", ""},
  };
  for (const auto& [path, old_path, field] : kCases) {
    Call call = call_of(path);
    call.old_path = test::named(old_path);
    EXPECT_EQ(row_of(call), "0,1523,cat,4711,4711,openat,3," + std::string(field) + "\n");
  }
  EXPECT_EQ(row_of(call_of("/x", "a,b")), "0,1523,\"a,b\",4711,4711,openat,3,/x\n");
}

TEST(CsvRows, names_are_exact_or_escaped_and_then_quoted) {
  Call call = call_of("/a\x1b[0m\n,\\\"", "c\x9bt");
  call.old_path = test::named("/\u202eb");
  EXPECT_EQ(row_of(call),
            "0,1523,c\x9bt,4711,4711,openat,3,"
            "\"/\u202eb -> /a\x1b[0m\n,\\\"\"\"\n");
  EXPECT_EQ(content_of(call, {.time = TimeColumn::none, .escaped = true}),
            kHeader +
                "0,1523,c\\x9bt,4711,4711,openat,3,"
                "\"/\\xe2\\x80\\xaeb -> /a\\x1b[0m\\x0a,\\\\\"\"\"\n");
}

TEST(CsvRows, the_header_comes_once_and_also_without_calls) {
  const MemoryFile file;
  CsvRows rows(file.fd(), kTimeless);
  EXPECT_TRUE(rows.finish());
  EXPECT_EQ(file.content(), kHeader);
  const Call call = call_of("/x");
  rows.write({&call, 1});
  rows.write({&call, 1});
  EXPECT_TRUE(rows.finish());
  const std::string row = "0,1523,cat,4711,4711,openat,3,/x\n";
  EXPECT_EQ(file.content(), kHeader + row + row);
}

TEST(CsvRows, rows_go_out_in_the_order_of_their_ends_once_nothing_earlier_can_come) {
  const MemoryFile file;
  CsvRows rows(file.fd(), {.time = TimeColumn::boot});
  const auto write = [&rows](std::uint64_t enter_ns, std::string_view path) {
    Call call = call_of(path);
    call.enter_ns = enter_ns;
    call.duration_ns = 10;
    rows.write({&call, 1});
  };
  const auto files = [&file] {
    std::string files;
    std::istringstream lines(file.content());
    for (std::string line; std::getline(lines, line);) files += line.substr(line.rfind(',') + 1);
    return files;
  };
  write(30, "/d");
  write(10, "/b");
  rows.settle(20);
  EXPECT_EQ(files(), "file") << "a call that ended at 20 may be followed by one that did, too";
  write(5, "/a");
  write(10, "/c");
  rows.settle(21);
  EXPECT_EQ(files(), "file/a/b/c");
  write(1, "/told late");
  rows.settle(22);
  EXPECT_EQ(files(), "file/a/b/c/told late");
  write(29, "/before d");
  EXPECT_TRUE(rows.finish());
  EXPECT_EQ(files(), "file/a/b/c/told late/before d/d");
}

TEST(CsvRows, a_large_batch_is_complete_when_it_is_settled) {
  const MemoryFile file;
  CsvRows rows(file.fd(), kTimeless);
  const std::vector<Call> calls(10'000, call_of("/a/path/that/fills/the/buffer/soon"));
  rows.write(calls);
  rows.settle(1'524);
  const std::string content = file.content();
  EXPECT_EQ(std::ranges::count(content, '\n'), 10'001);
  EXPECT_TRUE(content.ends_with("soon\n"));
}

TEST(CsvRows, the_first_error_is_kept_and_later_rows_are_dropped) {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const UniqueFd in(ends[1]);
  ::close(ends[0]);
  CsvRows rows(in.get(), kTimeless);
  const Call call = call_of("/x");
  rows.write({&call, 1});
  rows.settle(2'000);
  const MemoryFile file;
  ASSERT_EQ(::dup2(file.fd(), in.get()), in.get());
  rows.write({&call, 1});
  const Result<void> finished = rows.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().message, "cannot write rows: Broken pipe");
  EXPECT_EQ(file.content(), "");
  EXPECT_EQ(rows.not_written(), 2u);
}

bool is_readable(int fd) {
  pollfd polled{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&polled, 1, 0) == 1;
}

// Wherever the file ends: within the header, at a row's end or within a row, of the first write or
// a later one.
TEST(CsvRows, rows_that_were_not_written_to_their_end_are_counted_exactly) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const Call call = call_of("/a\nb");  // a row of two lines
  const std::vector<Call> calls(3'000, call);
  const std::size_t row = std::string_view("0,1523,cat,4711,4711,openat,3,\"/a\nb\"\n").size();
  const std::size_t header = kHeader.size();
  for (const std::size_t limit : {std::size_t{1}, header - 1, header, header + row - 1,
                                  header + row, header + 2'500 * row + 3, header + 5'999 * row}) {
    const rlimit small{.rlim_cur = limit, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const MemoryFile file;
    CsvRows rows(file.fd(), kTimeless);
    rows.write(calls);
    rows.settle(2'000);
    EXPECT_EQ(is_readable(rows.failed_fd()), limit < header + 3'000 * row) << limit;
    rows.write(calls);
    EXPECT_FALSE(rows.finish()) << limit;
    ::setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_TRUE(is_readable(rows.failed_fd()));
    EXPECT_EQ(file.content().size(), limit);
    const std::size_t written = limit < header ? 0 : (limit - header) / row;
    EXPECT_EQ(rows.not_written(), 6'000 - written) << limit;
  }
}

TEST(CsvRows, that_were_all_written_are_not_counted) {
  const MemoryFile file;
  CsvRows rows(file.fd(), kTimeless);
  const std::vector<Call> calls(3'000, call_of("/x"));
  rows.write(calls);
  EXPECT_TRUE(rows.finish());
  EXPECT_EQ(rows.not_written(), 0u);
  EXPECT_FALSE(is_readable(rows.failed_fd()));
}

}  // namespace
}  // namespace ior
