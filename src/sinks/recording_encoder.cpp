#include <array>
#include <string>
#include <type_traits>
#include <vector>

#include "sinks/recording_format.hpp"

namespace ior {
namespace {

// Sections are closed at this size, so that neither side holds more of a long table than this.
constexpr std::size_t kSectionBytes = 256 << 10;

void put_fixed(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

void put_number(std::string& out, std::uint64_t value) {
  std::array<char, 10> bytes;
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7) bytes[size++] = static_cast<char>(value | 0x80);
  bytes[size++] = static_cast<char>(value);
  out.append(bytes.data(), size);
}

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out += text;
}

void put_texts(std::string& out, const std::vector<std::string>& texts) {
  put_number(out, texts.size());
  for (const std::string& text : texts) put_text(out, text);
}

void put_header(std::string& out, const RecordingHeader& header) {
  put_text(out, header.ior_version);
  put_text(out, header.host);
  put_text(out, header.kernel);
  put_number(out, header.boot_ns);
  put_number(out, header.wall_ns);
  put_number(out, header.duration_ns);
  put_texts(out, header.command_line);
  put_texts(out, header.filters);
}

void put_process(std::string& out, const Process& process) {
  put_number(out, process.pid);
  put_number(out, process.ppid);
  put_number(out, process.uid);
  put_number(out, process.start_ns);
  put_number(out, process.mount_namespace);
  put_text(out, process.executable);
  put_text(out, process.command_line);
  put_text(out, process.cgroup);
}

void put_record(std::string& out, const Record& record) {
  put_number(out, record.path);
  put_number(out, record.old_path);
  put_number(out, record.root);
  put_number(out, record.tracepoint);
  put_number(out, record.comm);
  put_number(out, record.process);
  put_number(out, record.tid);
  put_number(out, record.flags + 1U);  // kNoFlags becomes 0
  put_number(out, record.count);
  put_number(out, record.errors);
  put_number(out, record.duration_ns);
  put_number(out, record.gap_ns);
  put_number(out, record.bytes_read);
  put_number(out, record.bytes_written);
  put_number(out, record.after_loss);
  put_number(out, record.at_most);
  put_number(out, record.unmeasured);
}

void put_loss(std::string& out, const Loss& loss) {
  put_text(out, loss.name);
  put_number(out, static_cast<std::uint64_t>(loss.severity));
  put_text(out, loss.sentence);
  put_number(out, loss.count);
}

void put_cpu_loss(std::string& out, const CpuLoss& loss) {
  put_number(out, loss.cpu);
  put_number(out, loss.loss);
  put_number(out, loss.count);
}

void put_syscall(std::string& out, const SyscallTotal& total) {
  put_text(out, total.tracepoint);
  put_number(out, total.calls);
  put_number(out, total.errors);
  put_number(out, total.bytes_read);
  put_number(out, total.bytes_written);
  put_number(out, total.seen);
}

void put_in_flight(std::string& out, const CallInFlight& call) {
  put_number(out, call.tgid);
  put_number(out, call.tid);
  put_text(out, call.comm);
  put_text(out, call.tracepoint);
  put_text(out, call.path);
  put_text(out, call.old_path);
  put_text(out, call.root);
  put_number(out, call.age_ns);
  put_number(out, call.since_before_start);
}

void put_totals(std::string& out, const Recording& recording) {
  put_number(out, recording.calls_seen);
  put_number(out, recording.calls_recorded);
}

Result<void> write_section(std::string_view tag, std::string_view payload, const ByteSink& sink) {
  if (payload.size() > format::kMaxSectionBytes) {
    return fail("a part of the recording is too large for its format: section " + std::string(tag));
  }
  std::string head(tag);
  put_fixed(head, payload.size(), 8);
  if (auto wrote = sink(head); !wrote) return wrote;
  return payload.empty() ? Result<void>() : sink(payload);
}

template <typename Items, typename Put>
Result<void> write_table(std::string_view tag, const Items& items, Put put, const ByteSink& sink) {
  std::string payload;
  for (const auto& item : items) {
    put(payload, item);
    if (payload.size() < kSectionBytes) continue;
    if (auto wrote = write_section(tag, payload, sink); !wrote) return wrote;
    payload.clear();
  }
  return payload.empty() ? Result<void>() : write_section(tag, payload, sink);
}

template <typename Value, typename Put>
Result<void> write_single(std::string_view tag, const Value& value, Put put, const ByteSink& sink) {
  std::string payload;
  put(payload, value);
  return write_section(tag, payload, sink);
}

Result<void> write_preamble(const ByteSink& sink) {
  std::string preamble(format::kMagic);
  put_fixed(preamble, format::kMajor, 2);
  put_fixed(preamble, format::kMinor, 2);
  return sink(preamble);
}

}  // namespace

Result<void> encode_recording(const Recording& recording, const ByteSink& sink) {
  if (auto sound = check_recording(recording); !sound) {
    return fail("the recording contradicts itself: " + sound.error().message);
  }
  Result<void> done = write_preamble(sink);
  if (done) done = write_single(format::kHeader, recording.header, put_header, sink);
  if (done) done = write_table(format::kStrings, recording.strings, put_text, sink);
  if (done) done = write_table(format::kProcesses, recording.processes, put_process, sink);
  if (done) done = write_table(format::kRecords, recording.records, put_record, sink);
  if (done) done = write_table(format::kLosses, recording.losses, put_loss, sink);
  if (done) done = write_table(format::kCpuLosses, recording.cpu_losses, put_cpu_loss, sink);
  if (done) done = write_table(format::kSyscalls, recording.totals, put_syscall, sink);
  if (done) done = write_table(format::kInFlight, recording.in_flight, put_in_flight, sink);
  if (done) done = write_single(format::kTotals, recording, put_totals, sink);
  if (done) done = write_section(format::kEnd, {}, sink);
  return done;
}

}  // namespace ior
