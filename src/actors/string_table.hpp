// Strings by number, each once. Thread safety: one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_set.h>

namespace ior {

// A text and its hash, for callers that look it up in steps.
struct HashedText {
  HashedText() = default;
  HashedText(std::string_view text_to_hash);
  HashedText(const std::string& text_to_hash) : HashedText(std::string_view(text_to_hash)) {}
  HashedText(const char* text_to_hash) : HashedText(std::string_view(text_to_hash)) {}

  std::string_view text;
  std::uint32_t hash = 0;
};

class StringTable {
 public:
  std::uint32_t add(const HashedText& text);
  std::optional<std::uint32_t> find(const HashedText& text) const;
  // Begins to fetch what a search for the text will touch first, and what it will touch then.
  void prefetch(const HashedText& text) const { places_.prefetch(text); }
  void prefetch_text(const HashedText& text) const;
  const std::deque<std::string>& strings() const { return strings_; }
  // All strings; the table is empty after it.
  std::vector<std::string> release();

 private:
  struct Place {
    std::string_view text;
    std::uint32_t hash;
    std::uint32_t number;
  };
  // The first string of such a hash: most likely the one that is searched for.
  struct Guess {
    std::uint32_t hash;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const auto& place) const { return place.hash; }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Place& left, const Guess& right) const { return left.hash == right.hash; }
    bool operator()(const Place& left, const auto& right) const {
      return left.hash == right.hash && left.text == right.text;
    }
  };

  std::deque<std::string> strings_;  // stable addresses: the places show them
  absl::flat_hash_set<Place, Hash, Equal> places_;
};

}  // namespace ior
