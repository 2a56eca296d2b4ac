#include "catalog/catalog.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace ior {
namespace {

// What the column `bytes` may say.
namespace counted {
constexpr ByteRule none;
constexpr ByteRule read{ByteClass::read};
constexpr ByteRule write{ByteClass::write};
constexpr ByteRule transfer{ByteClass::transfer};
constexpr ByteRule either{ByteClass::either};
constexpr ByteRule read_to(std::uint8_t limit) {
  return {ByteClass::read, limit};
}
constexpr ByteRule received(std::uint8_t limit, std::uint8_t flags) {
  return {ByteClass::read, limit, flags};
}
}  // namespace counted

#define NUMBERED(position, identifier) IOR_ARGUMENT_##identifier,
#define ARGUMENTS(args)               \
  Arguments {                         \
    IOR_EACH_ARGUMENT(NUMBERED, args) \
  }

constexpr Syscall kSyscalls[] = {
#define SYSCALL(number, name, abi, shape, family, kind, bytes, returns, args) \
  {                                                                           \
      number,           #name,           #abi,                                \
      IOR_ARGS_##name,  ARGUMENTS(args), IOR_SHAPE_##shape,                   \
      Family::family,   Kind::kind,      counted::bytes,                      \
      Returns::returns, number},
#include "catalog/syscalls.def"
#undef SYSCALL
};

constexpr auto make_rows_by_number(std::span<const Syscall> syscalls) {
  std::array<const Syscall*, IOR_SYSCALL_LIMIT> rows{};
  for (const Syscall& row : syscalls) rows[row.number] = &row;
  return rows;
}

constexpr auto kRowsByNumber = make_rows_by_number(kSyscalls);

constexpr Syscall like(int row, std::uint16_t number, std::string_view name, std::string_view abi) {
  Syscall made = *kRowsByNumber[static_cast<std::size_t>(row)];
  made.number = number;
  made.name = name;
  made.abi = abi;
  return made;
}

constexpr Syscall with(Syscall row, std::uint8_t args, const Arguments& arguments) {
  row.args = args;
  row.arguments = arguments;
  return row;
}

constexpr Syscall with(Syscall row, ior_shape shape, ByteRule bytes, Returns returns) {
  row.shape = shape;
  row.bytes = bytes;
  row.returns = returns;
  return row;
}

#define LIKE(number, prefix, name, row) like(IOR_NUMBER_##row, number, prefix #name, #name)
#define LIKE_WITH(number, prefix, name, row, args) \
  with(LIKE(number, prefix, name, row), IOR_ARGUMENT_COUNT(args), ARGUMENTS(args))
#define LIKE_AS(number, prefix, name, row, shape, bytes, returns, args)               \
  with(LIKE_WITH(number, prefix, name, row, args), IOR_SHAPE_##shape, counted::bytes, \
       Returns::returns)

constexpr Syscall kCompatSyscalls[] = {
#define COMPAT(number, name, row) LIKE(number, "i386_", name, row),
#define COMPAT_AS(number, name, row, shape, bytes, returns, args) \
  LIKE_AS(number, "i386_", name, row, shape, bytes, returns, args),
#include "catalog/compat.def"
#undef COMPAT
#undef COMPAT_AS
};

constexpr Syscall kUringOperations[] = {
#define URING(number, name, row, args) LIKE_WITH(number, "io_uring_", name, row, args),
#define URING_AS(number, name, row, shape, bytes, returns, args) \
  LIKE_AS(number, "io_uring_", name, row, shape, bytes, returns, args),
#include "catalog/uring.def"
#undef URING
#undef URING_AS
};

constexpr Syscall kAioOperations[] = {
#define AIO(number, name, row) LIKE(number, "aio_", name, row),
#define AIO_AS(number, name, row, shape, bytes, returns, args) \
  LIKE_AS(number, "aio_", name, row, shape, bytes, returns, args),
#include "catalog/aio.def"
#undef AIO
#undef AIO_AS
};

constexpr Target target(Target::Kind kind, std::uint8_t argument, std::uint8_t directory = 0) {
  return {kind, directory, argument};
}

#define NO_FILE Target()
#define FD(a) target(Target::Kind::fd, a)
#define FD_UNLESS(f, bit, a) target(Target::Kind::fd_unless, a, f)
#define FD_IF_OPEN(a) target(Target::Kind::fd_if_open, a)
#define FD_OF(t, p, a) target(Target::Kind::fd_if_open, a)
#define RING(a, f, bit) FD(a)
#define PATH(a) target(Target::Kind::path, a)
#define AT(d, a) target(Target::Kind::at, a, d)
#define AT_OR_FD(d, a) target(Target::Kind::at_or_fd, a, d)
#define TEXT(a) target(Target::Kind::text, a)
#define FIRST_OPEN(a, b) target(Target::Kind::first_open, b, a)
#define MAPPED(a) target(Target::Kind::mapped, a)
#define OF_FILE FlagsSource()
#define OF_ARG(a) FlagsSource(FlagsSource::Kind::argument, a)
#define OF_HOW(a) FlagsSource(FlagsSource::Kind::captured, a)
#define OF_CREAT FlagsSource(FlagsSource::Kind::creat)
constexpr Shape kShapes[] = {
#define SHAPE(shape, main, other, flags, description) {#shape, main, other, flags, description},
#include "catalog/shapes.def"
#undef SHAPE
};
#undef NO_FILE
#undef FD
#undef FD_UNLESS
#undef FD_IF_OPEN
#undef FD_OF
#undef RING
#undef PATH
#undef AT
#undef AT_OR_FD
#undef TEXT
#undef FIRST_OPEN
#undef MAPPED
#undef OF_FILE
#undef OF_ARG
#undef OF_HOW
#undef OF_CREAT

constexpr Argument kArguments[] = {
    {"", "", IOR_FORMAT_none},
#define CAPTURED(format)
#define SHOWN(format)
#define ARGUMENT(identifier, name, format) {#identifier, #name, IOR_FORMAT_##format},
#include "catalog/arguments.def"
#undef CAPTURED
#undef SHOWN
#undef ARGUMENT
};

constexpr Counter kCounters[] = {
#define COUNTER(identifier, severity, name, sentence) {Severity::severity, name, sentence},
#include "catalog/counters.def"
#undef COUNTER
};

constexpr std::string_view kFamilyNames[] = {
#define FAMILY(name, description) #name,
#define KIND(identifier, name)
#include "catalog/families.def"
#undef FAMILY
#undef KIND
};

constexpr std::string_view kFamilyDescriptions[] = {
#define FAMILY(name, description) description,
#define KIND(identifier, name)
#include "catalog/families.def"
#undef FAMILY
#undef KIND
};

constexpr std::string_view kKindNames[] = {
#define FAMILY(name, description)
#define KIND(identifier, name) name,
#include "catalog/families.def"
#undef FAMILY
#undef KIND
};

// In the order of the enums.
constexpr std::string_view kByteClasses[] = {"none", "read", "write", "transfer", "either"};
constexpr std::string_view kReturns[] = {"zero",   "bytes",   "fd",  "count",   "value",
                                         "offset", "address", "pid", "noreturn"};
static_assert(std::size(kByteClasses) == std::size_t{1} + std::to_underlying(ByteClass::either));
static_assert(std::size(kReturns) == std::size_t{1} + std::to_underlying(Returns::noreturn));

constexpr std::size_t kRows = std::size(kSyscalls);

constexpr int args_used(const Target& target) {
  return target.kind == Target::Kind::none ? 0 : std::max(target.directory, target.argument) + 1;
}

constexpr int args_used(const FlagsSource& flags) {
  const bool is_passed =
      flags.kind == FlagsSource::Kind::argument || flags.kind == FlagsSource::Kind::captured;
  return is_passed ? flags.argument + 1 : 0;
}

constexpr int args_used(const Shape& shape) {
  return std::max({args_used(shape.main), args_used(shape.other), args_used(shape.flags)});
}

constexpr int args_used(const ByteRule& bytes) {
  const auto used = [](std::uint8_t argument) {
    return argument == ByteRule::kNoArgument ? 0 : argument + 1;
  };
  return std::max(used(bytes.limit), used(bytes.flags));
}

struct NamedRow {
  std::string_view name;
  const Syscall* row = nullptr;
};

constexpr std::size_t kNames =
    kRows + static_cast<std::size_t>(std::ranges::count_if(
                kSyscalls, [](const Syscall& row) { return row.name != row.abi; }));

// Both names of each row, sorted.
constexpr auto make_rows_by_name() {
  std::array<NamedRow, kNames> rows{};
  std::size_t next = 0;
  for (const Syscall& row : kSyscalls) {
    rows[next++] = {row.name, &row};
    if (row.name != row.abi) rows[next++] = {row.abi, &row};
  }
  std::ranges::sort(rows, {}, &NamedRow::name);
  return rows;
}

consteval bool are_all(bool (*holds)(const Syscall&)) {
  return std::ranges::all_of(kSyscalls, holds) && std::ranges::all_of(kCompatSyscalls, holds) &&
         std::ranges::all_of(kUringOperations, holds) && std::ranges::all_of(kAioOperations, holds);
}

consteval bool are_in_order(std::span<const Syscall> rows) {
  return std::ranges::adjacent_find(rows, std::ranges::greater_equal{}, &Syscall::number) ==
         rows.end();
}

static_assert(are_all([](const Syscall& row) { return row.number < IOR_SYSCALL_LIMIT; }));
static_assert(are_in_order(kSyscalls) && are_in_order(kCompatSyscalls) &&
                  are_in_order(kUringOperations) && are_in_order(kAioOperations),
              "rows stand in the order of their numbers, one each");
static_assert(are_all([](const Syscall& row) { return args_used(kShapes[row.shape]) <= row.args; }),
              "a shape uses no argument that the syscall lacks");
static_assert(are_all([](const Syscall& row) { return args_used(row.bytes) <= row.args; }),
              "a row's bytes use no argument that the syscall lacks");
static_assert(are_all([](const Syscall& row) {
                return row.bytes.kind == ByteClass::none || row.returns == Returns::bytes;
              }),
              "what counts bytes returns bytes");

static_assert(std::ranges::none_of(kCompatSyscalls, [](const Syscall& row) {
  return IOR_ROW_OF(row.number, true) == IOR_NO_ROW;
}));
constexpr std::array kRowsByTable = {kRowsByNumber, make_rows_by_number(kCompatSyscalls),
                                     make_rows_by_number(kUringOperations),
                                     make_rows_by_number(kAioOperations)};
static_assert(kRowsByTable.size() == IOR_TABLES);
constexpr auto kRowsByName = make_rows_by_name();
static_assert(std::ranges::adjacent_find(kRowsByName, {}, &NamedRow::name) == kRowsByName.end(),
              "no name stands for two rows");

}  // namespace

std::span<const Syscall> syscalls() {
  return kSyscalls;
}

std::span<const Syscall> rows_of(ior_table table) {
  static constexpr std::array<std::span<const Syscall>, IOR_TABLES> kTables = {
      kSyscalls, kCompatSyscalls, kUringOperations, kAioOperations};
  return kTables[table];
}

const Syscall* find_syscall(std::uint32_t number, ior_table table) {
  return number < IOR_SYSCALL_LIMIT ? kRowsByTable[table][number] : nullptr;
}

const Syscall* find_syscall(std::string_view name) {
  const auto found = std::ranges::lower_bound(kRowsByName, name, {}, &NamedRow::name);
  return found != kRowsByName.end() && found->name == name ? found->row : nullptr;
}

std::string syscall_name(std::uint32_t number, ior_table table) {
  static constexpr std::array kPrefixes = {"syscall_", "i386_", "io_uring_", "aio_"};
  if (const Syscall* row = find_syscall(number, table)) return std::string(row->name);
  return kPrefixes[table] + std::to_string(static_cast<std::int32_t>(number));
}

std::string tracepoint_name(std::uint32_t number, ior_table table) {
  const std::string name = syscall_name(number, table);
  return table == IOR_TABLE_64 || table == IOR_TABLE_32 ? "enter_" + name : name;
}

bool is_traced_by_default(const Syscall& row) {
  return row.family == Family::FS || row.bytes.kind == ByteClass::transfer ||
         row.bytes.kind == ByteClass::either;
}

const Shape& shape_of(ior_shape shape) {
  return kShapes[shape];
}
const Argument& argument_of(ior_argument argument) {
  return kArguments[argument];
}

bool is_wide(ior_format format) {
  switch (format) {
    case IOR_FORMAT_int:
    case IOR_FORMAT_unsigned:
    case IOR_FORMAT_octal:
    case IOR_FORMAT_dirfd:
    case IOR_FORMAT_open_flags:
    case IOR_FORMAT_hex32:
#define SET(set, values) case IOR_FORMAT_##set:
#define WIDE_SET(set, values)
#define CONSTANT(set, name)
#include "catalog/constants.def"
#undef SET
#undef WIDE_SET
#undef CONSTANT
      return false;
    default:
      return true;
  }
}

const Counter& counter_of(ior_counter counter) {
  return kCounters[counter];
}

std::span<const std::string_view> family_names() {
  return kFamilyNames;
}
std::span<const std::string_view> kind_names() {
  return kKindNames;
}
std::string_view description_of(Family family) {
  return kFamilyDescriptions[std::to_underlying(family)];
}
std::string_view name_of(Family family) {
  return kFamilyNames[std::to_underlying(family)];
}
std::string_view name_of(Kind kind) {
  return kKindNames[std::to_underlying(kind)];
}
std::string_view name_of(ByteClass bytes) {
  return kByteClasses[std::to_underlying(bytes)];
}
std::string_view name_of(Returns returns) {
  return kReturns[std::to_underlying(returns)];
}

}  // namespace ior
