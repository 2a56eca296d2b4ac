#include "cli/syscall_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "catalog/catalog.hpp"

namespace ior {
namespace {

constexpr std::size_t kColumns = 9;
using Cells = std::array<std::string, kColumns>;

const Cells kHeadings = {"number", "name",    "family", "kind",     "files",
                         "bytes",  "returns", "traced", "arguments"};

constexpr std::string_view kIntroduction =
    R"(<!-- Generated from src/catalog by tools/generate_docs.cpp; do not edit. -->
# Syscalls

The x86-64 syscalls that ior knows by name; `ior syscalls` prints the same rows. What is not here
is shown as `syscall_N`. A 32-bit call is shown as `i386_<name>` by its name in
`<asm/unistd_32.h>`, or as `i386_N`, and is selected by the row that `src/catalog/compat.def` says
it is like. A row tells nothing of the running kernel, which may lack the syscall.

- number: as in `<asm/unistd_64.h>`. name: of the tracepoint `enter_<name>`; in brackets the name in
  `<asm/unistd_64.h>` where it is another. `-trace-syscalls` takes both.
- family, kind: what `-trace-families` and `-trace-kinds` select.
- files: which arguments name the call's files. The file written to, or the new name, stands first.
- bytes: what a positive return counts as. returns: what a return that is no error means.
- traced: whether the syscall is traced by default, without any selecting option.
- arguments: by name, as `-args` shows them.

)";

std::string arguments_of(const Syscall& row) {
  if (row.args == 0) return "none";
  std::string text;
  for (std::size_t i = 0; i < row.args; ++i) {
    if (i > 0) text += ' ';
    text += argument_of(row.arguments[i]).identifier;
  }
  return text;
}

Cells cells_of(const Syscall& row) {
  return {std::to_string(row.number),
          std::string(row.name),
          std::string(name_of(row.family)),
          std::string(name_of(row.kind)),
          std::string(shape_of(row.shape).description),
          std::string(name_of(row.bytes.kind)),
          std::string(name_of(row.returns)),
          is_traced_by_default(row) ? "yes" : "no",
          arguments_of(row)};
}

std::string markdown_line(const Cells& cells) {
  return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

std::string markdown_families() {
  std::string text = "| family | syscalls | what they are about |\n| --- | --- | --- |\n";
  for (std::size_t i = 0; i < family_names().size(); ++i) {
    const auto family = static_cast<Family>(i);
    const auto rows = std::ranges::count(syscalls(), family, &Syscall::family);
    text += fmt::format("| {} | {} | {} |\n", name_of(family), rows, description_of(family));
  }
  return text;
}

}  // namespace

std::string list_syscalls() {
  std::vector<Cells> lines = {kHeadings};
  for (const Syscall& row : syscalls()) lines.push_back(cells_of(row));
  std::array<std::size_t, kColumns> widths{};
  for (const Cells& cells : lines) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], cells[i].size());
  }
  std::string text;
  for (const Cells& cells : lines) {
    text += fmt::format("{:>{}}", cells[0], widths[0]);
    for (std::size_t i = 1; i + 1 < kColumns; ++i) {
      text += fmt::format("  {:<{}}", cells[i], widths[i]);
    }
    text += fmt::format("  {}\n", cells.back());
  }
  return text;
}

std::string syscalls_markdown() {
  std::string text(kIntroduction);
  text += markdown_families() + '\n' + markdown_line(kHeadings);
  text += markdown_line({"---:", "---", "---", "---", "---", "---", "---", "---", "---"});
  for (const Syscall& row : syscalls()) {
    Cells cells = cells_of(row);
    if (row.abi != row.name) cells[1] += fmt::format(" ({})", row.abi);
    text += markdown_line(cells);
  }
  return text;
}

}  // namespace ior
