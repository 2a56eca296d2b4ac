#include "actors/handle_names.hpp"

namespace ior {

void HandleNames::remember(std::uint64_t handle, std::string_view path, const Name* root) {
  const std::lock_guard lock(mutex_);
  if (names_.size() >= kMax) names_.clear();
  names_.insert_or_assign(handle, Found{std::string(path), root});
}

HandleNames::Found HandleNames::find(std::uint64_t handle) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(handle);
  return found == names_.end() ? Found() : found->second;
}

}  // namespace ior
