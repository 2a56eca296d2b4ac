#include "cli/selection.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "cli/suggest.hpp"
#include "cli/text.hpp"

namespace ior {
namespace {

using Rows = std::bitset<IOR_SYSCALL_LIMIT>;

constexpr std::string_view kAll = "all";

template <typename Predicate>
Rows rows_where(Predicate&& matches) {
  Rows rows;
  for (const Syscall& row : syscalls()) rows[row.number] = matches(row);
  return rows;
}

Rows all_rows() {
  return rows_where([](const Syscall&) { return true; });
}

std::ptrdiff_t index_of(std::span<const std::string_view> names, std::string_view name) {
  const auto found = std::ranges::find(names, to_lower(name), to_lower);
  return found == names.end() ? -1 : found - names.begin();
}

std::unexpected<Error> unknown_name(std::string_view option, std::string_view what,
                                    std::string_view name,
                                    std::span<const std::string_view> names) {
  return fail(fmt::format("{}: unknown {} '{}'{} ('ior syscalls' lists them)", option, what, name,
                          did_you_mean(name, names)));
}

bool contains_all(std::string_view families) {
  const std::vector<std::string_view> items = split_list(families);
  return std::ranges::find(items, kAll, to_lower) != items.end();
}

Result<Rows> rows_of_families(std::string_view option, std::string_view list) {
  Rows rows;
  for (const std::string_view name : split_list(list)) {
    if (to_lower(name) == kAll) {
      rows |= all_rows();
      continue;
    }
    const std::ptrdiff_t index = index_of(family_names(), name);
    if (index < 0) {
      std::vector<std::string_view> names(family_names().begin(), family_names().end());
      names.push_back(kAll);
      return unknown_name(option, "family", name, names);
    }
    rows |= rows_where([&](const Syscall& row) { return std::to_underlying(row.family) == index; });
  }
  return rows;
}

Result<Rows> rows_of_kinds(std::string_view option, std::string_view list) {
  Rows rows;
  for (const std::string_view name : split_list(list)) {
    const std::ptrdiff_t index = index_of(kind_names(), name);
    if (index < 0) return unknown_name(option, "kind", name, kind_names());
    rows |= rows_where([&](const Syscall& row) { return std::to_underlying(row.kind) == index; });
  }
  return rows;
}

Result<Rows> rows_of_syscalls(std::string_view option, std::string_view list) {
  Rows rows;
  for (const std::string_view name : split_list(list)) {
    const Syscall* row = find_syscall(name);
    if (row == nullptr) {
      std::vector<std::string_view> names;
      for (const Syscall& each : syscalls()) {
        names.push_back(each.name);
        if (each.abi != each.name) names.push_back(each.abi);
      }
      return unknown_name(option, "syscall", name, names);
    }
    rows.set(row->number);
  }
  return rows;
}

Result<Rows> rows_matching(std::string_view option, std::string_view list) {
  Rows rows;
  for (const std::string_view pattern : split_list(list)) {
    const RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), RE2::Quiet);
    if (!regex.ok()) {
      return fail(
          fmt::format("{}: '{}' is not a regular expression: {} (RE2 syntax; commas "
                      "separate expressions)",
                      option, pattern, regex.error()));
    }
    rows |= rows_where([&](const Syscall& row) {
      return RE2::PartialMatch(fmt::format("enter_{}", row.name), regex) ||
             RE2::PartialMatch(fmt::format("exit_{}", row.name), regex);
    });
  }
  return rows;
}

struct ListOption {
  std::string_view option;
  std::string_view list;
  Result<Rows> (*rows_of)(std::string_view option, std::string_view list);
};

Result<Rows> union_of(std::span<const ListOption> lists) {
  Rows rows;
  for (const ListOption& each : lists) {
    for (const std::string_view item : split_list(each.list)) {
      if (item.empty()) return fail(fmt::format("{}: empty item in '{}'", each.option, each.list));
    }
    Result<Rows> more = each.rows_of(each.option, each.list);
    if (!more) return more;
    rows |= *more;
  }
  return rows;
}

bool is_positive(const SelectionRequest& request) {
  return !request.families.empty() || !request.kinds.empty() || !request.syscalls.empty();
}

// What there is before anything is taken away.
Rows base_rows(const SelectionRequest& request, const Rows& positive) {
  if (is_positive(request)) return positive;
  return request.tps.empty() ? rows_where(is_traced_by_default) : all_rows();
}

}  // namespace

Result<Selection> select_syscalls(const SelectionRequest& request) {
  const ListOption positive[] = {{"-trace-families", request.families, rows_of_families},
                                 {"-trace-kinds", request.kinds, rows_of_kinds},
                                 {"-trace-syscalls", request.syscalls, rows_of_syscalls}};
  const ListOption negative[] = {{"-no-trace-families", request.no_families, rows_of_families},
                                 {"-no-trace-kinds", request.no_kinds, rows_of_kinds},
                                 {"-no-trace-syscalls", request.no_syscalls, rows_of_syscalls},
                                 {"-tpsExclude", request.tps_exclude, rows_matching}};
  const ListOption patterns[] = {{"-tps", request.tps, rows_matching}};
  const Result<Rows> added = union_of(positive);
  if (!added) return std::unexpected(added.error());
  const Result<Rows> removed = union_of(negative);
  if (!removed) return std::unexpected(removed.error());
  const Result<Rows> matching = union_of(patterns);
  if (!matching) return std::unexpected(matching.error());

  Selection selection;
  selection.syscalls = base_rows(request, *added) & ~*removed;
  if (!request.tps.empty()) selection.syscalls &= *matching;
  // A call without a name can match no expression.
  selection.unknown = contains_all(request.families) && request.tps.empty();
  if (selection.syscalls.none()) {
    return fail(
        "the selecting options leave no syscall to trace; widen -tps or -trace-*, or drop one of "
        "-tpsExclude and -no-trace-* ('ior syscalls' lists all syscalls)");
  }
  return selection;
}

std::vector<std::string> describe(const SelectionRequest& request) {
  const std::pair<std::string_view, std::string_view> options[] = {
      {"families", request.families}, {"kinds", request.kinds},
      {"syscalls", request.syscalls}, {"no-families", request.no_families},
      {"no-kinds", request.no_kinds}, {"no-syscalls", request.no_syscalls},
      {"tps", request.tps},           {"tpsExclude", request.tps_exclude}};
  std::vector<std::string> texts;
  for (const auto& [name, value] : options) {
    if (!value.empty()) texts.push_back(fmt::format("{}={}", name, value));
  }
  return texts;
}

}  // namespace ior
