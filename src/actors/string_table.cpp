#include "actors/string_table.hpp"

#include <iterator>

#include <absl/hash/hash.h>
#include <absl/strings/string_view.h>

namespace ior {

HashedText::HashedText(std::string_view text_to_hash)
    : text(text_to_hash),
      hash(static_cast<std::uint32_t>(
          absl::HashOf(absl::string_view(text_to_hash.data(), text_to_hash.size())))) {}

std::uint32_t StringTable::add(const HashedText& text) {
  if (const auto known = find(text)) return *known;
  const auto number = static_cast<std::uint32_t>(strings_.size());
  places_.insert({strings_.emplace_back(text.text), text.hash, number});
  return number;
}

std::optional<std::uint32_t> StringTable::find(const HashedText& text) const {
  const auto found = places_.find(text);
  return found == places_.end() ? std::nullopt : std::optional(found->number);
}

void StringTable::prefetch_text(const HashedText& text) const {
  const auto guess = places_.find(Guess{text.hash});
  if (guess == places_.end()) return;
  __builtin_prefetch(guess->text.data());
  __builtin_prefetch(guess->text.data() + guess->text.size());
}

std::vector<std::string> StringTable::release() {
  places_ = {};
  std::vector<std::string> released(std::make_move_iterator(strings_.begin()),
                                    std::make_move_iterator(strings_.end()));
  strings_ = {};
  return released;
}

}  // namespace ior
