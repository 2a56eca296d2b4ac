#include "sinks/row_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <iterator>

namespace ior {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::array<std::string_view, 4> kNames = {"wall", "boot", "relative", "none"};
static_assert(kNames.size() == static_cast<std::size_t>(TimeColumn::none) + 1);

void append_fraction(std::string& out, std::uint64_t ns) {
  char digits[10];  // a 1 keeps the zeros behind it
  std::to_chars(std::begin(digits), std::end(digits), kSecond + ns % kSecond);
  digits[0] = '.';
  out.append(digits, sizeof(digits));
}

void append_seconds(std::string& out, std::uint64_t ns) {
  char digits[20];
  out.append(digits, std::to_chars(std::begin(digits), std::end(digits), ns / kSecond).ptr);
  append_fraction(out, ns);
}

}  // namespace

std::string_view name_of(TimeColumn column) {
  return kNames[static_cast<std::size_t>(column)];
}

void RowTime::append(std::string& out, std::uint64_t boot_ns) {
  switch (column_) {
    case TimeColumn::wall:
      append_wall(out, start_.wall_ns + boot_ns - start_.boot_ns);
      break;
    case TimeColumn::boot:
      append_seconds(out, boot_ns);
      break;
    case TimeColumn::relative:
      append_seconds(out, boot_ns - std::min(boot_ns, start_.boot_ns));
      break;
    case TimeColumn::none:
      return;
  }
  out += ',';
}

// Rows come many to a second, and what the calendar makes of it is dear.
void RowTime::append_wall(std::string& out, std::uint64_t wall_ns) {
  if (const auto second = static_cast<std::time_t>(wall_ns / kSecond); second != second_) {
    second_ = second;
    std::tm local{};
    ::localtime_r(&second, &local);
    const long minutes = std::labs(local.tm_gmtoff) / 60;
    second_text_ =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", local.tm_year + 1900, local.tm_mon + 1,
                    local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec);
    offset_text_ =
        fmt::format("{}{:02}:{:02}", local.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
  }
  out += second_text_;
  append_fraction(out, wall_ns);
  out += offset_text_;
}

}  // namespace ior
