/* The catalogue's tables as C enums, for both sides of the kernel boundary: syscalls.def,
 * compat.def, uring.def, aio.def, shapes.def, arguments.def, families.def and counters.def are the
 * source; nothing is listed here. */
#ifndef IOR_CATALOG_CATALOG_H
#define IOR_CATALOG_CATALOG_H

/* Numbers at and above this have no row; x86-64 uses 0 to 470 and keeps 512 to 547 for x32, and
 * 32-bit calls have 0 to 470, too. */
#define IOR_SYSCALL_LIMIT 512

/* In which table a number counts. */
enum ior_table {
  IOR_TABLE_64,    /* syscalls.def */
  IOR_TABLE_32,    /* compat.def */
  IOR_TABLE_URING, /* uring.def */
  IOR_TABLE_AIO,   /* aio.def */
  IOR_TABLES
};

/* All tables in one, the rows of each by their numbers; the last, which is no call's, stands for
 * all numbers beyond. A power of two. */
#define IOR_ROWS (IOR_TABLES * IOR_SYSCALL_LIMIT)
#define IOR_NO_ROW (IOR_ROWS - 1)
#define IOR_ROW_OF(number, table) \
  ((number) < IOR_SYSCALL_LIMIT ? (number) + (table)*IOR_SYSCALL_LIMIT : IOR_NO_ROW)

enum ior_shape {
#define SHAPE(shape, main, other, flags, description) IOR_SHAPE_##shape,
#include "catalog/shapes.def"
#undef SHAPE
  IOR_SHAPE_COUNT
};

/* What a return that is no error means. */
enum ior_returns {
  IOR_RETURNS_zero,
  IOR_RETURNS_bytes,
  IOR_RETURNS_fd,
  IOR_RETURNS_count,
  IOR_RETURNS_value,
  IOR_RETURNS_offset,
  IOR_RETURNS_address,
  IOR_RETURNS_pid,
  IOR_RETURNS_noreturn,
};

/* Marks a captured argument's value. */
#define IOR_CAPTURED (1ull << 63)

/* How an argument is shown: the captured ones first. */
enum ior_format {
  IOR_FORMAT_none,
#define CAPTURED(format) IOR_FORMAT_##format,
#define SHOWN(format)
#define ARGUMENT(identifier, name, format)
#include "catalog/arguments.def"
#undef CAPTURED
#undef SHOWN
  IOR_CAPTURED_FORMATS,
#define CAPTURED(format)
#define SHOWN(format) IOR_FORMAT_##format,
#include "catalog/arguments.def"
#undef CAPTURED
#undef SHOWN
#define CAPTURED(format)
#define SHOWN(format)
#define SET(set, values) IOR_FORMAT_##set,
#define WIDE_SET(set, values) IOR_FORMAT_##set,
#define CONSTANT(set, name)
#include "catalog/constants.def"
#undef SET
#undef WIDE_SET
#undef CONSTANT
#undef ARGUMENT
  IOR_FORMAT_OF_none = IOR_FORMAT_none,
#define ARGUMENT(identifier, name, format) IOR_FORMAT_OF_##identifier = IOR_FORMAT_##format,
#include "catalog/arguments.def"
#undef ARGUMENT
};

enum ior_argument {
  IOR_ARGUMENT_none,
#define ARGUMENT(identifier, name, format) IOR_ARGUMENT_##identifier,
#include "catalog/arguments.def"
#undef ARGUMENT
#undef CAPTURED
#undef SHOWN
};

/* Applies `each(position, identifier)` to a row's list of arguments, six times: what the list lacks
 * is `none`. */
#define IOR_UNWRAPPED(...) __VA_ARGS__
#define IOR_EACH_OF_SIX(each, a, b, c, d, e, f, ...) \
  each(0, a) each(1, b) each(2, c) each(3, d) each(4, e) each(5, f)
#define IOR_EACH_OF(each, ...) \
  IOR_EACH_OF_SIX(each, __VA_ARGS__, none, none, none, none, none, none)
#define IOR_EACH_ARGUMENT(each, args) IOR_EACH_OF(each, IOR_UNWRAPPED args)

#define IOR_IS_ARGUMENT(position, identifier) +(IOR_ARGUMENT_##identifier != IOR_ARGUMENT_none)
#define IOR_ARGUMENT_COUNT(args) (0 IOR_EACH_ARGUMENT(IOR_IS_ARGUMENT, args))

/* The captured formats of a row's arguments, 5 bits each; 0: none is captured. */
#define IOR_CAPTURE_BITS 5
#define IOR_CAPTURE(position, identifier)                                                 \
  | ((IOR_FORMAT_OF_##identifier < IOR_CAPTURED_FORMATS ? IOR_FORMAT_OF_##identifier : 0) \
     << (position * IOR_CAPTURE_BITS))
#define IOR_CAPTURES(args) (0 IOR_EACH_ARGUMENT(IOR_CAPTURE, args))

/* The `bytes` column as a number, for the kernel's side: 0, or 1 with the argument that limits what
 * is counted, the one that has the flags, and whether the fd says which way it goes. */
#define IOR_NO_ARGUMENT 15u
#define IOR_COUNTED(limit, flags) (1u | (limit) << 4 | (flags) << 8)
#define IOR_BYTES_none 0
#define IOR_BYTES_read IOR_COUNTED(IOR_NO_ARGUMENT, IOR_NO_ARGUMENT)
#define IOR_BYTES_write IOR_BYTES_read
#define IOR_BYTES_transfer IOR_BYTES_read
#define IOR_EITHER_WAY (1u << 12)
#define IOR_BYTES_either (IOR_BYTES_read | IOR_EITHER_WAY)
#define IOR_BYTES_read_to(limit) IOR_COUNTED(limit, IOR_NO_ARGUMENT)
#define IOR_BYTES_received(limit, flags) IOR_COUNTED(limit, flags)

/* What the other tables take from a row of syscalls.def, by its name. */
enum ior_row_columns {
#define SYSCALL(number, name, abi, shape, family, kind, bytes, returns, args)        \
  IOR_NUMBER_##name = number, IOR_ARGS_##name = IOR_ARGUMENT_COUNT(args),            \
  IOR_CAPTURES_##name = IOR_CAPTURES(args), IOR_SHAPE_OF_##name = IOR_SHAPE_##shape, \
  IOR_RETURN_OF_##name = IOR_RETURNS_##returns, IOR_BYTES_OF_##name = IOR_BYTES_##bytes,
#include "catalog/syscalls.def"
#undef SYSCALL
};

enum ior_counter {
#define COUNTER(identifier, severity, name, sentence) IOR_COUNTER_##identifier,
#include "catalog/counters.def"
#undef COUNTER
  IOR_COUNTER_COUNT
};

#endif
