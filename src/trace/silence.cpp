#include "trace/silence.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>

#include "catalog/catalog.hpp"

namespace ior {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTraceAll = "-trace-families all traces every call";

std::string text_in(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The letter behind the name, which may hold anything.
char state_in(const std::string& stat) {
  const std::size_t end = stat.rfind(')');
  return end == stat.npos || end + 2 >= stat.size() ? '\0' : stat[end + 2];
}

// "4711 0x..." of a call that the thread waits in, "-1 0x..." outside one, "running".
std::string call_in(const std::string& waiting, const Selection& selection) {
  char* end = nullptr;
  const long number = std::strtol(waiting.c_str(), &end, 10);
  if (end == waiting.c_str()) return "computing";
  if (number < 0) return "waiting, in no call";
  const auto nr = static_cast<std::uint32_t>(number);
  const std::string name = syscall_name(nr, IOR_TABLE_64);
  const bool is_traced = find_syscall(nr) ? selection.syscalls[nr] : selection.unknown;
  return is_traced ? fmt::format("waiting in {}", name)
                   : fmt::format("waiting in {}, which is not traced: {}", name, kTraceAll);
}

std::string doing(const fs::path& thread, const Selection& selection) {
  switch (state_in(text_in(thread / "stat"))) {
    case '\0':
      return "gone";
    case 'Z':
    case 'X':
      return "a zombie: ended, and not waited for by its parent";
    case 'T':
      return "stopped by a signal";
    case 't':
      return "stopped by a debugger";
    default:
      return call_in(text_in(thread / "syscall"), selection);
  }
}

std::size_t children_of(const fs::path& thread) {
  std::ifstream in(thread / "children");
  return static_cast<std::size_t>(
      std::distance(std::istream_iterator<long>(in), std::istream_iterator<long>()));
}

}  // namespace

std::vector<std::string> explain_silence(std::uint32_t id, const Selection& selection,
                                         bool is_followed) {
  const fs::path threads = fmt::format("/proc/{}/task", id);
  std::map<std::string, std::size_t> doings;
  std::size_t children = 0;
  std::error_code gone;
  for (const auto& thread : fs::directory_iterator(threads, gone)) {
    ++doings[doing(thread.path(), selection)];
    children += children_of(thread.path());
  }
  if (doings.empty()) {
    return {fmt::format("no call was seen: {} has ended without one that is traced; {}", id,
                        kTraceAll)};
  }
  std::vector<std::string> lines;
  for (const auto& [what, count] : doings) {
    lines.push_back(fmt::format("no call was seen: {} thread{} of {} {} {}", count,
                                count == 1 ? "" : "s", id, count == 1 ? "is" : "are", what));
  }
  if (children != 0 && !is_followed) {
    lines.push_back(
        fmt::format("{} has children, {}, which are not followed: add -f", id, children));
  }
  return lines;
}

}  // namespace ior
