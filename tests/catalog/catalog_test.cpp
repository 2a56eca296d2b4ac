#include "catalog/catalog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace ior {
namespace {

class EachRow : public testing::TestWithParam<Syscall> {};

TEST_P(EachRow, is_found_by_its_number_and_by_both_its_names) {
  const Syscall& row = GetParam();
  for (const Syscall* found :
       {find_syscall(row.number), find_syscall(row.name), find_syscall(row.abi)}) {
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->number, row.number);
    EXPECT_EQ(found->name, row.name);
  }
  EXPECT_EQ(syscall_name(row.number, IOR_TABLE_64), row.name);
}

TEST_P(EachRow, says_what_its_columns_mean) {
  const Syscall& row = GetParam();
  EXPECT_FALSE(shape_of(row.shape).description.empty());
  EXPECT_FALSE(description_of(row.family).empty());
  EXPECT_NE(std::ranges::find(family_names(), name_of(row.family)), family_names().end());
  EXPECT_NE(std::ranges::find(kind_names(), name_of(row.kind)), kind_names().end());
  EXPECT_FALSE(name_of(row.bytes.kind).empty());
  EXPECT_FALSE(name_of(row.returns).empty());
}

INSTANTIATE_TEST_SUITE_P(Catalog, EachRow, testing::ValuesIn(syscalls().begin(), syscalls().end()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Catalog, knows_tracepoints_that_are_named_unlike_their_syscalls) {
  struct Case {
    std::uint16_t number;
    std::string_view name;
    std::string_view abi;
  };
  for (const Case& each : {Case{4, "newstat", "stat"}, Case{5, "newfstat", "fstat"},
                           Case{6, "newlstat", "lstat"}, Case{40, "sendfile64", "sendfile"},
                           Case{63, "newuname", "uname"}, Case{166, "umount", "umount2"}}) {
    SCOPED_TRACE(each.name);
    const Syscall* row = find_syscall(each.number);
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->name, each.name);
    EXPECT_EQ(row->abi, each.abi);
    EXPECT_EQ(find_syscall(each.abi), row);
  }
}

TEST(Catalog, has_no_row_for_what_is_no_syscall) {
  for (const std::uint32_t number : {337u, 423u, 511u, 512u, 0xffffffffu}) {
    EXPECT_EQ(find_syscall(number), nullptr) << number;
  }
  for (const std::string_view name : {"", "nosuch", "READ", "rea", "reada", "enter_read"}) {
    EXPECT_EQ(find_syscall(name), nullptr) << name;
  }
}

TEST(Catalog, names_an_unknown_number_by_the_number) {
  EXPECT_EQ(syscall_name(337, IOR_TABLE_64), "syscall_337");
  EXPECT_EQ(syscall_name(100000, IOR_TABLE_64), "syscall_100000");
  EXPECT_EQ(syscall_name(4294967295u, IOR_TABLE_64), "syscall_-1");
}

struct ShapeCase {
  std::string_view syscall;
  Target main;
  Target other;
  FlagsSource flags;
};

std::string describe(const Target& target) {
  return std::to_string(static_cast<int>(target.kind)) + " " + std::to_string(target.directory) +
         " " + std::to_string(target.argument);
}

TEST(Catalog, tells_which_arguments_name_the_files_of_a_call) {
  using Kind = Target::Kind;
  using Flags = FlagsSource::Kind;
  const ShapeCase cases[] = {
      {"getpid", {}, {}, {}},
      {"read", {Kind::fd, 0, 0}, {}, {}},
      {"mmap", {Kind::fd_unless, 3, 4}, {}, {}},
      {"newstat", {Kind::path, 0, 0}, {}, {}},
      {"newfstatat", {Kind::at_or_fd, 0, 1}, {}, {}},
      {"openat", {Kind::at, 0, 1}, {}, {Flags::argument, 2}},
      {"openat2", {Kind::at, 0, 1}, {}, {Flags::captured, 2}},
      {"creat", {Kind::path, 0, 0}, {}, {Flags::creat, 0}},
      {"open_by_handle_at", {}, {}, {Flags::argument, 2}},
      {"rename", {Kind::path, 0, 1}, {Kind::path, 0, 0}, {}},
      {"renameat2", {Kind::at, 2, 3}, {Kind::at, 0, 1}, {}},
      {"symlinkat", {Kind::at, 1, 2}, {Kind::text, 0, 0}, {}},
      {"sendfile64", {Kind::fd, 0, 0}, {Kind::fd, 0, 1}, {}},
      {"splice", {Kind::fd, 0, 2}, {Kind::fd, 0, 0}, {}},
      {"tee", {Kind::fd, 0, 1}, {Kind::fd, 0, 0}, {}},
      {"close_range", {Kind::first_open, 0, 1}, {}, {}},
      {"fanotify_mark", {Kind::at_or_fd, 3, 4}, {}, {}},
      {"dup3", {Kind::fd, 0, 0}, {Kind::fd_if_open, 0, 1}, {}},
      {"kcmp", {Kind::fd_if_open, 0, 4}, {Kind::fd_if_open, 0, 3}, {}},
      {"msync", {Kind::mapped, 0, 0}, {}, {}},
  };
  for (const ShapeCase& each : cases) {
    SCOPED_TRACE(each.syscall);
    const Shape& shape = shape_of(find_syscall(each.syscall)->shape);
    EXPECT_EQ(describe(shape.main), describe(each.main));
    EXPECT_EQ(describe(shape.other), describe(each.other));
    EXPECT_EQ(shape.flags.kind, each.flags.kind);
    EXPECT_EQ(shape.flags.argument, each.flags.argument);
  }
}

TEST(Catalog, tells_what_a_return_means) {
  struct Case {
    std::string_view syscall;
    ByteClass bytes;
    Returns returns;
  };
  for (const Case& each :
       {Case{"pread64", ByteClass::read, Returns::bytes},
        Case{"writev", ByteClass::write, Returns::bytes},
        Case{"copy_file_range", ByteClass::transfer, Returns::bytes},
        Case{"vmsplice", ByteClass::either, Returns::bytes},
        Case{"lseek", ByteClass::none, Returns::offset},
        Case{"openat", ByteClass::none, Returns::fd}, Case{"fsync", ByteClass::none, Returns::zero},
        Case{"fcntl", ByteClass::none, Returns::value},
        Case{"epoll_wait", ByteClass::none, Returns::count},
        Case{"mmap", ByteClass::none, Returns::address},
        Case{"clone3", ByteClass::none, Returns::pid},
        Case{"exit_group", ByteClass::none, Returns::noreturn}}) {
    SCOPED_TRACE(each.syscall);
    const Syscall* row = find_syscall(each.syscall);
    EXPECT_EQ(name_of(row->bytes.kind), name_of(each.bytes));
    EXPECT_EQ(name_of(row->returns), name_of(each.returns));
  }
}

TEST(Catalog, traces_the_file_system_family_and_four_that_move_data_by_default) {
  const std::set<std::string_view> moving = {"sendfile64", "splice", "tee", "vmsplice"};
  for (const Syscall& row : syscalls()) {
    const bool traced = row.family == Family::FS || moving.contains(row.name);
    EXPECT_EQ(is_traced_by_default(row), traced) << row.name;
  }
}

TEST(Catalog, has_distinct_names_for_shapes_families_and_kinds) {
  std::set<std::string_view> shapes;
  for (int i = 0; i < IOR_SHAPE_COUNT; ++i) {
    shapes.insert(shape_of(static_cast<ior_shape>(i)).name);
  }
  EXPECT_EQ(shapes.size(), IOR_SHAPE_COUNT);
  for (const auto names : {family_names(), kind_names()}) {
    EXPECT_EQ(std::set<std::string_view>(names.begin(), names.end()).size(), names.size());
  }
}

TEST(Catalog, every_shape_family_and_kind_is_that_of_some_row) {
  std::set<ior_shape> shapes;
  std::set<Family> families;
  std::set<Kind> kinds;
  for (const Syscall& row : rows_of(IOR_TABLE_32)) shapes.insert(row.shape);
  for (const Syscall& row : syscalls()) {
    shapes.insert(row.shape);
    families.insert(row.family);
    kinds.insert(row.kind);
  }
  EXPECT_EQ(shapes.size(), IOR_SHAPE_COUNT);
  EXPECT_EQ(families.size(), family_names().size());
  EXPECT_EQ(kinds.size(), kind_names().size());
}

TEST(Catalog, every_counter_has_its_own_name_and_a_sentence) {
  std::set<std::string_view> names;
  for (int i = 0; i < IOR_COUNTER_COUNT; ++i) {
    const Counter& counter = counter_of(static_cast<ior_counter>(i));
    names.insert(counter.name);
    EXPECT_GT(counter.sentence.size(), counter.name.size()) << counter.name;
  }
  EXPECT_EQ(names.size(), IOR_COUNTER_COUNT);
  EXPECT_EQ(counter_of(IOR_COUNTER_ring_full).severity, Severity::lost);
  EXPECT_EQ(counter_of(IOR_COUNTER_fork_child).severity, Severity::info);
}

}  // namespace
}  // namespace ior
