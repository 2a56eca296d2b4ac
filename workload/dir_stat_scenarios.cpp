// Scenarios about directories and about the attributes of files.
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "scenario.hpp"
#include "sys.hpp"
#include "temp_dir.hpp"

namespace ioworkload {
namespace {

constexpr std::string_view kText = "a file with attributes";

void dir_basic(const TempDir& dir) {
  sys::mkdir(dir.file("subdir"));
  sys::faccessat(AT_FDCWD, dir.file("subdir"), R_OK);
  sys::rmdir(dir.file("subdir"));
}

void dir_mkdirat(const TempDir& dir) {
  sys::mkdirat(AT_FDCWD, dir.file("mkdirat-subdir"));
}

void dir_chdir(const TempDir& dir) {
  const std::string before = sys::getcwd();
  sys::chdir(dir.path());
  sys::chdir(before);
}

void dir_getdents(const TempDir& dir) {
  create_file(dir.file("getdents-file.txt"), kText);
  const int dirfd = open_directory(dir.path());
  std::vector<std::string> names = sys::getdents64(dirfd);
  std::sort(names.begin(), names.end());
  expect(names == std::vector<std::string>{".", "..", "getdents-file.txt"},
         "getdents64 gave other names than ., .. and getdents-file.txt");
  sys::close(dirfd);
}

void expect_attributes(const char* call, unsigned mode, std::uint64_t bytes) {
  expect(S_ISREG(mode), std::string(call) + " does not say regular file");
  expect(bytes == kText.size(), std::string(call) + " gave a size of " + std::to_string(bytes) +
                                    " instead of " + std::to_string(kText.size()));
}

void expect_attributes(const char* call, const struct stat& attributes) {
  expect_attributes(call, attributes.st_mode, static_cast<std::uint64_t>(attributes.st_size));
}

void stat_basic(const TempDir& dir) {
  const std::string path = dir.file("statfile.txt");
  create_file(path, kText);
  expect_attributes("stat", sys::stat(path));
}

void stat_fstat(const TempDir& dir) {
  const int fd = sys::openat(AT_FDCWD, dir.file("fstatfile.txt"), O_RDWR | O_CREAT);
  sys::write(fd, kText);
  expect_attributes("fstat", sys::fstat(fd));
  sys::close(fd);
}

void stat_lstat(const TempDir& dir) {
  const std::string path = dir.file("lstatfile.txt");
  create_file(path, kText);
  expect_attributes("lstat", sys::lstat(path));
}

void stat_newfstatat(const TempDir& dir) {
  const std::string path = dir.file("fstatatfile.txt");
  create_file(path, kText);
  expect_attributes("newfstatat", sys::newfstatat(AT_FDCWD, path, 0));
}

void stat_statx(const TempDir& dir) {
  const std::string path = dir.file("statxfile.txt");
  create_file(path, kText);
  const struct statx attributes = sys::statx(AT_FDCWD, path, 0, STATX_BASIC_STATS);
  expect_attributes("statx", attributes.stx_mode, attributes.stx_size);
}

void stat_access(const TempDir& dir) {
  const std::string path = dir.file("accessfile.txt");
  create_file(path, kText);
  sys::access(path, R_OK);
}

void stat_faccessat(const TempDir& dir) {
  const std::string path = dir.file("faccessatfile.txt");
  create_file(path, kText);
  sys::faccessat(AT_FDCWD, path, R_OK);
}

constexpr Scenario kScenarios[] = {
    {"dir-basic", dir_basic},           {"dir-mkdirat", dir_mkdirat},
    {"dir-chdir", dir_chdir},           {"dir-getdents", dir_getdents},
    {"stat-basic", stat_basic},         {"stat-fstat", stat_fstat},
    {"stat-lstat", stat_lstat},         {"stat-newfstatat", stat_newfstatat},
    {"stat-statx", stat_statx},         {"stat-access", stat_access},
    {"stat-faccessat", stat_faccessat},
};

}  // namespace

std::span<const Scenario> dir_stat_scenarios() {
  return kScenarios;
}

}  // namespace ioworkload
