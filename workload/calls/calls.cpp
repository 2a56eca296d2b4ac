#include "calls/calls.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "calls/child.hpp"
#include "calls/notes.hpp"
#include "sys.hpp"

namespace ioworkload {
namespace {

constexpr long kErrorsBegin = -4095;
constexpr long kRestartNoHandler = -514;  // the kernel's ERESTARTNOHAND

bool is_error(long result) {
  return result < 0 && result >= kErrorsBegin;
}

std::string text_of(long result) {
  if (!is_error(result)) return std::to_string(result);
  return std::to_string(result) + " (" + std::strerror(static_cast<int>(-result)) + ")";
}

}  // namespace

Shown Shown::from(std::string path_before) const {
  Shown shown = *this;
  shown.old_path = std::move(path_before);
  return shown;
}

Shown Shown::moving(long bytes_moved) const {
  Shown shown = *this;
  shown.bytes = bytes_moved;
  return shown;
}

std::string with_detail(std::string name, std::string_view detail) {
  if (!detail.empty()) name.insert(name.size() - 1, " " + std::string(detail));
  return name;
}

Shown at(std::string path) {
  return {.path = std::move(path)};
}

Shown on(const OpenFile& file) {
  return opened(file.path, file.flags);
}

Shown opened(std::string path, int flags) {
  return {.path = std::move(path), .flags = flags};
}

Shown on_closed_fd() {
  return at("[unknown: fd is not open]");
}

Shown at_bad_address() {
  return at("[unknown: bad address]");
}

Shown at_no_path() {
  return at("[unknown: no path given]");
}

Calls::Calls(std::string row, long number, std::string directory, Notes& notes)
    : row_(std::move(row)), number_(number), directory_(std::move(directory)), notes_(notes) {}

std::string Calls::file(std::string_view name) const {
  return directory_ + "/" + std::string(name);
}

long Calls::make(Arguments arguments) const {
  std::array<long, 6> registers{};
  std::size_t used = 0;
  for (const Argument& argument : arguments) registers.at(used++) = argument.value();
  const long result = ::syscall(number_, registers[0], registers[1], registers[2], registers[3],
                                registers[4], registers[5]);
  return result == -1 ? -errno : result;
}

void Calls::wrong(long result, const std::string& wanted) const {
  if (result == -ENOSYS) throw MissingSyscall(row_);
  throw UnexpectedResult(row_ + " gave " + text_of(result) + " instead of " + wanted);
}

void Calls::returns(long wanted, Arguments arguments, const Shown& shown) const {
  const long result = make(arguments);
  if (result != wanted) wrong(result, text_of(wanted));
  note(result, shown, own_tid());
}

long Calls::succeeds(Arguments arguments, const Shown& shown) const {
  const long result = make(arguments);
  if (is_error(result)) wrong(result, "success");
  note(result, shown, own_tid());
  return result;
}

void Calls::fails(int error, Arguments arguments, const Shown& shown) const {
  const long result = make(arguments);
  if (result != -error && result != -ENOSYS) wrong(result, text_of(-error));
  note(result, shown, own_tid());
}

void Calls::is_interrupted(Arguments arguments, const Shown& shown) const {
  const long result = make(arguments);
  if (result != -EINTR) wrong(result, text_of(-EINTR));
  note(kRestartNoHandler, shown, own_tid());
}

OpenFile Calls::opens(Arguments arguments, int flags, std::string_view detail) const {
  const long result = make(arguments);
  if (is_error(result)) wrong(result, "an fd");
  const int fd = static_cast<int>(result);
  const OpenFile file = {fd, with_detail(name_of(fd), detail), flags};
  note(result, on(file), own_tid());
  return file;
}

long Calls::forks(Arguments arguments) const {
  const long result = make(arguments);
  if (result == 0) ::_exit(0);
  if (is_error(result)) wrong(result, "a child");
  note(result, {}, own_tid());
  return result;
}

void Calls::becomes(Arguments arguments, const Shown& shown) const {
  note(0, shown, own_tid());
  wrong(make(arguments), "another program");
}

void Calls::departs(Arguments arguments, const Shown& shown) const {
  note(std::nullopt, shown, own_tid());
  wrong(make(arguments), "no return");
}

void Calls::note(std::optional<long> result, const Shown& shown, int tid) const {
  nlohmann::json line = {{"exercise", row_},           {"tid", tid},     {"path", shown.path},
                         {"old_path", shown.old_path}, {"ret", nullptr}, {"flags", nullptr}};
  if (result) line["ret"] = *result;
  if (shown.flags) line["flags"] = *shown.flags;
  line["bytes"] = shown.bytes == kAsReturned ? result.value_or(0) : shown.bytes;
  notes_.add(line.dump());
}

void Calls::never_succeeds(std::string_view reason) const {
  note_reason("never_succeeds", reason);
}

void Calls::never_fails(std::string_view reason) const {
  note_reason("never_fails", reason);
}

void Calls::not_exercised(std::string_view reason) const {
  note_reason("not_exercised", reason);
}

void Calls::note_reason(const char* kind, std::string_view reason) const {
  notes_.add(nlohmann::json{{"exercise", row_}, {kind, reason}}.dump());
}

}  // namespace ioworkload
