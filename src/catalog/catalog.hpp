// The catalogue of syscalls for C++: look-ups over the rows of syscalls.def, compat.def,
// uring.def, aio.def,
// arguments.def, shapes.def, families.def and counters.def. Constant data, usable from any thread;
// nothing is listed here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "catalog/catalog.h"

namespace ior {

enum class Family : std::uint8_t {
#define FAMILY(name, description) name,
#define KIND(identifier, name)
#include "catalog/families.def"
#undef FAMILY
#undef KIND
};

enum class Kind : std::uint8_t {
#define FAMILY(name, description)
#define KIND(identifier, name) identifier,
#include "catalog/families.def"
#undef FAMILY
#undef KIND
};

enum class ByteClass : std::uint8_t { none, read, write, transfer = read | write, either };
enum class Returns : std::uint8_t {
  zero = IOR_RETURNS_zero,
  bytes = IOR_RETURNS_bytes,
  fd = IOR_RETURNS_fd,
  count = IOR_RETURNS_count,
  value = IOR_RETURNS_value,
  offset = IOR_RETURNS_offset,
  address = IOR_RETURNS_address,
  pid = IOR_RETURNS_pid,
  noreturn = IOR_RETURNS_noreturn,
};

// What a positive return counts as.
struct ByteRule {
  static constexpr std::uint8_t kNoArgument = 0xff;
  ByteClass kind = ByteClass::none;
  std::uint8_t limit = kNoArgument;  // the argument that says how many it may be at most
  std::uint8_t flags = kNoArgument;  // the argument whose MSG_PEEK says that it is none
};

using Arguments = std::array<ior_argument, 6>;

struct Syscall {
  std::uint16_t number;
  std::string_view name;  // of its tracepoint: enter_<name>; of a 32-bit call, i386_<abi>
  std::string_view abi;   // in <asm/unistd_64.h>; of a 32-bit call, in <asm/unistd_32.h>
  std::uint8_t args;      // how many there are
  Arguments arguments;    // what they hold
  ior_shape shape;
  Family family;
  Kind kind;
  ByteRule bytes;
  Returns returns;
  std::uint16_t selected_by;  // number of the 64-bit row by which users select it: its own, or of a
                              // 32-bit call the one that it is like
};

// What the arguments of a shape stand for (shapes.def), by their numbers.
struct Target {
  enum class Kind : std::uint8_t {
    none,
    fd,
    fd_unless,
    fd_if_open,
    path,
    at,
    at_or_fd,
    text,
    first_open,
    mapped
  };
  Kind kind = Kind::none;
  std::uint8_t directory = 0;  // the dirfd of `at` and `at_or_fd`, the first fd of `first_open`,
                               // the flags of `fd_unless`
  std::uint8_t argument = 0;   // of `first_open`: the last fd
};

struct FlagsSource {
  enum class Kind : std::uint8_t { file, argument, captured, creat };
  Kind kind = Kind::file;
  std::uint8_t argument = 0;
};

struct Shape {
  std::string_view name;
  Target main;
  Target other;
  FlagsSource flags;
  std::string_view description;
};

// A row of arguments.def.
struct Argument {
  std::string_view identifier;
  std::string_view name;
  ior_format format;
};

enum class Severity : std::uint8_t { lost, name, info };

struct Counter {
  Severity severity;
  std::string_view name;
  std::string_view sentence;
};

// All rows of 64-bit calls, by number.
std::span<const Syscall> syscalls();
// All rows of a table, by number.
std::span<const Syscall> rows_of(ior_table table);
// The row of a number in a table, or null where there is none.
const Syscall* find_syscall(std::uint32_t number, ior_table table = IOR_TABLE_64);
// The row of a tracepoint's name ("newstat") or of a name in <asm/unistd_64.h> ("stat"); null where
// there is none. Not of a 32-bit call.
const Syscall* find_syscall(std::string_view name);
// "openat", of a 32-bit call "i386_openat", of a request "io_uring_openat"; for a number without a
// row "syscall_N", "i386_N", "io_uring_N", where N counts as the kernel's int: a debugger that
// keeps a call from being made has it enter as -1.
std::string syscall_name(std::uint32_t number, ior_table table);
// "enter_openat"; of a request, which has no tracepoint of its own, "io_uring_openat".
std::string tracepoint_name(std::uint32_t number, ior_table table);

// The FS family, and what moves data from file to file.
bool is_traced_by_default(const Syscall& row);

const Shape& shape_of(ior_shape shape);
const Argument& argument_of(ior_argument argument);
// Whether the kernel looks at all 64 bits of an argument that is shown so, not at the lower 32.
bool is_wide(ior_format format);
const Counter& counter_of(ior_counter counter);

std::span<const std::string_view> family_names();
std::span<const std::string_view> kind_names();
// What the family's syscalls do.
std::string_view description_of(Family family);
std::string_view name_of(Family family);
std::string_view name_of(Kind kind);
std::string_view name_of(ByteClass bytes);
std::string_view name_of(Returns returns);

}  // namespace ior
