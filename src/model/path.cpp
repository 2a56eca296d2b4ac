#include "model/path.hpp"

#include <algorithm>

namespace ior {
namespace {

std::string with_inode(std::string_view what, std::uint64_t inode) {
  return std::string(what) + ":[" + std::to_string(inode) + "]";
}

// `text` is "file system type:dentry name".
std::string pseudo_file_name(std::string_view text, std::uint64_t inode) {
  const std::size_t colon = text.find(':');
  const std::string_view type = text.substr(0, colon);
  const std::string_view dentry = colon == text.npos ? "" : text.substr(colon + 1);
  if (type == "pipefs") return with_inode("pipe", inode);
  if (type == "anon_inodefs") return "anon_inode:" + std::string(dentry);
  if (type == "pidfs") return "anon_inode:[pidfd]";
  if (type == "nsfs") return with_inode(dentry, inode);
  if (type == "tmpfs" || type == "hugetlbfs" || type == "secretmem") {
    return "/" + std::string(dentry) + " (deleted)";
  }
  return with_inode(type, inode);
}

}  // namespace

std::size_t joined_bytes(std::string_view directory, std::string_view path) {
  if (directory.empty() || path.starts_with('/')) return path.size();
  if (path.empty()) return directory.size();
  return directory.size() + path.size() + (directory.ends_with('/') ? 0 : 1);
}

void join_path(std::string_view directory, std::string_view path, char* joined) {
  if (!path.starts_with('/')) joined = std::ranges::copy(directory, joined).out;
  const bool is_joined = !directory.empty() && !path.empty() && !path.starts_with('/');
  if (is_joined && !directory.ends_with('/')) *joined++ = '/';
  std::ranges::copy(path, joined);
}

std::string join_path(std::string_view directory, std::string_view path) {
  std::string joined(joined_bytes(directory, path), '\0');
  join_path(directory, path, joined.data());
  return joined;
}

std::string path_below(std::string_view root, std::string_view path) {
  std::string below(root);
  if (root.empty() || path != "/") below += path;
  return below;
}

std::optional<std::string> host_path(std::string_view root, std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  if (root.empty()) return std::string(path);
  // `..` of a root is itself, seen from inside only.
  const bool climbs = path.contains("/../") || path.ends_with("/..");
  if (!root.starts_with('/') || root.ends_with(kDeleted) || climbs) return std::nullopt;
  return path_below(root == "/" ? "" : root, path);
}

std::string file_name(NameKind kind, std::string_view text, std::uint64_t inode) {
  switch (kind) {
    case NameKind::deleted:
      return std::string(text) + std::string(kDeleted);
    case NameKind::pseudo:
      return pseudo_file_name(text, inode);
    case NameKind::too_long:
      return "..." + std::string(text);
    case NameKind::path:
      break;
  }
  return std::string(text);
}

}  // namespace ior
