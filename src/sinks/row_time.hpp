// The column `time` of a row: when its call ended, as the user wants it told.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace ior {

enum class TimeColumn : std::uint8_t {
  wall,      // local time with its offset from UTC, in ISO 8601
  boot,      // seconds of the boot clock
  relative,  // seconds since tracing began
  none,      // no such column
};

std::string_view name_of(TimeColumn column);

// One moment by both clocks.
struct Moment {
  std::uint64_t boot_ns = 0;
  std::uint64_t wall_ns = 0;
};

// Thread safety: one thread.
class RowTime {
 public:
  // The wall clock is taken to go on from `start` as the boot clock does: one that somebody sets
  // meanwhile would put rows before those that came earlier.
  RowTime(TimeColumn column, Moment start) : column_(column), start_(start) {}

  // Appends the time and a comma, or nothing.
  void append(std::string& out, std::uint64_t boot_ns);

 private:
  void append_wall(std::string& out, std::uint64_t wall_ns);

  TimeColumn column_;
  Moment start_;
  std::time_t second_ = -1;  // of the texts below
  std::string second_text_;
  std::string offset_text_;
};

}  // namespace ior
