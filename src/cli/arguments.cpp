#include "cli/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "cli/suggest.hpp"

namespace ior {
namespace {

bool looks_like_option(std::string_view word) {
  return word.size() > 1 && word[0] == '-';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool looks_like_number(std::string_view word) {
  return word.size() > 1 && (word[0] == '-' || word[0] == '.') &&
         (is_digit(word[1]) || looks_like_number(word.substr(1)));
}

std::string_view without_dashes(std::string_view word) {
  return word.substr(word.starts_with("--") ? 2 : 1);
}

struct Written {
  std::string_view name;
  std::optional<std::string_view> value;  // what follows `=`
};

Written split(std::string_view word) {
  const std::string_view text = without_dashes(word);
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::unexpected<Error> unknown_option(std::string_view name, std::span<const KnownOption> known) {
  std::vector<std::string> dashed;
  for (const KnownOption& option : known) dashed.push_back("-" + option.name);
  const std::vector<std::string_view> names(dashed.begin(), dashed.end());
  const std::string word = fmt::format("-{}", name);
  return fail(fmt::format("unknown option {}{} (-help lists the options)", word,
                          did_you_mean(word, names)));
}

std::unexpected<Error> missing_value(std::string_view name, std::string_view next) {
  if (!looks_like_option(next)) return fail(fmt::format("-{} needs a value", name));
  return fail(fmt::format("-{0} needs a value (one that begins with a dash is given as -{0}={1})",
                          name, next));
}

std::string flag(std::string_view name) {
  return fmt::format("{}{}", name.size() == 1 ? "-" : "--", name);
}

}  // namespace

Result<std::vector<std::string>> normalise_arguments(std::span<const std::string> words,
                                                     std::span<const KnownOption> known) {
  std::vector<std::string> normal;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!looks_like_option(words[i])) {
      normal.push_back(words[i]);
      continue;
    }
    Written written = split(words[i]);
    const auto option = std::ranges::find(known, written.name, &KnownOption::name);
    if (option == known.end()) return unknown_option(written.name, known);
    if (!option->takes_value) {
      if (written.value) return fail(fmt::format("-{} takes no value", written.name));
      normal.push_back(flag(written.name));
      continue;
    }
    if (!written.value) {
      const std::string_view next = i + 1 < words.size() ? words[i + 1] : std::string_view();
      if (next.empty() || (looks_like_option(next) && !looks_like_number(next))) {
        return missing_value(written.name, next);
      }
      written.value = next;
      ++i;
    }
    if (written.value->empty()) return missing_value(written.name, {});
    normal.push_back(fmt::format("--{}={}", written.name, *written.value));
  }
  return normal;
}

bool contains_option(std::span<const std::string> words, std::string_view name) {
  return std::ranges::any_of(words, [&](const std::string& word) {
    return looks_like_option(word) && without_dashes(word) == name;
  });
}

}  // namespace ior
