#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "sinks/recording_errors.hpp"
#include "sinks/recording_format.hpp"

namespace ior {
namespace {

static_assert(static_cast<int>(Severity::lost) == 0 && static_cast<int>(Severity::name) == 1 &&
              static_cast<int>(Severity::info) == 2);

// How much of a section is asked for at a time.
constexpr std::size_t kStepBytes = 256 << 10;

constexpr std::size_t kShortTexts = 1 + (1 << 8) + (1 << 16);  // that differ, of two bytes at most

std::uint64_t fixed(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

// Reads the values of one section. The first thing wrong stays in error(); from then on every
// value is 0 or empty and nothing is left to read.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  std::string_view error() const { return error_; }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return reject("a value is cut off");
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return reject("a number is too large");
  }

  std::uint32_t number32() {
    const std::uint64_t value = number();
    if (value <= std::numeric_limits<std::uint32_t>::max()) {
      return static_cast<std::uint32_t>(value);
    }
    return static_cast<std::uint32_t>(reject("a number is too large"));
  }

  std::string text(std::size_t limit = format::kMaxTextBytes) {
    const std::uint64_t size = number();
    if (size > rest_.size() || size > limit) {
      reject(size > rest_.size() ? "a text is longer than its section" : "a text is too long");
      return {};
    }
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }

  // Of a header, where there is one of each: no longer than a section.
  std::vector<std::string> texts() {
    std::vector<std::string> values;
    std::uint64_t left = number();
    if (left > format::kMaxListed) reject("a list is too long");
    for (; left > 0 && error_.empty(); --left) {
      values.push_back(text(format::kMaxSectionBytes));
    }
    return values;
  }

  bool boolean() {
    const std::uint64_t value = number();
    return value <= 1 ? value == 1 : reject("neither yes nor no") != 0;
  }

  Severity severity() {
    const std::uint64_t value = number();
    if (value <= static_cast<std::uint64_t>(Severity::info)) return static_cast<Severity>(value);
    reject("an unknown severity");
    return Severity::info;
  }

  std::uint64_t reject(std::string_view why) {
    if (error_.empty()) error_ = why;
    rest_ = {};
    return 0;
  }

 private:
  std::string_view rest_;
  std::string_view error_;
};

void get_header(Cursor& in, RecordingHeader& header) {
  header.ior_version = in.text();
  header.host = in.text();
  header.kernel = in.text();
  header.boot_ns = in.number();
  header.wall_ns = in.number();
  header.duration_ns = in.number();
  header.command_line = in.texts();
  header.filters = in.texts();
}

void get_text(Cursor& in, std::string& text) {
  text = in.text();
}

void get_process(Cursor& in, Process& process) {
  process.pid = in.number32();
  process.ppid = in.number32();
  process.uid = in.number32();
  process.start_ns = in.number();
  process.mount_namespace = in.number();
  process.executable = in.text();
  process.command_line = in.text();
  process.cgroup = in.text();
}

void get_record(Cursor& in, Record& record) {
  record.path = in.number32();
  record.old_path = in.number32();
  record.root = in.number32();
  record.tracepoint = in.number32();
  record.comm = in.number32();
  record.process = in.number32();
  record.tid = in.number32();
  record.flags = in.number32() - 1U;  // 0 becomes kNoFlags
  record.count = in.number();
  record.errors = in.number();
  record.duration_ns = in.number();
  record.gap_ns = in.number();
  record.bytes_read = in.number();
  record.bytes_written = in.number();
  record.after_loss = in.number();
  record.at_most = in.number();
  record.unmeasured = in.number();
}

void get_loss(Cursor& in, Loss& loss) {
  loss.name = in.text();
  loss.severity = in.severity();
  loss.sentence = in.text();
  loss.count = in.number();
}

void get_cpu_loss(Cursor& in, CpuLoss& loss) {
  loss.cpu = in.number32();
  loss.loss = in.number32();
  loss.count = in.number();
}

void get_syscall(Cursor& in, SyscallTotal& total) {
  total.tracepoint = in.text();
  total.calls = in.number();
  total.errors = in.number();
  total.bytes_read = in.number();
  total.bytes_written = in.number();
  total.seen = in.number();
}

void get_in_flight(Cursor& in, CallInFlight& call) {
  call.tgid = in.number32();
  call.tid = in.number32();
  call.comm = in.text();
  call.tracepoint = in.text();
  call.path = in.text();
  call.old_path = in.text();
  call.root = in.text();
  call.age_ns = in.number();
  call.since_before_start = in.boolean();
}

void get_totals(Cursor& in, Recording& recording) {
  recording.calls_seen = in.number();
  recording.calls_recorded = in.number();
}

template <typename Item, typename Get>
void get_table(Cursor& in, std::vector<Item>& items, std::size_t limit, Get get) {
  while (!in.at_end() && items.size() < limit) get(in, items.emplace_back());
  if (!in.at_end()) in.reject("too many entries");
}

// Exactly as many bytes as asked for, from a source that gives them in pieces.
class Input {
 public:
  explicit Input(const ByteSource& source) : source_(source) {}

  // How many there were: fewer than `out` has room for only at the end.
  Result<std::size_t> read_some(std::span<char> out) {
    std::size_t size = 0;
    while (size < out.size()) {
      const Result<std::size_t> got = source_(out.subspan(size));
      if (!got) return got;
      if (*got == 0) break;
      size += *got;
    }
    return size;
  }

  Result<void> read(std::span<char> out) {
    const Result<std::size_t> got = read_some(out);
    if (!got) return std::unexpected(got.error());
    if (*got < out.size()) return truncated_file();
    return {};
  }

  Result<void> read(std::string& out, std::uint64_t size) {
    out.clear();
    while (out.size() < size) {
      const std::size_t start = out.size();
      out.resize(start + std::min<std::uint64_t>(size - start, kStepBytes));
      if (auto got = read(std::span(out).subspan(start)); !got) return got;
    }
    return {};
  }

  Result<void> skip(std::uint64_t size) {
    std::string piece;
    while (size > 0) {
      const std::uint64_t step = std::min<std::uint64_t>(size, kStepBytes);
      if (auto got = read(piece, step); !got) return got;
      size -= step;
    }
    return {};
  }

 private:
  const ByteSource& source_;
};

// One recording as its sections come in.
class Decoder {
 public:
  explicit Decoder(const ByteSource& source) : in_(source) {}

  Result<Recording> run() {
    Result<void> done = read_preamble();
    while (done && !ended_) done = read_section();
    if (done) done = read_end();
    if (!done) return std::unexpected(done.error());
    return std::move(recording_);
  }

 private:
  Result<void> read_preamble() {
    std::array<char, format::kPreambleBytes> bytes;
    const Result<std::size_t> size = in_.read_some(bytes);
    if (!size) return std::unexpected(size.error());
    const std::string_view preamble(bytes.data(), *size);
    if (!preamble.starts_with(format::kMagic)) {
      return foreign_file("it does not begin as one does");
    }
    if (preamble.size() < bytes.size()) return truncated_file();
    const std::uint64_t major = fixed(preamble.substr(format::kMagic.size(), 2));
    if (major != format::kMajor) {
      return fail(
          fmt::format("it has format version {}, this ior reads version {}: "
                      "read it with the version of ior that wrote it, or record anew",
                      major, format::kMajor));
    }
    recording_.header.format_version = static_cast<std::uint32_t>(major);
    return {};
  }

  Result<void> read_section() {
    std::array<char, format::kSectionHeaderBytes> bytes;
    if (auto got = in_.read(bytes); !got) return got;
    const std::string_view head(bytes.data(), bytes.size());
    const std::string_view tag = head.substr(0, format::kTagBytes);
    const std::uint64_t size = fixed(head.substr(format::kTagBytes));
    const bool known = is_known(tag);
    if (known && size > format::kMaxSectionBytes) return damaged_file("a section is too long");
    if (size > format::kMaxBytes - bytes_) {
      return damaged_file("its sections are too long together");
    }
    bytes_ += size;
    if (!known) return in_.skip(size);
    if (auto got = in_.read(payload_, size); !got) return got;
    return parse(tag);
  }

  static bool is_known(std::string_view tag) {
    static constexpr std::array kTags = {format::kHeader,   format::kStrings,  format::kProcesses,
                                         format::kRecords,  format::kLosses,   format::kCpuLosses,
                                         format::kSyscalls, format::kInFlight, format::kTotals,
                                         format::kEnd};
    return std::ranges::find(kTags, tag) != kTags.end();
  }

  Result<void> parse(std::string_view tag) {
    Cursor in(payload_);
    if (tag == format::kHeader) {
      if (std::exchange(has_header_, true)) return damaged_file("two headers");
      get_header(in, recording_.header);
    } else if (tag == format::kTotals) {
      if (std::exchange(has_totals_, true)) return damaged_file("totals twice");
      get_totals(in, recording_);
    } else if (tag == format::kEnd) {
      ended_ = true;
    } else {
      parse_table(tag, in);
    }
    if (!in.error().empty()) return damaged_file(fmt::format("section {}: {}", tag, in.error()));
    if (!in.at_end()) return damaged_file(fmt::format("section {}: bytes left over", tag));
    return {};
  }

  void parse_table(std::string_view tag, Cursor& in) {
    if (tag == format::kStrings) {
      string_bytes_ += payload_.size();
      // So many have at most two bytes; of others none takes less than four.
      const std::size_t distinct = kShortTexts + string_bytes_ / 4;
      get_table(in, recording_.strings, std::min(format::kMaxStrings, distinct), get_text);
    } else if (tag == format::kProcesses) {
      get_table(in, recording_.processes, format::kMaxProcesses, get_process);
    } else if (tag == format::kRecords) {
      get_table(in, recording_.records, format::kMaxRecords, get_record);
    } else if (tag == format::kLosses) {
      get_table(in, recording_.losses, format::kMaxLosses, get_loss);
    } else if (tag == format::kCpuLosses) {
      get_table(in, recording_.cpu_losses, format::kMaxListed, get_cpu_loss);
    } else if (tag == format::kSyscalls) {
      get_table(in, recording_.totals, format::kMaxTotals, get_syscall);
    } else if (tag == format::kInFlight) {
      get_table(in, recording_.in_flight, format::kMaxListed, get_in_flight);
    }
  }

  Result<void> read_end() {
    std::array<char, 1> beyond;
    const Result<std::size_t> more = in_.read_some(beyond);
    if (!more) return std::unexpected(more.error());
    if (*more > 0) return damaged_file("more follows its end");
    if (!has_header_ || !has_totals_) return damaged_file("its header or its totals are missing");
    if (auto sound = check_recording(recording_); !sound) {
      return damaged_file(sound.error().message);
    }
    if (auto sound = check_books(recording_); !sound) return damaged_file(sound.error().message);
    return {};
  }

  Input in_;
  Recording recording_;
  std::string payload_;
  std::uint64_t bytes_ = 0;  // of the sections so far
  std::uint64_t string_bytes_ = 0;
  bool has_header_ = false;
  bool has_totals_ = false;
  bool ended_ = false;
};

}  // namespace

Result<Recording> decode_recording(const ByteSource& source) {
  return Decoder(source).run();
}

}  // namespace ior
