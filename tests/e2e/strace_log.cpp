#include "tests/e2e/strace_log.hpp"

#include <gtest/gtest.h>
#include <string.h>  // strerrorname_np

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

#include "catalog/catalog.hpp"
#include "model/path.hpp"

namespace ior::e2e {
namespace {

using Text = std::optional<std::string>;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

// The end of what stands between quotes or < and >, where both are escaped by a backslash.
std::size_t end_of_quoted(std::string_view text, std::size_t at, char end) {
  while (at < text.size() && text[at] != end) at += text[at] == '\\' ? 2 : 1;
  return std::min(at, text.size());
}

std::string unescape(std::string_view text) {
  static constexpr std::string_view kLetters = "ntvfr", kBytes = "\n\t\v\f\r";
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes += text[i];
    } else if (is_octal(text[++i])) {
      int byte = 0;
      const std::size_t end = std::min(i + 3, text.size());
      for (; i < end && is_octal(text[i]); ++i) byte = byte * 8 + (text[i] - '0');
      --i;
      bytes += static_cast<char>(byte);
    } else {
      const std::size_t letter = kLetters.find(text[i]);
      bytes += letter == kLetters.npos ? text[i] : kBytes[letter];
    }
  }
  return bytes;
}

// How strace spells things, and what ior makes of the same: functions of strace's spelling that say
// whether it is theirs. A result without a value is one that is not compared.

bool restart(std::string_view text, const Syscall&, Text& to) {
  static const std::map<std::string_view, const char*> codes = {{"ERESTARTSYS", "-512"},
                                                                {"ERESTARTNOINTR", "-513"},
                                                                {"ERESTARTNOHAND", "-514"},
                                                                {"ERESTART_RESTARTBLOCK", "-516"}};
  if (!text.starts_with("? E")) return false;
  text.remove_prefix(2);
  const auto code = codes.find(text.substr(0, text.find(' ')));
  if (code != codes.end()) to = code->second;
  return to.has_value();
}

bool no_return(std::string_view, const Syscall& row, Text& to) {
  to = "";
  return row.returns == Returns::noreturn;
}

bool died(std::string_view text, const Syscall&, Text& to) {
  to.reset();
  return text == "?";
}

bool error(std::string_view text, const Syscall&, Text& to) {
  if (!text.starts_with("-1 E")) return false;
  text.remove_prefix(3);
  text = text.substr(0, text.find(' '));
  for (int number = 1; number < 200; ++number) {
    const char* name = ::strerrorname_np(number);
    if (name && text == name) to = std::to_string(-number);
  }
  return to.has_value();
}

bool untold_fd(std::string_view text, const Syscall& row, Text& to) {
  to.reset();
  return shape_of(row.shape).name == "handle" && text.find('<') == text.npos;
}

bool number(std::string_view text, const Syscall&, Text& to) {
  const std::string digits(text);
  char* end = nullptr;
  const auto value = digits.starts_with('-') ? std::strtoll(digits.c_str(), &end, 0)
                                             : std::strtoull(digits.c_str(), &end, 0);
  to = std::to_string(static_cast<long long>(value));
  return end != digits.c_str() && (*end == '\0' || *end == ' ' || *end == '<');
}

bool open_fd(std::string_view text, const Syscall&, Text& to) {
  const std::size_t start = text.find('<');
  if (start == text.npos) return false;
  const std::size_t end = end_of_quoted(text, start + 1, '>');
  to = unescape(text.substr(start + 1, end - start - 1));
  if (text.substr(end).starts_with(">(deleted)")) *to += " (deleted)";
  return true;
}

bool closed_fd(std::string_view, const Syscall&, Text& to) {
  to = unknown::kClosedFd;
  return true;
}

bool string(std::string_view text, const Syscall&, Text& to) {
  if (!text.starts_with('"') || !text.ends_with('"')) return false;
  to = unescape(text.substr(1, text.size() - 2));
  return true;
}

bool too_long(std::string_view text, const Syscall&, Text& to) {
  to.reset();
  return text.starts_with('"') && text.ends_with("\"...");
}

bool null(std::string_view text, const Syscall&, Text& to) {
  to = unknown::kNoPath;
  return text == "NULL";
}

bool address(std::string_view text, const Syscall&, Text& to) {
  to = unknown::kBadAddress;
  return text.starts_with("0x");
}

bool untold_range(std::string_view text, const Syscall& row, Text& to) {
  to.reset();
  return shape_of(row.shape).main.kind == Target::Kind::first_open && text.find('<') == text.npos;
}

enum class Field { ret, fd, path };

struct Spelling {
  Field field;
  std::string_view strace;
  std::string_view ior;
  bool (*is_it)(std::string_view text, const Syscall& row, Text& to);
};

// The first row of a field that fits decides.
constexpr Spelling kTable[] = {
    {Field::ret, "? ERESTARTSYS (To be restarted ...)", "-512; other codes likewise", restart},
    {Field::ret, "?; of rt_sigreturn the register it restores", "nothing: no return", no_return},
    {Field::ret, "?", "not compared: the thread was killed in the call, unseen by strace", died},
    {Field::ret, "-1 ENOENT (No such file or directory)", "-2", error},
    {Field::ret, "0x7f00, 022, 3</file>, 1 (remark)", "32512, 18, 3, 1", number},
    {Field::fd, "4, 9 of close_range", "not compared: strace does not look them up", untold_range},
    {Field::fd, "3</file>, 3</file>(deleted), 3<pipe:[1]>", "/file, /file (deleted), pipe:[1]",
     open_fd},
    {Field::fd, "4 of open_by_handle_at", "not compared: strace does not look it up", untold_fd},
    {Field::fd, "3, -1", "[unknown: fd is not open]", closed_fd},
    {Field::path, R"("a\n\303\266")", "the bytes", string},
    {Field::path, R"("a"...)", "not compared: longer than a path may be, and cut", too_long},
    {Field::path, "NULL", "[unknown: no path given]", null},
    {Field::path, "0x10", "[unknown: bad address]", address},
};

// The table's other half: fds that strace looks up and that are not compared, as the catalogue has
// another file for these calls, or none.
struct OtherFd {
  std::string_view syscall;
  std::size_t argument;
  std::string_view why;
};
constexpr OtherFd kOtherFds[] = {
    {"epoll_ctl", 2, "the watched fd; the row shows the epoll fd"},
    {"fanotify_mark", 0, "the group; the row shows the marked path"},
    {"inotify_add_watch", 0, "the watcher; the row shows the watched path"},
    {"open_by_handle_at", 0, "any file of the mount; the row shows the file opened"},
    {"perf_event_open", 3, "the group's leader; the row shows the new event"},
    {"pidfd_getfd", 1, "an fd of another process; the row shows that process's fd"},
    {"signalfd4", 0, "also returned, and shown as that"},
};

Text spelled(Field field, std::string_view text, const Syscall& row) {
  for (const Spelling& spelling : kTable) {
    Text to;
    if (spelling.field == field && spelling.is_it(text, row, to)) return to;
  }
  ADD_FAILURE() << "strace wrote " << text << " in a call of " << row.name;
  return {};
}

// A call as strace wrote it, taken apart.
struct Raw {
  std::string_view name;
  std::vector<std::string_view> arguments;
  std::string_view ret;
};

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// A name of a file follows, not a shift or a comparison.
bool opens_name(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  if (before.ends_with("AT_FDCWD")) return true;
  return at > 0 && is_digit(text[at - 1]) && !text.substr(at + 1).starts_with('<');
}

// "name(argument, ...) = ret", where arguments may hold brackets, strings and names of files.
Raw take_apart(std::string_view text) {
  Raw raw;
  std::size_t at = std::min(text.find('('), text.size());
  raw.name = text.substr(0, at);
  std::size_t start = at + 1;
  int depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') at = end_of_quoted(text, at + 1, '"');
    if (c == '<' && opens_name(text, at)) at = end_of_quoted(text, at + 1, '>');
    if (c == '(' || c == '[' || c == '{') ++depth;
    const bool ends = (c == ')' || c == ']' || c == '}') && --depth == 0;
    if (ends || (c == ',' && depth == 1)) {
      raw.arguments.push_back(trim(text.substr(start, at - start)));
      start = at + 1;
    }
    if (ends) break;
  }
  if (at == text.size() && start < at) raw.arguments.push_back(trim(text.substr(start)));
  const std::size_t equals = text.find("= ", std::min(at, text.size()));
  if (equals != text.npos) raw.ret = trim(text.substr(equals + 2));
  return raw;
}

bool is_named_fd(std::string_view text) {
  const std::size_t name = text.find('<');
  return !text.empty() && is_digit(text.front()) && name != text.npos && opens_name(text, name);
}

// The working directory is a state of its own: threads share one.
using Directory = std::shared_ptr<std::string>;

Text named_file(const Target& target, const Raw& raw, const Syscall& row,
                const std::string& working_directory) {
  const auto argument = [&](std::size_t index) {
    return index < raw.arguments.size() ? raw.arguments[index] : std::string_view();
  };
  const auto joined = [&](const Text& directory) -> Text {
    const std::string_view path = argument(target.argument);
    const Text as_passed = spelled(Field::path, path, row);
    if (!as_passed || !directory || !path.starts_with('"')) return as_passed;
    return join_path(*directory, *as_passed);
  };
  switch (target.kind) {
    case Target::Kind::none:
      return "";
    case Target::Kind::mapped:  // strace does not look it up
      return {};
    case Target::Kind::fd_if_open:
      if (!is_named_fd(argument(target.argument))) return "";
      return spelled(Field::fd, argument(target.argument), row);
    case Target::Kind::fd_unless:
      if (argument(target.argument).starts_with('-') ||
          argument(target.directory).contains("MAP_ANONYMOUS"))
        return "";
      [[fallthrough]];
    case Target::Kind::fd:
      return spelled(Field::fd, argument(target.argument), row);
    case Target::Kind::first_open:
      return spelled(Field::fd, argument(target.directory), row);
    case Target::Kind::path:
      return joined(working_directory);
    case Target::Kind::text:
      return argument(target.argument) == "NULL" ? "" : joined("");
    case Target::Kind::at_or_fd:
      if (argument(target.argument) == "NULL")
        return spelled(Field::fd, argument(target.directory), row);
      [[fallthrough]];
    case Target::Kind::at:
      return joined(spelled(Field::fd, argument(target.directory), row));
  }
  return {};
}

// ior's rules: a new fd of a call that was given none names the file, and without that fd nobody
// knows which file a handle stands for.
Text path_of(const Syscall& row, const Raw& raw, const std::string& working_directory) {
  const Shape& shape = shape_of(row.shape);
  const bool given_fd =
      shape.main.kind == Target::Kind::fd || shape.main.kind == Target::Kind::fd_unless;
  if (row.returns == Returns::fd && is_digit(raw.ret.front()) && !given_fd)
    return spelled(Field::fd, raw.ret, row);
  if (shape.name == "handle") return std::string(unknown::kHandle);
  return named_file(shape.main, raw, row, working_directory);
}

Text files_of(const Syscall& row, const Raw& raw, const std::string& working_directory) {
  const Text path = path_of(row, raw, working_directory);
  const Text old_path = named_file(shape_of(row.shape).other, raw, row, working_directory);
  if (!path || !old_path) return {};
  return old_path->empty() ? *path : *old_path + " -> " + *path;
}

bool names(const Target& target, std::size_t argument) {
  switch (target.kind) {
    case Target::Kind::none:
    case Target::Kind::path:
    case Target::Kind::text:
    case Target::Kind::mapped:
      return false;
    case Target::Kind::fd:
    case Target::Kind::fd_unless:
    case Target::Kind::fd_if_open:
      return target.argument == argument;
    case Target::Kind::at:
    case Target::Kind::at_or_fd:
    case Target::Kind::first_open:
      return target.directory == argument;
  }
  return false;
}

// An fd that strace sees and the catalogue does not tell of.
void expect_declared(const Syscall& row, const Raw& raw) {
  const Shape& shape = shape_of(row.shape);
  for (std::size_t i = 0; i < raw.arguments.size(); ++i) {
    const std::string_view text = raw.arguments[i];
    if (!is_named_fd(text) || names(shape.main, i) || names(shape.other, i)) continue;
    const bool is_known = std::ranges::any_of(kOtherFds, [&](const OtherFd& other) {
      return other.syscall == row.name && other.argument == i;
    });
    EXPECT_TRUE(is_known) << "argument " << i << " of " << row.name << " is an fd: " << text;
  }
  EXPECT_TRUE(!is_named_fd(raw.ret) || shape.main.kind != Target::Kind::none ||
              row.returns == Returns::fd)
      << row.name << " returns an fd: " << raw.ret;
}

class Reader {
 public:
  explicit Reader(const std::string& directory)
      : first_directory_(std::make_shared<std::string>(directory)) {}

  void read_line(std::string_view line);
  std::vector<StraceCall> calls();

 private:
  bool begins_anew(pid_t tid, std::string_view line) const;
  void end_thread(pid_t tid, std::string_view rest);
  StraceCall made(StraceCall call);
  void join_handle(const Raw& raw, StraceCall& call);
  Directory& directory_of(pid_t tid);
  void note_directory(pid_t tid, const Raw& raw, std::string_view ret, const StraceCall& call);

  std::vector<StraceCall> calls_;
  std::map<pid_t, std::size_t> unfinished_;
  std::map<pid_t, std::size_t> last_;  // each thread's last call
  std::map<std::string, std::string> handles_;
  Directory first_directory_;
  std::map<pid_t, Directory> directories_;
};

constexpr std::string_view kUnfinished = "<unfinished ...>", kResumed = " resumed>",
                           kRestart = "restart_syscall(<... resuming interrupted";

void Reader::read_line(std::string_view line) {
  pid_t tid = 0;
  const char* end = std::from_chars(line.begin(), line.end(), tid).ptr;
  std::string_view rest = trim(std::string_view(end, line.end()));
  if (rest.starts_with("---")) return;  // a signal
  if (rest.starts_with("+++")) return end_thread(tid, rest);
  const bool unfinished = rest.ends_with(kUnfinished);
  if (unfinished) rest.remove_suffix(kUnfinished.size());
  if (rest.starts_with("<... ")) {
    const auto found = unfinished_.find(tid);
    ASSERT_NE(found, unfinished_.end()) << line;
    calls_[found->second].text += rest.substr(rest.find(kResumed) + kResumed.size());
    unfinished_.erase(found);
    return;
  }
  const bool restarts = begins_anew(tid, rest);
  if (!restarts) {
    last_[tid] = calls_.size();
    calls_.emplace_back().tid = tid;
  }
  std::string& text = calls_[last_[tid]].text;
  if (unfinished) unfinished_[tid] = last_[tid];
  if (restarts && rest.starts_with(kRestart))
    text = text.substr(0, text.rfind(')', text.rfind(" = ?")))
               .append(rest.substr(rest.find("...>") + 4));
  else
    text = rest;
}

// Whether the line is the thread's last call once more, that a signal without a handler
// interrupted: after a handler comes its rt_sigreturn.
bool Reader::begins_anew(pid_t tid, std::string_view line) const {
  const auto last = last_.find(tid);
  if (last == last_.end()) return false;
  const std::string& before = calls_[last->second].text;
  if (before.find(" = ? ERESTART") == before.npos) return false;
  return line.starts_with(kRestart) || line.starts_with(before.substr(0, before.find('(') + 1));
}

// After an exec by another thread its unfinished call goes on under the leader's id.
void Reader::end_thread(pid_t tid, std::string_view rest) {
  static constexpr std::string_view kSuperseded = "+++ superseded by execve in pid ";
  unfinished_.erase(tid);
  if (!rest.starts_with(kSuperseded)) return;
  pid_t other = 0;
  std::from_chars(rest.begin() + kSuperseded.size(), rest.end(), other);
  if (const auto found = unfinished_.extract(other)) unfinished_[tid] = found.mapped();
}

Directory& Reader::directory_of(pid_t tid) {
  Directory& directory = directories_[tid];
  if (!directory) directory = first_directory_;
  return directory;
}

// What a call that succeeded makes of working directories.
void Reader::note_directory(pid_t tid, const Raw& raw, std::string_view ret,
                            const StraceCall& call) {
  if (raw.name == "chdir" || raw.name == "fchdir") {
    std::string& directory = *directory_of(tid);
    directory = std::filesystem::weakly_canonical(*call.files);
    if (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  } else if (raw.name == "clone" || raw.name == "clone3" || raw.name == "fork" ||
             raw.name == "vfork") {
    const bool shared = call.text.find("CLONE_FS") != call.text.npos;
    const Directory mine = directory_of(tid);
    directories_[std::stoi(std::string(ret))] =
        shared ? mine : std::make_shared<std::string>(*mine);
  }
}

// Type and bytes of a handle, behind its size.
std::string handle_in(std::string_view text) {
  return std::string(text.substr(std::min(text.find("handle_type="), text.size())));
}

// A handle that could not be opened has the name for which it was given out.
void Reader::join_handle(const Raw& raw, StraceCall& call) {
  if (raw.name == "name_to_handle_at" && call.ret == "0" && raw.arguments.size() > 2) {
    handles_[handle_in(raw.arguments[2])] = *call.files;
  } else if (call.files == unknown::kHandle && raw.arguments.size() > 1) {
    const auto given = handles_.find(handle_in(raw.arguments[1]));
    if (given != handles_.end()) call.files = given->second;
  }
}

StraceCall Reader::made(StraceCall call) {
  Raw raw = take_apart(call.text);
  if (raw.ret.empty()) raw.ret = "?";
  const Syscall* row = find_syscall(raw.name);
  call.name = row ? row->name : raw.name;
  EXPECT_NE(row, nullptr) << "the catalogue does not know the call in " << call.text;
  if (!row) return call;
  expect_declared(*row, raw);
  call.ret = spelled(Field::ret, raw.ret, *row);
  call.files = files_of(*row, raw, *directory_of(call.tid));
  join_handle(raw, call);
  call.cut_short = !call.ret;
  if (call.ret && is_digit(raw.ret.front())) note_directory(call.tid, raw, *call.ret, call);
  return call;
}

std::vector<StraceCall> Reader::calls() {
  std::vector<StraceCall> all;
  for (StraceCall& call : calls_) all.push_back(made(std::move(call)));
  return all;
}

}  // namespace

std::vector<StraceCall> read_strace_log(std::string_view log, const std::string& directory) {
  Reader reader(directory);
  while (!log.empty()) {
    const std::size_t end = std::min(log.find('\n'), log.size());
    reader.read_line(log.substr(0, end));
    log.remove_prefix(std::min(end + 1, log.size()));
  }
  return reader.calls();
}

}  // namespace ior::e2e
