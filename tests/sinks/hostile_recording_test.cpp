// Recordings that are made to harm their readers, and such as contradict themselves: they are
// refused, or read within bounds of time and memory. What ior itself writes is always read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include <array>
#include <functional>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "sinks/collapsed.hpp"
#include "sinks/json_lines.hpp"
#include "sinks/recording_compressor.hpp"
#include "sinks/recording_reader.hpp"
#include "sinks/recording_writer.hpp"
#include "sinks/report.hpp"
#include "sinks/report_json.hpp"
#include "tests/sinks/recordings.hpp"
#include "tests/sinks/temp_dir.hpp"

namespace ior {
namespace {

using test::encoded;
using test::from;
using test::small_recording;
using test::TempDir;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kMax64 = std::numeric_limits<std::uint64_t>::max();
constexpr long kMostMemoryKib = 400 << 10;
constexpr rlim_t kMostSeconds = 20;

// zstd's frame around pieces that are made one after another.
std::string packed(const std::function<std::string()>& next) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  std::string out, buffer(ZSTD_CStreamOutSize(), '\0');
  for (bool is_last = false; !is_last;) {
    const std::string piece = next();
    is_last = piece.empty();
    ZSTD_inBuffer in{piece.data(), piece.size(), 0};
    for (std::size_t rest = 1; rest != 0 && (is_last || in.pos < in.size);) {
      ZSTD_outBuffer to{buffer.data(), buffer.size(), 0};
      rest = ZSTD_compressStream2(context, &to, &in, is_last ? ZSTD_e_end : ZSTD_e_continue);
      out.append(buffer.data(), to.pos);
      if (!is_last && rest == 0) rest = 1;
    }
  }
  ZSTD_freeCCtx(context);
  return out;
}

std::string packed(const std::string& bytes) {
  bool is_given = false;
  return packed([&] { return std::exchange(is_given, true) ? std::string() : bytes; });
}

std::string head_of(const std::string& tag, std::uint64_t size) {
  std::string head = tag;
  for (int shift = 0; shift < 64; shift += 8) head += static_cast<char>(size >> shift);
  return head;
}

const std::string kPreamble("IORTRACE\2\0\0\0", 12);

void show(const Recording& recording) {
  std::ofstream null("/dev/null");
  null << format_summary(recording) << format_report(recording, {.rows = 0});
  write_report_json(recording, null);
  write_json_lines(recording, null);
  write_collapsed(recording, std::array{Field::comm, Field::tracepoint, Field::path}, Weight::count,
                  null);
}

struct Outcome {
  bool is_orderly = false;  // read or refused, in time
  bool is_read = false;
  long memory_kib = 0;
};

// What reading and showing a file does, in a process of its own.
Outcome outcome_of(const std::string& file) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit cpu{kMostSeconds, kMostSeconds};
    ::setrlimit(RLIMIT_CPU, &cpu);
    const auto recording = read_recording(file);
    if (recording) show(*recording);
    ::_exit(recording ? 0 : 1);
  }
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  return {.is_orderly = WIFEXITED(status),
          .is_read = WIFEXITED(status) && WEXITSTATUS(status) == 0,
          .memory_kib = usage.ru_maxrss};
}

void expect_bounded(const std::string& bytes, const char* what) {
  const TempDir directory;
  const std::string file = directory.path() + "/bomb.ior.zst";
  test::write_file(file, bytes);
  const Outcome outcome = outcome_of(file);
  EXPECT_TRUE(outcome.is_orderly) << what;
  EXPECT_LT(outcome.memory_kib, kMostMemoryKib) << what << ", of " << bytes.size() << " bytes";
}

// A preamble, the head of one section, and so many MiB of zeros.
std::string zeros_behind(const std::string& tag, std::uint64_t mib) {
  std::uint64_t pieces = 0;
  return packed([&] {
    if (pieces++ == 0) return kPreamble + head_of(tag, mib << 20);
    return pieces <= mib + 1 ? std::string(1 << 20, '\0') : std::string();
  });
}

TEST(HostileRecording, takes_no_more_time_and_memory_than_its_size_allows) {
  expect_bounded(zeros_behind("ZERO", 1024), "zeros behind an unknown tag");
  for (const char* tag : {"STRS", "PROC", "RECS", "LOSS", "SYSC", "INFL", "CPUL"}) {
    expect_bounded(zeros_behind(tag, 64), tag);
  }
}

TEST(HostileRecording, of_a_path_in_every_record_is_bounded) {
  for (const std::size_t records : {2'000u, 60'000u}) {
    Recording recording = test::recording_of({{.path = std::string(120 << 10, 'x')}});
    for (std::uint32_t tid = 1; tid < records; ++tid) {
      recording.records.push_back(recording.records[0]);
      recording.records.back().tid = tid;
    }
    recording.calls_seen = recording.calls_recorded = records;
    expect_bounded(packed(encoded(recording)), "a path in every record");
  }
}

TEST(HostileRecording, of_a_path_that_linux_cannot_have_is_refused) {
  const Recording recording = test::recording_of({{.path = std::string(32 << 20, 'x')}});
  const Result<Recording> read = decode_recording(from(encoded(recording)));
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("a text is too long"));
}

TEST(HostileRecording, of_many_totals_is_shown_in_time) {
  Recording recording = small_recording();
  for (int i = 0; i < 30'000; ++i) {
    recording.totals.push_back({.tracepoint = "enter_" + std::to_string(i), .calls = 1});
  }
  expect_bounded(packed(encoded(recording)), "many totals");
}

struct Contradiction {
  const char* name;
  void (*change)(Recording&);
  const char* error;
};

class Contradictory : public testing::TestWithParam<Contradiction> {};

TEST_P(Contradictory, recording_is_refused) {
  Recording recording = small_recording();
  GetParam().change(recording);
  const Result<Recording> read = decode_recording(from(encoded(recording)));
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    , Contradictory,
    testing::Values(
        Contradiction{"strings", [](Recording& r) { r.strings.push_back(r.strings[0]); },
                      "two strings are the same"},
        Contradiction{"processes", [](Recording& r) { r.processes.push_back(r.processes[0]); },
                      "two processes are the same"},
        Contradiction{"records",
                      [](Recording& r) {
                        r.records.push_back(r.records[0]);
                        r.calls_recorded += r.records[0].count;
                      },
                      "two records have the same key"},
        Contradiction{"losses", [](Recording& r) { r.losses.push_back(r.losses[0]); },
                      "two losses have the same name"},
        Contradiction{"cpus", [](Recording& r) { r.cpu_losses.push_back(r.cpu_losses[0]); },
                      "a CPU has a loss twice"},
        Contradiction{"totals", [](Recording& r) { r.totals.push_back(r.totals[0]); },
                      "two totals are of the same tracepoint"},
        Contradiction{"seen", [](Recording& r) { r.totals[0].seen = 8; },
                      "more calls were seen than there were"},
        Contradiction{"errors", [](Recording& r) { r.totals[0].errors = 8; },
                      "more errors than calls"},
        Contradiction{"recorded", [](Recording& r) { r.calls_seen = 8; },
                      "more calls are recorded than were seen"},
        Contradiction{"cpu_counts", [](Recording& r) { r.cpu_losses[0].count = 6; },
                      "the CPUs lost more than all"},
        Contradiction{"durations", [](Recording& r) { r.records[0].duration_ns = kMax64; },
                      "the sums over the records are too large"},
        Contradiction{"gaps", [](Recording& r) { r.records[0].gap_ns = kMax64; },
                      "the sums over the records are too large"},
        Contradiction{"bytes",
                      [](Recording& r) {
                        r.records[0].bytes_read = kMax64 / 2;
                        r.records[1].bytes_written = kMax64 / 2 + 2;
                      },
                      "the sums over the records are too large"},
        Contradiction{"calls", [](Recording& r) { r.totals[0].calls = kMax64; },
                      "the totals are too large"},
        Contradiction{"lost", [](Recording& r) { r.losses[1].count = kMax64; },
                      "the losses are too large"},
        Contradiction{"name", [](Recording& r) { r.totals[0].tracepoint.assign(300, 'x'); },
                      "the name of a tracepoint is too long"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(HostileRecording, prints_nothing_raw_in_its_summary) {
  Recording recording = small_recording();
  recording.losses[0].name = "\x1b[31m\nior: lost: 0 calls, 0 names";
  recording.losses[0].sentence = "\r\x07\nior: lost: 0 calls";
  recording.totals[0].tracepoint = "\x1b]0;x\x07\nior: lost: 0 calls";
  const std::string summary = format_summary(recording);
  for (const char* raw : {"\x1b", "\r", "\x07", "\nior: lost: 0"}) {
    EXPECT_THAT(summary, Not(HasSubstr(raw)));
  }
}

// Bits, bytes and pieces changed, then packed again.
TEST(HostileRecording, of_any_kind_is_read_or_refused) {
  const std::string good = encoded(small_recording());
  std::mt19937 random(7);
  int read = 0;
  for (int round = 0; round < 4'000; ++round) {
    std::string bytes = good;
    const std::size_t at = random() % bytes.size();
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 1:
        bytes.resize(at);
        break;
      case 2:
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 64));
        break;
      default:
        bytes.replace(at, random() % 12, std::string(random() % 12, '\xff'));
    }
    const std::string file = packed(bytes);
    Decompressor decompressor(from(file));
    const auto recording =
        decode_recording([&](std::span<char> out) { return decompressor.read(out); });
    if (!recording) continue;
    ++read;
    show(*recording);
  }
  EXPECT_GT(read, 0);
}

void expect_read_back(const Recording& recording) {
  const TempDir directory;
  auto file = RecordingFile::create(directory.path(), "earth", "run", 1'700'000'000);
  ASSERT_TRUE(file);
  const auto path = file->commit(recording);
  ASSERT_TRUE(path) << path.error().message;
  const auto read = read_recording(*path);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(encoded(*read), encoded(recording));
  EXPECT_EQ(std::system(("zstd -q -t '" + *path + "'").c_str()), 0);
}

// Names so much alike that they compress better than a reader lets pass.
TEST(CompressedRecording, of_names_much_alike_is_read_back) {
  Recording recording = small_recording();
  for (int i = 0; i < 3'000; ++i) {
    test::add(recording, {.path = std::string(8'000, 'x') + std::to_string(i)});
  }
  recording.totals[0].calls = recording.totals[0].seen = 3'003;
  expect_read_back(recording);
}

// Threads that all use a few files deep down: a reader lets no more of their paths pass either.
TEST(CompressedRecording, of_one_long_path_in_every_record_is_read_back) {
  Recording recording = test::recording_of({{.path = std::string(4'095, 'x')}});
  recording.records[0].old_path = recording.records[0].path;
  constexpr std::uint32_t kRecords = 100'000;
  for (std::uint32_t i = 1; i < kRecords; ++i) {
    recording.records.push_back(recording.records[0]);
    recording.records.back().tid += i;
  }
  recording.calls_seen = recording.calls_recorded = kRecords;
  expect_read_back(recording);
}

}  // namespace
}  // namespace ior
