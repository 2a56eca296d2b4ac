// Scenarios that open files, read them and write them.
#include <array>

#include "scenario.hpp"
#include "sys.hpp"
#include "temp_dir.hpp"

namespace ioworkload {
namespace {

constexpr std::string_view kText = "hello, io workload!!";
constexpr std::size_t kFirstPartBytes = 5;
constexpr std::size_t kSecondPartBytes = 15;
static_assert(kText.size() == kFirstPartBytes + kSecondPartBytes);

int open_new(const TempDir& dir, const char* name) {
  return sys::openat(AT_FDCWD, dir.file(name), O_RDWR | O_CREAT);
}

void open_basic(const TempDir& dir) {
  sys::close(open_new(dir, "testfile.txt"));
}

void open_creat(const TempDir& dir) {
  const int fd = sys::openat(AT_FDCWD, dir.file("creatfile.txt"), O_WRONLY | O_CREAT | O_TRUNC);
  sys::write(fd, kText);
  sys::close(fd);
}

void open_by_handle_at(const TempDir& dir) {
  create_file(dir.file("handlefile.txt"), kText);
  const int dirfd = open_directory(dir.path());
  sys::FileHandle handle = sys::name_to_handle_at(dirfd, "handlefile.txt");
  sys::close(sys::open_by_handle_at(dirfd, handle, O_RDONLY));
  sys::close(dirfd);
}

void readwrite_basic(const TempDir& dir) {
  const int fd = open_new(dir, "rwfile.txt");
  sys::write(fd, kText);
  sys::lseek(fd, 0);
  expect_text("read of rwfile.txt", sys::read(fd, kText.size()), kText);
  sys::close(fd);
}

void readwrite_pread(const TempDir& dir) {
  const int fd = open_new(dir, "preadfile.txt");
  sys::write(fd, kText);
  expect_text("pread64 of preadfile.txt", sys::pread64(fd, kText.size(), 0), kText);
  sys::close(fd);
}

void readwrite_pwrite(const TempDir& dir) {
  const int fd = open_new(dir, "pwritefile.txt");
  sys::pwrite64(fd, kText, 0);
  sys::close(fd);
}

void readwrite_readv(const TempDir& dir) {
  const int fd = open_new(dir, "readvfile.txt");
  sys::write(fd, kText);
  sys::lseek(fd, 0);
  std::string first(kFirstPartBytes, '\0');
  std::string second(kSecondPartBytes, '\0');
  sys::readv(fd,
             std::array{iovec{first.data(), first.size()}, iovec{second.data(), second.size()}});
  expect_text("first part of readvfile.txt", first, kText.substr(0, kFirstPartBytes));
  expect_text("second part of readvfile.txt", second, kText.substr(kFirstPartBytes));
  sys::close(fd);
}

void readwrite_writev(const TempDir& dir) {
  const int fd = open_new(dir, "writevfile.txt");
  std::string first(kText.substr(0, kFirstPartBytes));
  std::string second(kText.substr(kFirstPartBytes));
  sys::writev(fd,
              std::array{iovec{first.data(), first.size()}, iovec{second.data(), second.size()}});
  sys::close(fd);
}

constexpr Scenario kScenarios[] = {
    {"open-basic", open_basic},
    {"open-creat", open_creat},
    {"open-by-handle-at", open_by_handle_at},
    {"readwrite-basic", readwrite_basic},
    {"readwrite-pread", readwrite_pread},
    {"readwrite-pwrite", readwrite_pwrite},
    {"readwrite-readv", readwrite_readv},
    {"readwrite-writev", readwrite_writev},
};

}  // namespace

std::span<const Scenario> open_rw_scenarios() {
  return kScenarios;
}

}  // namespace ioworkload
