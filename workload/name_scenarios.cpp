// Scenarios that give, change and take away names: rename, link and unlink.
#include "scenario.hpp"
#include "sys.hpp"
#include "temp_dir.hpp"

namespace ioworkload {
namespace {

constexpr std::string_view kText = "a file with a name";

void rename_basic(const TempDir& dir) {
  create_file(dir.file("oldname.txt"), kText);
  sys::rename(dir.file("oldname.txt"), dir.file("newname.txt"));
}

void rename_renameat(const TempDir& dir) {
  create_file(dir.file("renameat-old.txt"), kText);
  const int dirfd = open_directory(dir.path());
  sys::renameat(dirfd, "renameat-old.txt", dirfd, "renameat-new.txt");
  sys::close(dirfd);
}

void rename_renameat2(const TempDir& dir) {
  create_file(dir.file("renameat2-old.txt"), kText);
  const int dirfd = open_directory(dir.path());
  sys::renameat2(dirfd, "renameat2-old.txt", dirfd, "renameat2-new.txt", 0);
  sys::close(dirfd);
}

void link_basic(const TempDir& dir) {
  const std::string original = dir.file("original.txt");
  create_file(original, kText);
  sys::link(original, dir.file("hardlink.txt"));
  sys::symlink(original, dir.file("symlink.txt"));
  expect_text("readlink of symlink.txt", sys::readlink(dir.file("symlink.txt")), original);
}

void link_linkat(const TempDir& dir) {
  create_file(dir.file("linkat-original.txt"), kText);
  const int dirfd = open_directory(dir.path());
  sys::linkat(dirfd, "linkat-original.txt", dirfd, "linkat-hard.txt", 0);
  sys::close(dirfd);
}

void link_symlinkat(const TempDir& dir) {
  const std::string target = dir.file("symlinkat-target.txt");
  create_file(target, kText);
  const int dirfd = open_directory(dir.path());
  sys::symlinkat(target, dirfd, "symlinkat-link.txt");
  sys::close(dirfd);
}

void link_readlinkat(const TempDir& dir) {
  const std::string target = dir.file("readlinkat-target.txt");
  create_file(target, kText);
  sys::symlink(target, dir.file("readlinkat-link.txt"));
  const int dirfd = open_directory(dir.path());
  expect_text("readlinkat of readlinkat-link.txt", sys::readlinkat(dirfd, "readlinkat-link.txt"),
              target);
  sys::close(dirfd);
}

void unlink_basic(const TempDir& dir) {
  create_file(dir.file("unlinkme.txt"), kText);
  sys::unlink(dir.file("unlinkme.txt"));
}

void unlink_unlinkat(const TempDir& dir) {
  create_file(dir.file("unlinkat-file.txt"), kText);
  const int dirfd = open_directory(dir.path());
  sys::unlinkat(dirfd, "unlinkat-file.txt", 0);
  sys::close(dirfd);
}

void unlink_rmdir(const TempDir& dir) {
  sys::mkdirat(AT_FDCWD, dir.file("rmdir-me"));
  sys::rmdir(dir.file("rmdir-me"));
}

constexpr Scenario kScenarios[] = {
    {"rename-basic", rename_basic},         {"rename-renameat", rename_renameat},
    {"rename-renameat2", rename_renameat2}, {"link-basic", link_basic},
    {"link-linkat", link_linkat},           {"link-symlinkat", link_symlinkat},
    {"link-readlinkat", link_readlinkat},   {"unlink-basic", unlink_basic},
    {"unlink-unlinkat", unlink_unlinkat},   {"unlink-rmdir", unlink_rmdir},
};

}  // namespace

std::span<const Scenario> name_scenarios() {
  return kScenarios;
}

}  // namespace ioworkload
