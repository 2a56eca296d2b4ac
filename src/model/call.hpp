// One finished syscall, as the pairing actor makes it and the sinks show it, with who made it and
// the names that it shows. Passive values: what they point to belongs to the batch that carries
// them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "catalog/catalog.hpp"

namespace ior {

// A file's name, or the path that a call passed.
struct Name {
  std::string_view text;
  // Room for what each aggregator calls the text, by its number; null: no room.
  std::uint32_t* numbers = nullptr;
  // Of the root that a path starts from; null: its caller's.
  const Name* root = nullptr;
};

// A thread of a process, as long as it has this comm and this root.
struct Caller {
  std::uint32_t tgid = 0;
  std::uint32_t tid = 0;
  std::uint64_t process_start_ns = 0;  // boot clock; (tgid, process_start_ns) is a process
  std::array<char, 16> comm{};         // zero-terminated
  std::uint32_t number = 0;            // of the callers in a batch
  const Name* root = nullptr;          // that its paths start from; null: ior's own

  std::string_view comm_view() const { return comm.data(); }
};

struct Call {
  const Caller* caller = nullptr;
  const Name* path = nullptr;  // null: the call names no file; "[unknown: reason]": it does,
                               // unknown which
  const Name* old_path = nullptr;
  // As passed; what a captured one (arguments.def) points to in its place, with IOR_CAPTURED.
  std::span<const std::uint64_t> args;
  std::string_view address;       // the socket address that it passes; empty: none, or not wanted
  std::uint64_t enter_ns = 0;     // boot clock
  std::uint64_t duration_ns = 0;  // exit - enter
  std::uint64_t gap_ns = 0;       // enter - previous recorded exit of the thread; 0 for its first
  std::int64_t ret = 0;
  std::uint32_t number = 0;
  std::uint32_t flags = 0;  // open flags: as passed by an open, else the open file's status flags
  ior_table table = IOR_TABLE_64;  // in which `number` counts
  bool after_loss =
      false;  // a call of this thread was lost between the previous recorded one and this
  bool has_flags = false;  // `flags` is known
  bool no_return = false;  // no duration, no return value: see why_no_return()
  bool at_most = false;    // the duration is an upper bound

  // Boot clock; of a call without an end when it was entered.
  std::uint64_t end_ns() const { return no_return ? enter_ns : enter_ns + duration_ns; }
  // -512, -513, -514 and -516 tell the kernel to restart the call: no error that a program sees
  // (linux/errno.h).
  bool is_error() const {
    return ret < 0 && ret >= -4095 && ret != -512 && ret != -513 && ret != -514 && ret != -516;
  }
};

inline std::string_view text_of(const Name* name) {
  return name ? name->text : std::string_view();
}

// The root that a call's paths start from: that of the files that it names, or the caller's; null:
// ior's own.
inline const Name* root_of(const Caller& caller, const Name* path, const Name* old_path) {
  if (path && path->root) return path->root;
  if (old_path && old_path->root) return old_path->root;
  return caller.root;
}

// What is shown in place of a return value that is not there: nothing for a call that never
// returns, the reason for a request whose end nobody saw.
std::string_view why_no_return(const Call& call);

struct MovedBytes {
  std::uint64_t read = 0;     // from the old path's file, where there is one
  std::uint64_t written = 0;  // to the path's file
};

// Bytes that the call moved: a positive return of a reading, writing or transferring syscall, so
// far as it counts bytes that were moved and not what there was (ByteRule), else 0. What goes from
// file to file is both read and written.
MovedBytes bytes_of(const Call& call);

}  // namespace ior
