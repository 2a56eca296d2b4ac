// Calls that have two files: both are shown, with what was read from one and written to the other,
// and -path finds either.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "sinks/collapsed.hpp"
#include "sinks/report.hpp"
#include "tests/e2e/call32.hpp"
#include "tests/e2e/ring.hpp"
#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

constexpr int kConnections = 300;
constexpr int kServedBytes = 2048;

int file_of(const std::string& path, int size) {
  const int fd = make_file(path);
  must(::ftruncate(fd, size) == 0);
  return fd;
}

// As a server of files: each connection gets the whole file.
void serve(const std::string& path) {
  const int file = file_of(path, kServedBytes);
  for (int i = 0; i < kConnections; ++i) {
    std::array<int, 2> ends{};
    must(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    off_t start = 0;
    must(::sendfile(ends[0], file, &start, kServedBytes) == kServedBytes);
    for (const int end : ends) ::close(end);
  }
}

std::string collapsed(const Recording& recording, Weight weight) {
  std::ostringstream out;
  write_collapsed(recording, std::array{Field::path}, weight, out);
  return out.str();
}

TEST(TwoFiles, a_file_that_is_served_to_many_connections_heads_the_table) {
  const TempDir directory;
  const std::string path = directory.file("index.html");
  const Traced traced = trace_child([&] { serve(path); });
  const std::string report = format_report(traced.recording, {.rows = 1});
  EXPECT_THAT(report.substr(report.find('\n') + 1),
              testing::MatchesRegex(" *\\(300\\) +- +- +- +600.0 KiB +- +enter_sendfile64  " +
                                    path + " \\(as source\\)\n... and [0-9]+ more rows\n"));
  const Sum sent = sum_of(traced.records, "enter_sendfile64", path);
  EXPECT_EQ(sent.count, 300u);
  EXPECT_EQ(sent.bytes_read, 300u * kServedBytes);
  EXPECT_EQ(sent.bytes_written, 300u * kServedBytes);
  EXPECT_THAT(collapsed(traced.recording, Weight::bytes_read),
              HasSubstr("index.html;[as source] 614400\n"));
  const std::string written = collapsed(traced.recording, Weight::bytes_written);
  EXPECT_THAT(written, HasSubstr("socket:["));
  EXPECT_EQ(written.find("index.html"), written.npos) << "nothing was written to it";
}

TEST(TwoFiles, a_copy_reads_one_and_writes_the_other) {
  const TempDir directory;
  const std::string from = directory.file("from"), to = directory.file("to");
  std::ofstream(from) << std::string(3 << 20, 'x');
  const Finished traced = run({IOR_BIN, "-flamegraph", "--", "cp", from, to}, directory.path());
  ASSERT_EQ(traced.exit_code, 0) << traced.err;
  const std::string recording = recording_in(directory.path());
  std::uint64_t bytes_read = 0, bytes_written = 0;
  for (const auto& record : export_records(recording)) {
    if (record["path"] == to) bytes_written += figure_in(record, "bytes_written");
    if (record["path"] == from || record["old_path"] == from) {
      bytes_read += figure_in(record, "bytes_read");
    }
  }
  EXPECT_EQ(bytes_read, 3u << 20);
  EXPECT_EQ(bytes_written, 3u << 20);
  const Finished report =
      run({IOR_BIN, "report", "-fields", "path", "-count", "bytes", recording}, directory.path());
  // By read and write, or from file to file: that is for cp to choose.
  EXPECT_THAT(report.out, testing::ContainsRegex("  3.0 MiB .*  " + from + "( .as source.)?\n"));
  EXPECT_THAT(report.out, testing::ContainsRegex("  3.0 MiB  " + to + "\n"));
}

// One of each way to move data from the file, and of naming it beside another.
void use_beside_others(const std::string& path, const std::string& directory) {
  const int file = file_of(path, 100);
  const int other = make_file(directory + "/other");
  std::array<int, 2> pipe{}, second{};
  must(::pipe(pipe.data()) == 0 && ::pipe(second.data()) == 0);
  off_t start = 0;
  must(::sendfile(other, file, &start, 10) == 10);
  loff_t from = 0;
  must(::copy_file_range(file, &from, other, nullptr, 11, 0) == 11);
  must(::splice(file, &from, pipe[1], nullptr, 12, 0) == 12);
  must(::tee(pipe[0], second[1], 12, 0) == 12);
  must(::splice(pipe[0], nullptr, other, nullptr, 12, 0) == 12);
  {
    Ring ring;
    ::io_uring_prep_splice(ring.next(), file, 0, pipe[1], -1, 13, 0);
    must(ring.run() == 13);
    ::io_uring_prep_tee(ring.next(), pipe[0], second[1], 13, 0);
    must(ring.run() == 13);
  }
  Low low;
  call32("sendfile", other, file, 0, 14);
  char* const at = low.take(8);
  call32("copy_file_range", file, Low::address_of(at), other, 0, 15);
  must(::link(path.c_str(), (directory + "/link").c_str()) == 0);
  must(::rename(path.c_str(), (directory + "/moved").c_str()) == 0);
}

TEST(TwoFiles, path_finds_the_one_that_is_read_or_renamed) {
  const TempDir directory;
  const std::string path = directory.file("needle"), other = directory.file("other");
  const Traced traced =
      trace_child([&] { use_beside_others(path, directory.path()); }, {"-path", "needle"});
  const auto expect = [&](const char* tracepoint, std::uint64_t bytes) {
    const Sum sum = sum_of(traced.records, tracepoint, path);
    EXPECT_EQ(sum.count, 1u) << tracepoint;
    EXPECT_EQ(sum.bytes_read, bytes) << tracepoint;
    EXPECT_EQ(sum.bytes_written, bytes) << tracepoint;
  };
  expect("enter_sendfile64", 10);
  expect("enter_copy_file_range", 11);
  expect("enter_splice", 12);
  expect("io_uring_splice", 13);
  expect("enter_i386_sendfile", 14);
  expect("enter_i386_copy_file_range", 15);
  expect("enter_link", 0);
  expect("enter_rename", 0);
  EXPECT_EQ(sum_of(traced.records, "enter_tee").count, 0u) << "between pipes alone";
  const std::string report = format_report(traced.recording, {.fields = {Field::path}, .rows = 0});
  EXPECT_THAT(report, HasSubstr("  (8)"));
  EXPECT_THAT(report, HasSubstr("  " + path + " (as source)\n"));
  EXPECT_THAT(report, HasSubstr("  " + directory.file("moved") + "\n"));
}

TEST(TwoFiles, path_finds_either_in_rows) {
  const TempDir directory;
  const std::string path = directory.file("needle"), other = directory.file("other");
  const Traced traced = trace_child([&] { use_beside_others(path, directory.path()); },
                                    {"-plain", "-path", "needle"});
  for (const char* name : {"sendfile64", "copy_file_range", "i386_sendfile"}) {
    EXPECT_THAT(traced.rows,
                testing::Contains(testing::AllOf(HasSubstr("," + std::string(name) + ","),
                                                 EndsWith("," + path + " -> " + other))));
  }
  for (const char* name : {"splice", "io_uring_splice"}) {
    EXPECT_THAT(traced.rows,
                testing::Contains(testing::AllOf(HasSubstr("," + std::string(name) + ","),
                                                 HasSubstr("," + path + " -> pipe:["))));
  }
}

TEST(TwoFiles, vmsplice_writes_to_a_pipe_or_reads_from_it) {
  const Traced traced = trace_child([] {
    std::array<int, 2> pipe{};
    must(::pipe(pipe.data()) == 0);
    std::array<char, 20> bytes{};
    iovec part = {bytes.data(), 20};
    must(::vmsplice(pipe[1], &part, 1, 0) == 20);
    part.iov_len = 7;
    must(::vmsplice(pipe[0], &part, 1, 0) == 7);
  });
  const Sum moved = sum_of(traced.records, "enter_vmsplice");
  EXPECT_EQ(moved.bytes_read, 7u);
  EXPECT_EQ(moved.bytes_written, 20u);
  const auto total =
      std::ranges::find(traced.recording.totals, "enter_vmsplice", &SyscallTotal::tracepoint);
  ASSERT_NE(total, traced.recording.totals.end());
  EXPECT_EQ(total->bytes_read, 7u) << "as the kernel side counts";
  EXPECT_EQ(total->bytes_written, 20u);
}

}  // namespace
}  // namespace ior::e2e
