// The table of what calls with a path write into memory: it is of the rows that it says, and no
// call with a path has an address of which it is not known whether the kernel writes there.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "catalog/catalog.hpp"

namespace ior {
namespace {

struct Output {
  ior_table table;
  std::uint32_t number;
  std::string_view name;
  std::size_t argument;
};

constexpr Output kOutputs[] = {
#define OUTPUT(table, number, name, argument, size) {IOR_TABLE_##table, number, #name, argument},
#include "catalog/outputs.def"
#undef OUTPUT
};

// Addresses from which the kernel reads only.
constexpr std::string_view kInputs[] = {"argv",  "attrp", "envp",   "fstype",
                                        "times", "uattr", "utimes", "xattr_name"};

bool is_output(ior_table table, const Syscall& row, std::size_t argument) {
  return std::ranges::any_of(kOutputs, [&](const Output& output) {
    return output.table == table && output.number == row.number && output.argument == argument;
  });
}

bool is_text(const Target& target) {
  return target.kind == Target::Kind::path || target.kind == Target::Kind::at ||
         target.kind == Target::Kind::at_or_fd || target.kind == Target::Kind::text;
}

bool is_text_at(const Target& target, std::size_t argument) {
  return is_text(target) && target.argument == argument;
}

// Also those that set what others get.
bool is_input(const Syscall& row, const Argument& argument) {
  const bool sets = row.abi.contains("set");
  const bool is_set = argument.identifier == "value" || argument.identifier == "ufattr" ||
                      argument.identifier == "xattr_args";
  return (sets && is_set) || std::ranges::count(kInputs, argument.identifier) != 0;
}

TEST(Outputs, are_of_the_rows_that_they_name) {
  for (const Output& output : kOutputs) {
    const Syscall* row = find_syscall(output.number, output.table);
    ASSERT_NE(row, nullptr) << output.name;
    EXPECT_EQ(output.table == IOR_TABLE_32 ? row->abi : row->name, output.name);
    EXPECT_LT(output.argument, row->args) << output.name;
  }
}

TEST(Outputs, are_all_addresses_of_calls_with_a_path_that_are_no_inputs) {
  for (const ior_table table : {IOR_TABLE_64, IOR_TABLE_32}) {
    for (const Syscall& row : rows_of(table)) {
      const Shape& shape = shape_of(row.shape);
      if (!is_text(shape.main) && !is_text(shape.other)) continue;
      for (std::size_t i = 0; i < row.args; ++i) {
        const Argument& argument = argument_of(row.arguments[i]);
        const bool is_address =
            argument.format == IOR_FORMAT_pointer || argument.format == IOR_FORMAT_handle_given ||
            argument.format == IOR_FORMAT_xattr_args || argument.identifier == "addr";
        const bool is_path = is_text_at(shape.main, i) || is_text_at(shape.other, i);
        if (!is_address || is_path || is_input(row, argument)) continue;
        EXPECT_TRUE(is_output(table, row, i)) << row.name << ": " << argument.identifier;
      }
    }
  }
}

}  // namespace
}  // namespace ior
