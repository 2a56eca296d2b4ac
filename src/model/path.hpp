// How the name of a row is put together from what the kernel side sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ior {

// Behind the name of what was removed.
inline constexpr std::string_view kDeleted = " (deleted)";

// The path as passed, from where it starts: an absolute one as it is, an empty one is the directory
// itself. `..` and links stay as they are: what they meant at that moment is not known. Without a
// directory the path is all there is.
std::string join_path(std::string_view directory, std::string_view path);
// The same into memory of joined_bytes().
void join_path(std::string_view directory, std::string_view path, char* joined);
std::size_t joined_bytes(std::string_view directory, std::string_view path);

// What a path from a root is called where that root's name stands in front of it.
std::string path_below(std::string_view root, std::string_view path);
// The path from ior's own root of what is `path` from a root of that name; none where it cannot be
// told. Links in it are meant as the root has them.
std::optional<std::string> host_path(std::string_view root, std::string_view path);

enum class NameKind : std::uint32_t {
  path,      // absolute
  deleted,   // the same, of an unlinked file
  pseudo,    // no path: "file system type:dentry name"
  too_long,  // only the end of a path
};

// The name of an open file, spelled as /proc/PID/fd does: a path, a path with " (deleted)", or for
// what is no file "pipe:[4711]", "anon_inode:[eventfd]", "/memfd:name (deleted)".
std::string file_name(NameKind kind, std::string_view text, std::uint64_t inode);

// What is shown in place of a path that is not known.
namespace unknown {
inline constexpr std::string_view kClosedFd = "[unknown: fd is not open]";
inline constexpr std::string_view kNameLost = "[unknown: name was lost]";
inline constexpr std::string_view kBadAddress = "[unknown: bad address]";
inline constexpr std::string_view kUnread = "[unknown: path not in memory]";
inline constexpr std::string_view kOverwritten = "[unknown: overwritten by the call]";
inline constexpr std::string_view kNoPath = "[unknown: no path given]";
inline constexpr std::string_view kHandle = "[unknown: file handle]";
inline constexpr std::string_view kLater = "[unknown: file looked up later]";
inline constexpr std::string_view kRoot = "[unknown: root directory]";
inline constexpr std::string_view kBusy = "[unknown: memory map was being changed]";
inline constexpr std::string_view kOfSeveral =
    "[unknown: of several requests with the same user_data]";
inline constexpr std::string_view kInChange = "[unknown: name was being changed]";
}  // namespace unknown

}  // namespace ior
