#include "sinks/recording_format.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <ostream>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "tests/sinks/recordings.hpp"

namespace ior {
namespace {

using test::encoded;
using test::from;
using test::recording_of;
using test::small_recording;

constexpr std::uint32_t kMax32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kMax64 = std::numeric_limits<std::uint64_t>::max();

auto tied(const RecordingHeader& h) {
  return std::tie(h.format_version, h.ior_version, h.host, h.kernel, h.boot_ns, h.wall_ns,
                  h.duration_ns, h.command_line, h.filters);
}

auto tied(const Process& p) {
  return std::tie(p.pid, p.ppid, p.uid, p.start_ns, p.mount_namespace, p.executable, p.command_line,
                  p.cgroup);
}

auto tied(const Record& r) {
  return std::tie(r.path, r.old_path, r.root, r.tracepoint, r.comm, r.process, r.tid, r.flags,
                  r.count, r.errors, r.duration_ns, r.gap_ns, r.bytes_read, r.bytes_written,
                  r.after_loss, r.at_most, r.unmeasured);
}

auto tied(const Loss& l) {
  return std::tie(l.name, l.severity, l.sentence, l.count);
}

auto tied(const CpuLoss& l) {
  return std::tie(l.cpu, l.loss, l.count);
}
auto tied(const SyscallTotal& t) {
  return std::tie(t.tracepoint, t.calls, t.errors, t.bytes_read, t.bytes_written, t.seen);
}
auto tied(const CallInFlight& c) {
  return std::tie(c.tgid, c.tid, c.comm, c.tracepoint, c.path, c.old_path, c.root, c.age_ns,
                  c.since_before_start);
}

template <typename Item>
bool same(const std::vector<Item>& a, const std::vector<Item>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return tied(x) == tied(y); });
}

void expect_same(const Recording& a, const Recording& b) {
  EXPECT_TRUE(tied(a.header) == tied(b.header));
  EXPECT_EQ(a.strings, b.strings);
  EXPECT_TRUE(same(a.processes, b.processes));
  EXPECT_TRUE(same(a.records, b.records));
  EXPECT_TRUE(same(a.losses, b.losses));
  EXPECT_TRUE(same(a.cpu_losses, b.cpu_losses));
  EXPECT_TRUE(same(a.totals, b.totals));
  EXPECT_TRUE(same(a.in_flight, b.in_flight));
  EXPECT_EQ(a.calls_seen, b.calls_seen);
  EXPECT_EQ(a.calls_recorded, b.calls_recorded);
}

Recording empty_recording() {
  Recording recording;
  recording.header.format_version = format::kMajor;
  return recording;
}

Recording extreme_recording() {
  Recording recording = recording_of({{.path = std::string("/a\0\n;\xff\xfe\x80", 8),
                                       .old_path = std::string(70'000, 'x'),
                                       .comm = "\xf0\x9f\x90\xb1",
                                       .pid = kMax32,
                                       .tid = kMax32,
                                       .flags = kMax32 - 1,
                                       .count = kMax64,
                                       .errors = kMax64,
                                       .duration_ns = kMax64,
                                       .gap_ns = kMax64,
                                       .bytes_read = kMax64 / 2,
                                       .bytes_written = kMax64 / 2,
                                       .after_loss = kMax64,
                                       .at_most = kMax64 - 1,
                                       .unmeasured = 1}});
  recording.header.format_version = format::kMajor;
  recording.header.boot_ns = kMax64;
  recording.processes[0].start_ns = kMax64;
  recording.losses = {{"", Severity::info, "", kMax64}};
  recording.cpu_losses = {{.cpu = kMax32, .loss = 0, .count = kMax64}};
  recording.in_flight = {{.tgid = kMax32,
                          .tid = kMax32,
                          .comm = "",
                          .tracepoint = "\xff",
                          .path = std::string(70'000, '\n'),
                          .old_path = "",
                          .root = std::string("/\0", 2),
                          .age_ns = kMax64}};
  recording.totals = {{"\xff", kMax64, kMax64, kMax64 / 2, kMax64 / 2, kMax64}};
  return recording;
}

Recording long_recording() {
  Recording recording = empty_recording();
  for (std::uint32_t pid = 1; pid <= 3; ++pid) recording.processes.emplace_back().pid = pid;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    recording.strings.push_back("/some/path/" + std::to_string(i));
    recording.records.push_back({.path = i, .process = i % 3, .count = i});
    recording.calls_recorded += i;
  }
  recording.calls_seen = recording.calls_recorded;
  return recording;
}

// The small recording with one thing that no recording has.
Recording broken(void (*change)(Recording&)) {
  Recording recording = small_recording();
  change(recording);
  return recording;
}

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

std::string section(std::string_view tag, std::string_view payload) {
  return std::string(tag) + little_endian(payload.size(), 8) + std::string(payload);
}

std::string preamble(std::uint16_t major = format::kMajor) {
  return std::string(format::kMagic) + little_endian(major, 2) + little_endian(format::kMinor, 2);
}

const std::string kHead = section("HEAD", std::string(8, '\0'));
const std::string kTotals = section("TOTL", std::string(2, '\0'));
const std::string kEnd = section("END.", "");

std::string error_of(std::string_view bytes) {
  const Result<Recording> recording = decode_recording(from(bytes));
  return recording ? "no error" : recording.error().message;
}

struct RoundTrip {
  const char* name;
  Recording recording;
};

void PrintTo(const RoundTrip& test, std::ostream* out) {
  *out << test.name;
}

class RecordingRoundTrip : public testing::TestWithParam<RoundTrip> {};

TEST_P(RecordingRoundTrip, gives_back_what_was_stored) {
  const std::string bytes = encoded(GetParam().recording);
  for (const std::size_t step : {std::size_t{1} << 20, std::size_t{7}}) {
    const Result<Recording> decoded = decode_recording(from(bytes, step));
    ASSERT_TRUE(decoded) << decoded.error().message;
    expect_same(*decoded, GetParam().recording);
  }
}

INSTANTIATE_TEST_SUITE_P(, RecordingRoundTrip,
                         testing::Values(RoundTrip{"empty", empty_recording()},
                                         RoundTrip{"small", small_recording()},
                                         RoundTrip{"extreme", extreme_recording()},
                                         RoundTrip{"long_one", long_recording()}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(RecordingFormat, tables_longer_than_a_section_are_split) {
  const std::string bytes = encoded(long_recording());
  std::size_t sections = 0;
  std::size_t longest = 0;
  for (std::size_t at = format::kPreambleBytes; at < bytes.size(); ++sections) {
    std::size_t size = 0;
    for (int i = 7; i >= 0; --i) {
      size = size << 8 | static_cast<unsigned char>(bytes[at + format::kTagBytes + i]);
    }
    longest = std::max(longest, size);
    at += format::kSectionHeaderBytes + size;
  }
  EXPECT_GT(sections, 10);
  EXPECT_LT(longest, 300'000);
}

TEST(RecordingFormat, sections_of_unknown_tags_are_skipped) {
  const std::string bytes = encoded(small_recording());
  const std::string longer =
      bytes.substr(0, format::kPreambleBytes) + section("NEW1", std::string(600'000, 'n')) +
      bytes.substr(format::kPreambleBytes, bytes.size() - kEnd.size() - format::kPreambleBytes) +
      section("NEW2", "") + kEnd;
  const Result<Recording> decoded = decode_recording(from(longer));
  ASSERT_TRUE(decoded) << decoded.error().message;
  expect_same(*decoded, small_recording());
}

TEST(RecordingFormat, a_newer_minor_version_is_read) {
  std::string bytes = encoded(small_recording());
  bytes[format::kMagic.size() + 2] = 9;
  EXPECT_TRUE(decode_recording(from(bytes)));
}

TEST(RecordingFormat, the_smallest_recording_is_accepted) {
  EXPECT_EQ(error_of(preamble() + kHead + kTotals + kEnd), "no error");
}

struct Malformed {
  const char* name;
  std::string bytes;
  const char* error;
};

void PrintTo(const Malformed& test, std::ostream* out) {
  *out << test.name;
}

class MalformedRecording : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedRecording, is_refused_with_the_reason) {
  EXPECT_NE(error_of(GetParam().bytes).find(GetParam().error), std::string::npos)
      << error_of(GetParam().bytes);
}

const std::string kNine(9, '\xff');

INSTANTIATE_TEST_SUITE_P(
    , MalformedRecording,
    testing::Values(
        Malformed{"nothing", "", "no recording of ior"},
        Malformed{"other_data", "a text that is none", "no recording of ior"},
        Malformed{"older_version", preamble(1) + kHead,
                  "format version 1, this ior reads version 2: read it with the version of ior "
                  "that wrote it, or record anew"},
        Malformed{"newer_version", preamble(3) + kHead,
                  "format version 3, this ior reads version 2"},
        Malformed{"cut_preamble", preamble().substr(0, 9), "truncated"},
        Malformed{"no_end", preamble() + kHead + kTotals, "truncated"},
        Malformed{"cut_section_header", preamble() + "HEAD", "truncated"},
        Malformed{"cut_section", preamble() + kHead.substr(0, 15), "truncated"},
        Malformed{"endless_section", preamble() + "STRS" + little_endian(kMax64, 8), "too long"},
        Malformed{"endless_unknown_section", preamble() + "NEW1" + little_endian(kMax64, 8),
                  "too long together"},
        Malformed{"large_section_of_few_bytes",
                  preamble() + "STRS" + little_endian(60 << 20, 8) + "x", "truncated"},
        Malformed{"no_header", preamble() + kTotals + kEnd, "header or its totals are missing"},
        Malformed{"no_totals", preamble() + kHead + kEnd, "header or its totals are missing"},
        Malformed{"two_headers", preamble() + kHead + kHead + kTotals + kEnd, "two headers"},
        Malformed{"two_totals", preamble() + kHead + kTotals + kTotals + kEnd, "totals twice"},
        Malformed{"more_after_the_end", preamble() + kHead + kTotals + kEnd + "x", "more follows"},
        Malformed{"bytes_in_the_end", preamble() + kHead + kTotals + section("END.", "x"),
                  "left over"},
        Malformed{"bytes_after_totals", preamble() + section("TOTL", std::string(3, '\0')),
                  "left over"},
        Malformed{"cut_number", preamble() + section("TOTL", "\x80"), "cut off"},
        Malformed{"number_of_11_bytes", preamble() + section("TOTL", std::string(11, '\x80')),
                  "number is too large"},
        Malformed{"number_of_65_bits", preamble() + section("TOTL", kNine + "\x02"),
                  "number is too large"},
        Malformed{"pid_of_33_bits", preamble() + section("PROC", "\x80\x80\x80\x80\x10"),
                  "number is too large"},
        Malformed{"endless_text", preamble() + section("STRS", kNine + "\x01"), "text is longer"},
        Malformed{"text_one_too_long",
                  preamble() + section("STRS",
                                       "\x04"
                                       "abc"),
                  "text is longer"},
        Malformed{"endless_list",
                  preamble() + section("HEAD", std::string(6, '\0') + kNine + "\x01"),
                  "a list is too long"},
        Malformed{"more_strings_than_there_can_be",
                  preamble() + section("STRS", std::string(format::kMaxStrings + 1, '\0')),
                  "too many entries"},
        Malformed{"unknown_severity", preamble() + section("LOSS", std::string("\0\3\0\0", 4)),
                  "unknown severity"},
        Malformed{"neither_yes_nor_no", preamble() + section("INFL", std::string(8, '\0') + "\2"),
                  "section INFL: neither yes nor no"},
        Malformed{"record_without_strings",
                  preamble() + kHead + section("PROC", std::string(8, '\0')) +
                      section("RECS", std::string(17, '\0')) + kTotals + kEnd,
                  "record 1 of 1 refers to a string that does not exist"},
        Malformed{"calls_that_no_record_counts",
                  preamble() + kHead + section("TOTL", "\x05\x05") + kEnd,
                  "records count 0 calls, its totals 5"}),
    [](const auto& info) { return std::string(info.param.name); });

struct Contradiction {
  const char* name;
  void (*change)(Recording&);
  const char* error;
};

void PrintTo(const Contradiction& test, std::ostream* out) {
  *out << test.name;
}

class ContradictoryRecording : public testing::TestWithParam<Contradiction> {};

TEST_P(ContradictoryRecording, is_not_written) {
  std::string bytes;
  const Result<void> done = encode_recording(broken(GetParam().change), test::into(bytes));
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find(GetParam().error), std::string::npos) << done.error().message;
  EXPECT_EQ(bytes, "");
}

constexpr const char* kNoString = "record 2 of 5 refers to a string that does not exist";

INSTANTIATE_TEST_SUITE_P(
    , ContradictoryRecording,
    testing::Values(
        Contradiction{"path", [](Recording& r) { r.records[1].path = 99; }, kNoString},
        Contradiction{"old_path", [](Recording& r) { r.records[1].old_path = kMax32; }, kNoString},
        Contradiction{"root", [](Recording& r) { r.records[1].root = 99; }, kNoString},
        Contradiction{"tracepoint", [](Recording& r) { r.records[1].tracepoint = 99; }, kNoString},
        Contradiction{"comm", [](Recording& r) { r.records[1].comm = 99; }, kNoString},
        Contradiction{"process", [](Recording& r) { r.records[1].process = 2; },
                      "record 2 of 5 refers to a process that does not exist"},
        Contradiction{"errors", [](Recording& r) { r.records[0].errors = 4; },
                      "record 1 of 5 has more errors than calls"},
        Contradiction{"losses", [](Recording& r) { r.records[0].after_loss = 4; },
                      "record 1 of 5 has more gaps after a loss than calls"},
        Contradiction{"at_most", [](Recording& r) { r.records[3].at_most = 2; },
                      "record 4 of 5 has more durations of a kind than calls"},
        Contradiction{"unmeasured", [](Recording& r) { r.records[0].unmeasured = 4; },
                      "record 1 of 5 has more durations of a kind than calls"},
        Contradiction{"cpu", [](Recording& r) { r.cpu_losses[0].loss = 3; },
                      "a CPU has a loss that does not exist"},
        Contradiction{"sum", [](Recording& r) { ++r.calls_recorded; },
                      "records count 9 calls, its totals 10"},
        Contradiction{"overflow", [](Recording& r) { r.records[1].count = kMax64; }, "too large"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(RecordingFormat, a_text_too_large_for_a_section_is_not_written) {
  Recording recording = small_recording();
  recording.strings.emplace_back(format::kMaxSectionBytes, 'x');
  EXPECT_NE(encoded(recording).find("section STRS"), std::string::npos);
}

TEST(RecordingFormat, an_error_of_the_sink_ends_the_writing) {
  int writes = 0;
  const Result<void> done = encode_recording(small_recording(), [&](std::string_view) {
    return ++writes == 3 ? Result<void>(fail("disk full")) : Result<void>();
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "disk full");
  EXPECT_EQ(writes, 3);
}

TEST(RecordingFormat, an_error_of_the_source_is_passed_on) {
  const Result<Recording> recording =
      decode_recording([](std::span<char>) -> Result<std::size_t> { return fail("bad sector"); });
  ASSERT_FALSE(recording);
  EXPECT_EQ(recording.error().message, "bad sector");
}

TEST(RecordingFormat, every_truncation_is_refused) {
  const std::string bytes = encoded(small_recording());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(error_of(std::string_view(bytes).substr(0, size)), "no error") << size;
  }
}

TEST(RecordingFormat, flipped_bytes_never_make_an_unsound_recording) {
  const std::string bytes = encoded(small_recording());
  std::mt19937 random(1);
  int accepted = 0;
  constexpr int kRounds = 50'000;
  for (int round = 0; round < kRounds; ++round) {
    std::string changed = bytes;
    for (std::uint32_t flips = 1 + random() % 4; flips > 0; --flips) {
      changed[random() % changed.size()] = static_cast<char>(random());
    }
    const Result<Recording> recording = decode_recording(from(changed));
    if (!recording) continue;
    ++accepted;
    const Result<void> sound = check_recording(*recording);
    ASSERT_TRUE(sound) << sound.error().message;
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, kRounds);
}

TEST(RecordingFormat, random_sections_are_refused) {
  std::mt19937 random(2);
  const std::vector<std::string> tags = {"HEAD", "STRS", "PROC", "RECS", "LOSS", "INFL", "TOTL"};
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = preamble() + kHead;
    for (int i = 0; i < 3; ++i) {
      std::string payload(random() % 40, '\0');
      for (char& c : payload) c = static_cast<char>(random());
      bytes += section(tags[random() % tags.size()], payload);
    }
    // Without totals that fit and an end there is nothing to accept.
    ASSERT_NE(error_of(bytes), "no error");
  }
}

}  // namespace
}  // namespace ior
