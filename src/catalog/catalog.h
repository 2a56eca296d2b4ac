/* The catalogue's tables as C enums, for both sides of the kernel boundary: syscalls.def,
 * shapes.def, families.def and counters.def are the source; nothing is listed here. */
#ifndef IOR_CATALOG_CATALOG_H
#define IOR_CATALOG_CATALOG_H

/* Numbers at and above this have no row; x86-64 uses 0 to 470 and keeps 512 to 547 for x32. */
#define IOR_SYSCALL_LIMIT 512

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

enum ior_counter {
#define COUNTER(identifier, severity, name, sentence) IOR_COUNTER_##identifier,
#include "catalog/counters.def"
#undef COUNTER
  IOR_COUNTER_COUNT
};

#endif
