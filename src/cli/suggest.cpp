#include "cli/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "cli/text.hpp"

namespace ior {
namespace {

constexpr std::size_t kSuggestionsMax = 3;
constexpr std::size_t kShortestWord = 3;  // anything is near a word of two letters

// How many letters must be put in, taken out or replaced to turn one text into the other.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::vector<std::string_view> nearest(std::string_view word,
                                      std::span<const std::string_view> names) {
  const std::string lower = to_lower(word);
  if (word.size() < kShortestWord) return {};
  std::size_t best = std::max<std::size_t>(1, word.size() / 3);
  std::vector<std::string_view> found;
  for (const std::string_view name : names) {
    const std::size_t distance = edit_distance(lower, to_lower(name));
    if (distance > best) continue;
    if (distance < best) found.clear();
    best = distance;
    if (found.size() < kSuggestionsMax) found.push_back(name);
  }
  return found;
}

}  // namespace

std::string did_you_mean(std::string_view word, std::span<const std::string_view> names) {
  std::vector<std::string_view> found = nearest(word, names);
  if (found.empty()) return {};
  const std::string_view last = found.back();
  found.pop_back();
  const std::string_view between = found.empty() ? "" : " or ";
  return fmt::format(", did you mean {}{}{}?", fmt::join(found, ", "), between, last);
}

}  // namespace ior
