/* What the program does that forkexec and mixed execute: about what the dynamic loader does for a
 * program with one library, and nothing else, so that its calls can be counted by who runs it. */
#ifndef IOR_BENCH_EXECUTED_PROGRAM_H
#define IOR_BENCH_EXECUTED_PROGRAM_H

/* CALL(name, arguments), in their order; `fd` is what the last openat returned. */
#define IOR_EXECUTED_CALLS(CALL)                                           \
  CALL(access, (long)"/etc/ld.so.preload", 4 /* R_OK */, 0, 0)             \
  CALL(openat, -100 /* AT_FDCWD */, (long)"/etc/ld.so.cache", 0, 0)        \
  CALL(newfstatat, fd, (long)"", (long)buffer, 0x1000 /* AT_EMPTY_PATH */) \
  CALL(close, fd, 0, 0, 0)                                                 \
  CALL(openat, -100, (long)"/lib/x86_64-linux-gnu/libc.so.6", 0, 0)        \
  CALL(read, fd, (long)buffer, 832, 0)                                     \
  CALL(newfstatat, fd, (long)"", (long)buffer, 0x1000)                     \
  CALL(close, fd, 0, 0, 0)

#endif
