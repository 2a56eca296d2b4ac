#include "model/path.hpp"

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

std::string join_path(std::string_view directory, std::string_view path) {
  if (directory.empty() || path.starts_with('/')) return std::string(path);
  if (path.empty()) return std::string(directory);
  std::string joined;
  joined.reserve(directory.size() + 1 + path.size());
  joined = directory;
  if (!joined.ends_with('/')) joined += '/';
  return joined += path;
}

std::string file_name(NameKind kind, std::string_view text, std::uint64_t inode) {
  switch (kind) {
    case NameKind::deleted:
      return std::string(text) + " (deleted)";
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
