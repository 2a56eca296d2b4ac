// Scenarios that bring files to disk and that cut them.
#include "scenario.hpp"
#include "sys.hpp"
#include "temp_dir.hpp"

namespace ioworkload {
namespace {

constexpr std::string_view kText = "bytes to keep or to cut";
constexpr off_t kFirstCut = 5;
constexpr off_t kSecondCut = 2;

void sync_basic(const TempDir& dir) {
  const int fd = sys::openat(AT_FDCWD, dir.file("syncfile.txt"), O_RDWR | O_CREAT);
  sys::write(fd, kText);
  sys::fsync(fd);
  sys::fdatasync(fd);
  sys::close(fd);
  sys::sync();
}

void truncate_basic(const TempDir& dir) {
  const std::string path = dir.file("truncfile.txt");
  const int fd = sys::openat(AT_FDCWD, path, O_RDWR | O_CREAT);
  sys::write(fd, kText);
  sys::ftruncate(fd, kFirstCut);
  sys::truncate(path, kSecondCut);
  sys::close(fd);
}

constexpr Scenario kScenarios[] = {
    {"sync-basic", sync_basic},
    {"truncate-basic", truncate_basic},
};

}  // namespace

std::span<const Scenario> sync_truncate_scenarios() {
  return kScenarios;
}

}  // namespace ioworkload
