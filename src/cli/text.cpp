#include "cli/text.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace ior {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::vector<std::string_view> split_list(std::string_view list) {
  std::vector<std::string_view> items;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    items.push_back(trim(list.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
    if (list.empty()) items.emplace_back();
  }
  return items;
}

std::string to_lower(std::string_view text) {
  std::string lower;
  std::ranges::transform(text, std::back_inserter(lower), [](char c) { return to_lower(c); });
  return lower;
}

}  // namespace ior
