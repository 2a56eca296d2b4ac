#include "bpf/kernel_settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "bpf/live_rings.hpp"

namespace ior {
namespace {

// After these a file may have another name, or a task another root, although it was not touched
// itself, or a mount may lie in memory where another one was.
constexpr std::array<std::string_view, 13> kMoveNames = {
    "rename",    "renameat", "renameat2",      "mount",   "umount2", "pivot_root", "move_mount",
    "open_tree", "fsmount",  "open_tree_attr", "unshare", "chroot",  "setns"};
// AIO has no tracepoint of its own: its requests pass through these calls.
constexpr std::array<std::string_view, 4> kCarryAio = {"io_submit", "io_getevents", "io_pgetevents",
                                                       "io_destroy"};
// They end under the number that execve has in the new program's table.
constexpr std::array<std::string_view, 2> kExecs = {"execve", "execveat"};
// These change what is told of their fd's file.
constexpr std::array<std::string_view, 3> kChangeFile = {"fcntl", "connect", "bind"};

bool is_one_of(const Syscall& row, std::span<const std::string_view> names) {
  return std::ranges::any_of(names, [&row](std::string_view name) {
    return row.selected_by == find_syscall(name)->number;
  });
}

bool has_captured_argument(const Syscall& row) {
  return std::ranges::any_of(row.arguments, [](ior_argument argument) {
    return argument_of(argument).format != IOR_FORMAT_none &&
           argument_of(argument).format < IOR_CAPTURED_FORMATS;
  });
}

// Whether fd_call.bpf.h tells all that there is to tell of a call.
bool is_fd_call(const Syscall& row, ior_table table) {
  const bool needs_more = row.bytes.limit != ByteRule::kNoArgument ||
                          row.bytes.flags != ByteRule::kNoArgument ||
                          row.bytes.kind == ByteClass::either || has_captured_argument(row);
  return table == IOR_TABLE_64 && row.shape == IOR_SHAPE_fd0 && !needs_more &&
         row.returns != Returns::fd && row.returns != Returns::noreturn &&
         !is_one_of(row, kChangeFile);
}

std::uint8_t properties(const Syscall& row, ior_table table) {
  if (table != IOR_TABLE_64 && table != IOR_TABLE_32) return 0;
  std::uint8_t found = 0;
  if (is_one_of(row, kMoveNames)) found |= IOR_MOVES_NAMES;
  if (row.selected_by == find_syscall("restart_syscall")->number) found |= IOR_CONTINUES;
  return found;
}

bool traces_exec(const SessionSettings& settings) {
  return std::ranges::any_of(
      kExecs, [&](std::string_view name) { return settings.selected[find_syscall(name)->number]; });
}

bool traces_aio(const SessionSettings& settings) {
  return std::ranges::any_of(rows_of(IOR_TABLE_AIO), [&settings](const Syscall& row) {
    return settings.selected[IOR_ROW_OF(row.number, IOR_TABLE_AIO)];
  });
}

}  // namespace

ior_settings kernel_settings(const SessionSettings& settings, std::uint64_t ring_bytes) {
  ior_settings out{};
  out.self_tgid = static_cast<__u32>(::getpid());
  out.target_tgid = settings.target_tgid;
  out.target_tid = settings.target_tid;
  out.ring_bytes = static_cast<__u32>(ring_bytes);
  out.segment_bytes = static_cast<__u32>(segment_bytes(ring_bytes));
  out.segments = out.ring_bytes / out.segment_bytes;
  out.has_target = settings.target_tgid != 0 || settings.target_tid != 0;
  out.follow = settings.follow;
  out.from_exec = settings.from_exec;
  out.arguments = settings.arguments;
  out.poison = settings.poison;
  std::ranges::copy(settings.selected, out.selected);
  for (const ior_table table : {IOR_TABLE_64, IOR_TABLE_32}) {
    for (const Syscall& row : rows_of(table)) {
      __u8& selection = out.selected[IOR_ROW_OF(row.number, table)];
      if (selection && !settings.arguments && is_fd_call(row, table)) {
        selection |= IOR_FD_CALL;
        if (row.bytes.kind != ByteClass::none) selection |= IOR_COUNTS_BYTES;
      }
      selection |= properties(row, table);
      if (traces_exec(settings) && is_one_of(row, kExecs)) selection |= IOR_CROSSES;
    }
  }
  out.selected[IOR_NO_ROW] |= IOR_CROSSES;
  if (traces_aio(settings)) {
    for (const std::string_view name : kCarryAio) {
      out.selected[find_syscall(name)->number] |= IOR_CARRIES_AIO;
    }
  }
  return out;
}

}  // namespace ior
