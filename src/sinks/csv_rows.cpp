#include "sinks/csv_rows.hpp"

#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <concepts>
#include <string_view>

#include "base/escape.hpp"
#include "catalog/catalog.hpp"
#include "model/arguments.hpp"
#include "sinks/write_all.hpp"

namespace ior {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kBufferBytes = 64 << 10;
constexpr milliseconds kPatience{5'000};
constexpr milliseconds kPollStep{100};

// Whether somebody at the other end may stop reading.
bool is_stream(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 &&
         (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || ::isatty(fd) == 1);
}

void append_number(std::string& out, std::integral auto number) {
  char digits[20];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), number);
  out.append(digits, end);
}

bool needs_quotes(std::string_view text) {
  return text.find_first_of(",\"\r\n") != text.npos;
}

void append_quoted(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
}

void append_field(std::string& out, std::string_view text) {
  if (!needs_quotes(text)) {
    out += text;
    return;
  }
  out += '"';
  append_quoted(out, text);
  out += '"';
}

// An upper bound is marked; what is not known is no number.
void append_duration(std::string& out, const Call& call) {
  if (call.no_return) {
    if (!why_no_return(call).empty()) out += '?';
    return;
  }
  if (call.at_most) out += "<=";
  append_number(out, call.duration_ns);
}

std::string header_of(const RowOptions& options) {
  std::string header = options.time == TimeColumn::none ? "" : "time,";
  header += "durationToPrevNs,durationNs,comm,";
  header += options.classic ? "pid.tid" : "pid,tid";
  header += ",name,ret,file";
  if (options.root) header += ",root";
  header += options.arguments ? ",args\n" : "\n";
  return header;
}

}  // namespace

CsvRows::CsvRows(int fd, RowOptions options, Moment start)
    : fd_(fd),
      options_(options),
      time_(options.time, start),
      can_stall_(is_stream(fd)),
      failed_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  buffer_ = header_of(options);
}

void CsvRows::write(std::span<const Call> calls) noexcept {
  given_ += calls.size();
  if (error_ != 0) return;
  for (const Call& call : calls) {
    append(held_.begin_row(), call);
    held_.end_row(call.end_ns());
  }
}

void CsvRows::settle(std::uint64_t before_ns) noexcept {
  held_.release(before_ns, [this](std::string_view row) {
    buffer_ += row;
    row_ends_.push_back(buffer_.size());
    if (buffer_.size() >= kBufferBytes) flush();
  });
  flush();
}

Result<void> CsvRows::finish() {
  settle(HeldRows::kAll);
  if (error_ == ETIMEDOUT) return fail("rows are missing: their reader takes none any more");
  if (error_ != 0) return fail_errno("cannot write rows", error_);
  return {};
}

void CsvRows::append_shown(std::string& out, std::string_view text) {
  if (!options_.escaped) return append_field(out, text);
  shown_.clear();
  append_escaped(shown_, text);
  append_field(out, shown_);
}

void CsvRows::append_files(std::string& out, const Call& call) {
  const std::string_view path = text_of(call.path);
  const std::string_view old_path = text_of(call.old_path);
  if (old_path.empty()) return append_shown(out, path);
  if (path.empty()) return append_shown(out, old_path);
  files_.assign(old_path).append(" -> ").append(path);
  append_shown(out, files_);
}

void CsvRows::append(std::string& out, const Call& call) {
  time_.append(out, call.end_ns());
  if (call.after_loss) out += '~';
  append_number(out, call.gap_ns);
  out += ',';
  append_duration(out, call);
  out += ',';
  append_shown(out, call.caller->comm_view());
  out += ',';
  append_number(out, call.caller->tgid);
  out += options_.classic ? '.' : ',';
  append_number(out, call.caller->tid);
  out += ',';
  out += syscall_name(call.number, call.table);
  out += ',';
  if (call.no_return)
    out += why_no_return(call);
  else
    append_number(out, call.ret);
  out += ',';
  append_files(out, call);
  if (options_.root) {
    out += ',';
    append_shown(out, text_of(root_of(*call.caller, call.path, call.old_path)));
  }
  if (options_.arguments) {
    arguments_.clear();
    append_arguments(arguments_, call);
    out += ',';
    append_shown(out, arguments_);
  }
  out += '\n';
}

// Waits until a write of up to PIPE_BUF bytes would not block; false where the reader is given up.
bool CsvRows::has_room() const noexcept {
  pollfd room{.fd = fd_, .events = POLLOUT, .revents = 0};
  for (milliseconds waited{0}; waited < kPatience;) {
    if (::poll(&room, 1, static_cast<int>(kPollStep.count())) != 0) return true;
    if (is_ending_.load(std::memory_order_relaxed)) waited += kPollStep;
  }
  return false;
}

// As much of it as is written at a time.
void CsvRows::write_piece(std::string_view& rest) noexcept {
  std::string_view piece = rest;
  if (can_stall_) piece = piece.substr(0, PIPE_BUF);
  const std::size_t size = piece.size();
  error_ = can_stall_ && !has_room() ? ETIMEDOUT : write_all(fd_, piece);
  rest.remove_prefix(size - piece.size());
}

void CsvRows::flush() noexcept {
  std::string_view rest = buffer_;
  while (error_ == 0 && !rest.empty()) write_piece(rest);
  const std::size_t size = buffer_.size() - rest.size();
  const auto cut = std::ranges::upper_bound(row_ends_, size);
  written_ += static_cast<std::uint64_t>(cut - row_ends_.begin());
  if (error_ != 0) ::eventfd_write(failed_fd_.get(), 1);
  buffer_.clear();
  row_ends_.clear();
}

}  // namespace ior
