#include "model/path.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace ior::test {
namespace {

struct JoinCase {
  const char* what;
  const char* directory;
  const char* path;
  const char* wanted;
};

void PrintTo(const JoinCase& join, std::ostream* out) {
  *out << join.what;
}

class JoinPath : public testing::TestWithParam<JoinCase> {};

TEST_P(JoinPath, GivesThePathFromWhereItStarts) {
  EXPECT_EQ(join_path(GetParam().directory, GetParam().path), GetParam().wanted);
}

INSTANTIATE_TEST_SUITE_P(
    All, JoinPath,
    testing::Values(JoinCase{"relative", "/home/user", "a.txt", "/home/user/a.txt"},
                    JoinCase{"below_the_root", "/", "etc", "/etc"},
                    JoinCase{"absolute", "/home/user", "/etc/hosts", "/etc/hosts"},
                    JoinCase{"absolute_without_a_directory", "", "/etc/hosts", "/etc/hosts"},
                    JoinCase{"relative_without_a_directory", "", "a.txt", "a.txt"},
                    JoinCase{"empty", "/home/user", "", "/home/user"},
                    JoinCase{"nothing_at_all", "", "", ""},
                    JoinCase{"dots_stay", "/a/link", "../b/./c", "/a/link/../b/./c"},
                    JoinCase{"slashes_stay", "/a", "b//c/", "/a/b//c/"},
                    JoinCase{"directory_that_ends_in_a_slash", "/a/", "b", "/a/b"},
                    JoinCase{"directory_that_is_gone", "/a (deleted)", "b", "/a (deleted)/b"},
                    JoinCase{"directory_that_is_unknown", "[unknown: name was lost]", "b",
                             "[unknown: name was lost]/b"}),
    [](const auto& info) { return info.param.what; });

TEST(PathBelow, PutsTheRootInFront) {
  EXPECT_EQ(path_below("", "/x"), "/x");
  EXPECT_EQ(path_below("", "/"), "/");
  EXPECT_EQ(path_below("/srv", "/x"), "/srv/x");
  EXPECT_EQ(path_below("/srv", "/"), "/srv");
}

TEST(HostPath, IsToldOfDirectoriesThatIorSees) {
  EXPECT_EQ(host_path("", "/x"), "/x");
  EXPECT_EQ(host_path("/srv", "/x"), "/srv/x");
  EXPECT_EQ(host_path("/srv", "/"), "/srv");
  EXPECT_EQ(host_path("/", "/x"), "/x") << "mounted over ior's own";
  EXPECT_EQ(host_path("/srv", "/x/..y"), "/srv/x/..y");
  for (const char* path : {"", "pipe:[7]", "[unknown: fd is not open]", "/../x", "/x/.."}) {
    EXPECT_EQ(host_path("/srv", path), std::nullopt) << path;
  }
  for (const char* root : {"mnt:[4026532621]", "mnt:[4026532621]/srv", "[mount 5]",
                           "/srv (deleted)", "[unknown: root directory]"}) {
    EXPECT_EQ(host_path(root, "/x"), std::nullopt) << root;
  }
}

struct NameCase {
  const char* what;
  NameKind kind;
  const char* text;
  const char* wanted;
};

void PrintTo(const NameCase& name, std::ostream* out) {
  *out << name.what;
}

class FileName : public testing::TestWithParam<NameCase> {};

TEST_P(FileName, IsSpelledAsProcFdDoes) {
  EXPECT_EQ(file_name(GetParam().kind, GetParam().text, 4711), GetParam().wanted);
}

INSTANTIATE_TEST_SUITE_P(
    All, FileName,
    testing::Values(
        NameCase{"path", NameKind::path, "/a/b", "/a/b"},
        NameCase{"deleted", NameKind::deleted, "/a/b", "/a/b (deleted)"},
        NameCase{"end_of_a_path", NameKind::too_long, "/deep/down", ".../deep/down"},
        NameCase{"pipe", NameKind::pseudo, "pipefs:", "pipe:[4711]"},
        NameCase{"eventfd", NameKind::pseudo, "anon_inodefs:[eventfd]", "anon_inode:[eventfd]"},
        NameCase{"pidfd", NameKind::pseudo, "pidfs:", "anon_inode:[pidfd]"},
        NameCase{"memfd", NameKind::pseudo, "tmpfs:memfd:x", "/memfd:x (deleted)"},
        NameCase{"huge_memfd", NameKind::pseudo, "hugetlbfs:memfd:x", "/memfd:x (deleted)"},
        NameCase{"secret", NameKind::pseudo, "secretmem:secretmem", "/secretmem (deleted)"},
        NameCase{"name_space", NameKind::pseudo, "nsfs:net", "net:[4711]"},
        NameCase{"no_type", NameKind::pseudo, "", ":[4711]"},
        NameCase{"no_colon", NameKind::pseudo, "pipefs", "pipe:[4711]"},
        NameCase{"kind_that_does_not_exist", static_cast<NameKind>(99), "/a", "/a"}),
    [](const auto& info) { return info.param.what; });

TEST(FileName, ShowsInodesOfAnySize) {
  EXPECT_EQ(file_name(NameKind::pseudo, "pipefs:", ~std::uint64_t{0}),
            "pipe:[18446744073709551615]");
}

}  // namespace
}  // namespace ior::test
