/* The catalogue's tables as C enums, for both sides of the kernel boundary: syscalls.def,
 * compat.def, uring.def, aio.def, shapes.def, families.def and counters.def are the source; nothing
 * is listed here. */
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

/* What the other tables take from a row of syscalls.def, by its name. */
enum ior_row_columns {
#define SYSCALL(number, name, abi, args, shape, family, kind, bytes, returns)                  \
  IOR_NUMBER_##name = number, IOR_ARGS_##name = args, IOR_SHAPE_OF_##name = IOR_SHAPE_##shape, \
  IOR_RETURN_OF_##name = IOR_RETURNS_##returns,
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
