#include "sinks/human.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace ior {
namespace {

// The first unit in which the figure, as rounded, is below `step`; the smallest one without a
// fraction.
std::string with_unit(std::uint64_t value, double step, std::span<const std::string_view> units) {
  if (static_cast<double>(value) < step) return fmt::format("{} {}", value, units.front());
  auto scaled = static_cast<double>(value) / step;
  std::size_t unit = 1;
  for (; scaled >= step - 0.05 && unit + 1 < units.size(); ++unit) scaled /= step;
  return fmt::format("{:.1f} {}", scaled, units[unit]);
}

}  // namespace

std::string human_duration(std::uint64_t duration_ns) {
  static constexpr std::string_view kUnits[] = {"ns", "us", "ms", "s"};
  return with_unit(duration_ns, 1000, kUnits);
}

std::string human_bytes(std::uint64_t bytes) {
  static constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  return with_unit(bytes, 1024, kUnits);
}

std::size_t columns_of(std::string_view text) {
  // Every byte that does not continue a character of UTF-8.
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string shorten_path(std::string_view path, std::size_t columns) {
  if (!path.starts_with('/') || columns_of(path) <= columns) return std::string(path);
  const std::size_t last = path.rfind('/', path.size() - 2);  // a final slash is no component
  if (last == 0) return std::string(path);
  const std::string_view tail = path.substr(last);
  const std::size_t fixed = columns_of(tail) + 3;
  std::string_view head;
  for (std::size_t end = path.find('/', 1); end < last; end = path.find('/', end + 1)) {
    if (columns_of(path.substr(0, end + 1)) + fixed > columns) break;
    head = path.substr(0, end + 1);
  }
  return fmt::format("{}...{}", head.empty() ? "/" : head, tail);
}

}  // namespace ior
