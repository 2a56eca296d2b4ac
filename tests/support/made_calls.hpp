// What calls point to, made by tests: it lives until the program ends.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "model/call.hpp"

namespace ior::test {

// Null where the text is empty: there is no such file.
inline const Name* named(std::string_view text) {
  static std::deque<std::string> texts;
  static std::deque<Name> names;
  if (text.empty()) return nullptr;
  return &names.emplace_back(Name{texts.emplace_back(text)});
}

// From a root of that name.
inline const Name* rooted(std::string_view text, std::string_view root) {
  static std::deque<Name> roots;
  static std::deque<Name> names;
  roots.push_back({.text = named(root)->text});
  return &names.emplace_back(Name{.text = named(text)->text, .root = &roots.back()});
}

struct CallerIds {
  std::uint32_t tgid = 100;
  std::uint32_t tid = 100;
  std::uint64_t process_start_ns = 1;
};

inline const Caller* calling(const CallerIds& ids, std::string_view comm = "cat") {
  static std::deque<Caller> callers;
  Caller& caller = callers.emplace_back();
  caller.tgid = ids.tgid;
  caller.tid = ids.tid;
  caller.process_start_ns = ids.process_start_ns;
  std::ranges::copy(comm, caller.comm.begin());
  return &caller;
}

}  // namespace ior::test
