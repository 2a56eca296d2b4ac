// The table of 32-bit calls.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "catalog/catalog.hpp"

namespace ior {
namespace {

class EachCompatRow : public testing::TestWithParam<Syscall> {};

TEST_P(EachCompatRow, is_found_by_its_number_in_its_own_table_only) {
  const Syscall& row = GetParam();
  const Syscall* found = find_syscall(row.number, IOR_TABLE_32);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->name, row.name);
  EXPECT_EQ(syscall_name(row.number, IOR_TABLE_32), row.name);
  EXPECT_EQ(row.name, "i386_" + std::string(row.abi));
  EXPECT_EQ(find_syscall(row.name), nullptr) << "users select it by the 64-bit row";
}

TEST_P(EachCompatRow, is_of_the_family_and_kind_of_the_row_that_selects_it) {
  const Syscall& row = GetParam();
  const Syscall* like = find_syscall(row.selected_by);
  ASSERT_NE(like, nullptr);
  EXPECT_EQ(row.family, like->family);
  EXPECT_EQ(row.kind, like->kind);
}

INSTANTIATE_TEST_SUITE_P(Catalog, EachCompatRow,
                         testing::ValuesIn(rows_of(IOR_TABLE_32).begin(),
                                           rows_of(IOR_TABLE_32).end()),
                         [](const auto& info) { return std::string(info.param.abi); });

TEST(CompatCatalog, numbers_of_the_two_tables_are_not_mixed_up) {
  EXPECT_EQ(syscall_name(3, IOR_TABLE_64), "close");
  EXPECT_EQ(syscall_name(3, IOR_TABLE_32), "i386_read");
  EXPECT_EQ(syscall_name(257, IOR_TABLE_64), "openat");
  EXPECT_EQ(syscall_name(257, IOR_TABLE_32), "i386_remap_file_pages");
}

TEST(CompatCatalog, names_an_unknown_number_by_the_number) {
  for (const std::uint32_t number : {222u, 251u, 387u, 511u, 512u, 0xffffffffu}) {
    EXPECT_EQ(find_syscall(number, IOR_TABLE_32), nullptr);
    EXPECT_EQ(syscall_name(number, IOR_TABLE_32),
              "i386_" + std::to_string(static_cast<int>(number)));
  }
}

TEST(CompatCatalog, a_64_bit_row_is_selected_by_itself) {
  for (const Syscall& row : syscalls()) EXPECT_EQ(row.selected_by, row.number) << row.name;
}

// Newer calls have one number and one meaning everywhere (Linux 5.1 and later).
TEST(CompatCatalog, has_the_calls_from_424_on_in_common_with_the_64_bit_table) {
  for (const Syscall& row : syscalls()) {
    if (row.number < 424) continue;
    const Syscall* compat = find_syscall(row.number, IOR_TABLE_32);
    ASSERT_NE(compat, nullptr) << row.name;
    EXPECT_EQ(compat->abi, row.abi);
    EXPECT_EQ(compat->selected_by, row.number) << row.name;
    EXPECT_EQ(compat->shape, row.shape) << row.name;
  }
}

// A call of the same name as a 64-bit one is like that one.
TEST(CompatCatalog, same_names_are_the_same_calls) {
  for (const Syscall& row : rows_of(IOR_TABLE_32)) {
    if (const Syscall* same = find_syscall(row.abi)) {
      EXPECT_EQ(row.selected_by, same->number) << row.name;
    }
  }
}

TEST(CompatCatalog, knows_the_calls_that_are_unlike_their_64_bit_rows) {
  struct Case {
    std::string_view name;
    std::uint32_t number;
    std::string_view selected_by, shape;
    int args;
    ByteClass bytes;
    Returns returns;
  };
  for (const Case& each :
       {Case{"i386_pread64", 180, "pread64", "fd0", 5, ByteClass::read, Returns::bytes},
        Case{"i386_pwrite64", 181, "pwrite64", "fd0", 5, ByteClass::write, Returns::bytes},
        Case{"i386_mmap", 90, "mmap", "none", 1, ByteClass::none, Returns::address},
        Case{"i386_mmap2", 192, "mmap", "fd4_mapped", 6, ByteClass::none, Returns::address},
        Case{"i386__llseek", 140, "lseek", "fd0", 5, ByteClass::none, Returns::zero},
        Case{"i386_stat64", 195, "newstat", "path0", 2, ByteClass::none, Returns::zero},
        Case{"i386_fstatat64", 300, "newfstatat", "at0_or_fd0", 4, ByteClass::none, Returns::zero},
        Case{"i386_readdir", 89, "getdents", "fd0", 3, ByteClass::none, Returns::value},
        Case{"i386_umount", 22, "umount", "path0", 1, ByteClass::none, Returns::zero},
        Case{"i386_sendfile", 187, "sendfile64", "fd0_from_fd1", 4, ByteClass::transfer,
             Returns::bytes},
        Case{"i386_fanotify_mark", 339, "fanotify_mark", "at4_or_fd4", 6, ByteClass::none,
             Returns::zero},
        Case{"i386_socketcall", 102, "socket", "none", 2, ByteClass::none, Returns::value}}) {
    SCOPED_TRACE(each.name);
    const Syscall* row = find_syscall(each.number, IOR_TABLE_32);
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->name, each.name);
    EXPECT_EQ(find_syscall(row->selected_by)->name, each.selected_by);
    EXPECT_EQ(shape_of(row->shape).name, each.shape);
    EXPECT_EQ(row->args, each.args);
    EXPECT_EQ(name_of(row->bytes.kind), name_of(each.bytes));
    EXPECT_EQ(name_of(row->returns), name_of(each.returns));
  }
}

}  // namespace
}  // namespace ior
