// Scenarios about descriptors: close, dup and fcntl.
#include "scenario.hpp"
#include "sys.hpp"
#include "temp_dir.hpp"

namespace ioworkload {
namespace {

constexpr std::string_view kText = "written through a descriptor";
constexpr std::size_t kCloseFiles = 3;

// High enough to be free in a process that opens a handful of files.
constexpr int kDup2Target = 500;
constexpr int kDup3Target = 501;

int open_new(const TempDir& dir, const std::string& name) {
  return sys::openat(AT_FDCWD, dir.file(name), O_RDWR | O_CREAT);
}

void expect_fd(const char* call, int actual, int wanted) {
  expect(actual == wanted, std::string(call) + " gave fd " + std::to_string(actual) +
                               " instead of " + std::to_string(wanted));
}

void write_and_close_both(int original, int copy) {
  expect(copy != original, "a duplicate has the number of its original");
  sys::write(copy, kText);
  sys::close(copy);
  sys::close(original);
}

void close_basic(const TempDir& dir) {
  std::vector<int> fds;
  for (std::size_t i = 0; i < kCloseFiles; ++i) {
    fds.push_back(open_new(dir, "closefile-" + std::to_string(i)));
  }
  for (const int fd : fds) sys::close(fd);
}

bool ends_contiguous(const std::vector<int>& fds) {
  if (fds.size() < kCloseFiles) return false;
  const std::size_t first = fds.size() - kCloseFiles;
  for (std::size_t i = first + 1; i < fds.size(); ++i) {
    if (fds[i] != fds[i - 1] + 1) return false;
  }
  return true;
}

void close_range(const TempDir& dir) {
  // Inherited descriptors may leave holes below them: opening the files again in turn fills these,
  // until the last three numbers are contiguous.
  std::vector<int> fds;
  while (!ends_contiguous(fds)) {
    fds.push_back(open_new(dir, "closerangefile-" + std::to_string(fds.size() % kCloseFiles)));
  }
  const int last = fds.back();
  fds.resize(fds.size() - kCloseFiles);
  sys::close_range(last - static_cast<int>(kCloseFiles) + 1, last);
  for (const int filler : fds) sys::close(filler);
}

void dup_basic(const TempDir& dir) {
  const int fd = open_new(dir, "dupfile.txt");
  write_and_close_both(fd, sys::dup(fd));
}

void dup_dup2(const TempDir& dir) {
  const int fd = open_new(dir, "dup2file.txt");
  const int copy = sys::dup2(fd, kDup2Target);
  expect_fd("dup2", copy, kDup2Target);
  write_and_close_both(fd, copy);
}

void dup_dup3(const TempDir& dir) {
  const int fd = open_new(dir, "dup3file.txt");
  const int copy = sys::dup3(fd, kDup3Target, O_CLOEXEC);
  expect_fd("dup3", copy, kDup3Target);
  write_and_close_both(fd, copy);
}

void fcntl_dupfd(const TempDir& dir) {
  const int fd = open_new(dir, "fcntlfile.txt");
  write_and_close_both(fd, sys::fcntl(fd, F_DUPFD, 0));
}

void fcntl_setfl(const TempDir& dir) {
  const int fd = open_new(dir, "fcntlsetflfile.txt");
  const int flags = sys::fcntl(fd, F_GETFL, 0);
  expect((flags & (O_ACCMODE | O_APPEND)) == O_RDWR,
         "fcntl F_GETFL gave flags " + std::to_string(flags) + " for a file opened O_RDWR");
  sys::fcntl(fd, F_SETFL, flags | O_APPEND);
  sys::write(fd, kText);
  sys::close(fd);
}

void fcntl_dupfd_cloexec(const TempDir& dir) {
  const int fd = open_new(dir, "fcntlcloexecfile.txt");
  write_and_close_both(fd, sys::fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

constexpr Scenario kScenarios[] = {
    {"close-basic", close_basic}, {"close-range", close_range},
    {"dup-basic", dup_basic},     {"dup-dup2", dup_dup2},
    {"dup-dup3", dup_dup3},       {"fcntl-dupfd", fcntl_dupfd},
    {"fcntl-setfl", fcntl_setfl}, {"fcntl-dupfd-cloexec", fcntl_dupfd_cloexec},
};

}  // namespace

std::span<const Scenario> fd_scenarios() {
  return kScenarios;
}

}  // namespace ioworkload
