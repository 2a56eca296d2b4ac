#include "actors/roots.hpp"

#include "actors/names.hpp"
#include "model/path.hpp"

namespace ior {

Roots::Roots(std::size_t shards, const RingSource* source)
    : shards_(shards),
      source_(source),
      unknown_(keep_name(unknown::kRoot, shards)),
      names_(source ? IOR_ROOTS_MAX : 1) {
  names_[IOR_ROOT_OWN] = keep_name({}, shards);
}

const Name* Roots::learn(std::uint32_t number) {
  if (number < names_.size() && !names_[number]) {
    if (const auto root = source_->root(number)) {
      names_[number] = keep_name(root_name(*root), shards_);
    }
  }
  return find(number);
}

std::string root_name(const RootEntry& root) {
  std::string name;
  if (root.kind == IOR_ROOT_NAMESPACE) name = "mnt:[" + std::to_string(root.id) + "]";
  if (root.kind == IOR_ROOT_MOUNT) name = "[mount " + std::to_string(root.id) + "]";
  name += root.path;
  if (name.empty()) name = "/";  // mounted over ior's own root
  if (root.is_deleted) name += kDeleted;
  return name;
}

}  // namespace ior
