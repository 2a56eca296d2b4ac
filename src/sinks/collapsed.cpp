#include "sinks/collapsed.hpp"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/escape.hpp"
#include "sinks/record_groups.hpp"
#include "sinks/record_text.hpp"

namespace ior {
namespace {

using Stacks = absl::flat_hash_map<std::string, std::uint64_t>;

// Where a blank begins that, at the end of a stack, would make what follows it look like a weight
// of its own ("track 12"), or npos.
std::size_t weight_like_tail(std::string_view frame) {
  const std::size_t blank = frame.rfind(' ');
  if (blank == frame.npos) return frame.npos;
  std::string_view tail = frame.substr(blank + 1);
  if (tail.empty() || tail.front() == '.') return frame.npos;
  const std::size_t dot = tail.find('.');
  if (dot != tail.npos && tail.find('.', dot + 1) != tail.npos) return frame.npos;
  return tail.find_first_not_of("0123456789.") == tail.npos ? blank : frame.npos;
}

// The frames of one stack.
struct Stack {
  std::string text;
  bool is_exact;  // escape only what makes a stack something else
};

void append_frame(Stack& stack, std::string_view frame) {
  std::string& text = stack.text;
  if (!text.empty()) text += ';';
  const std::size_t blank = weight_like_tail(frame);
  const std::string_view front = frame.substr(0, blank);
  if (stack.is_exact)
    append_special(text, front, ";\t\n\v\f\r");  // a blank begins a weight
  else
    append_escaped(text, front, ";");
  if (blank == frame.npos) return;
  text += "\\x20";
  text += frame.substr(blank + 1);
}

void append_path(Stack& stack, std::string_view path) {
  if (path.empty()) return append_frame(stack, "[no file]");
  if (path.find_first_not_of('/') == path.npos) return append_frame(stack, "/");
  if (path.front() != '/') return append_frame(stack, path);
  while (!path.empty()) {
    const std::size_t size = std::min(path.find('/'), path.size());
    if (size > 0) append_frame(stack, path.substr(0, size));
    path.remove_prefix(std::min(size + 1, path.size()));
  }
}

// Where it was not asked for: ior's own root is not shown.
void append_implied_root(Stack& stack, const std::string& root) {
  if (root.empty()) return;
  append_frame(stack, root.starts_with('[') ? root : "[" + root + "]");
}

void append_field(Stack& stack, Field field, const std::string& text, bool is_source) {
  if (field == Field::path) {
    append_path(stack, text);
    if (is_source) append_frame(stack, "[as source]");
    return;
  }
  append_frame(stack, text.empty() ? "[no " + std::string(name_of(field)) + "]" : text);
}

Stacks merge(const Recording& recording, std::span<const Field> fields, Weight weight,
             bool is_exact) {
  Stacks stacks;
  Stack stack{.text = "", .is_exact = is_exact};
  const std::vector<Field> shown = with_root(recording, fields);
  const bool implies_root = shown.size() != fields.size();
  for (const RecordGroup& group : group_records(recording, shown)) {
    const std::uint64_t value = weight_of(group, weight);
    if (value == 0) continue;
    stack.text.clear();
    for (const Field field : shown) {
      const std::string text = field_text(recording, group.sums, field);
      if (field == Field::root && implies_root)
        append_implied_root(stack, text);
      else
        append_field(stack, field, text, group.is_source);
    }
    stacks[stack.text] += value;
  }
  return stacks;
}

}  // namespace

void write_collapsed(const Recording& recording, std::span<const Field> fields, Weight weight,
                     std::ostream& out, bool is_exact) {
  const Stacks stacks = merge(recording, fields, weight, is_exact);
  std::vector<const Stacks::value_type*> sorted;
  sorted.reserve(stacks.size());
  for (const auto& stack : stacks) sorted.push_back(&stack);
  std::ranges::sort(
      sorted, {}, [](const auto* stack) -> const auto& { return stack->first; });
  for (const auto* stack : sorted) out << stack->first << ' ' << stack->second << '\n';
}

}  // namespace ior
