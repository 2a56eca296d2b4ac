#include "sinks/recording_writer.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "sinks/recording_compressor.hpp"
#include "sinks/recording_format.hpp"
#include "sinks/write_all.hpp"

namespace ior {
namespace {

constexpr std::string_view kSuffix = ".ior.zst";
constexpr int kMaxTries = 10'000;
constexpr mode_t kPrivate = 0600;  // until the file has the access that it is to have

std::unexpected<Error> cannot_create(std::string_view directory, int error) {
  if (error == ENAMETOOLONG) {
    return fail("cannot create a recording: its name would be too long: give a shorter -name");
  }
  std::unexpected<Error> failed =
      fail_errno(fmt::format("cannot create a recording in directory '{}'", directory), error);
  if (error == EMFILE || error == ENFILE || error == ENOMEM) return failed;
  failed.error().message += ": change to a directory that exists and that you may write to";
  return failed;
}

std::string stem_of(std::string_view host, std::string_view name, std::time_t start_s) {
  std::tm local{};
  ::localtime_r(&start_s, &local);
  std::string stem = fmt::format("{}-{}-{:%Y-%m-%d_%H:%M:%S}", host, name, local);
  std::ranges::replace(stem, '/', '_');  // a host's name may be any text
  return stem;
}

// Moves a file to a name that nothing has; EEXIST where something has it. Atomic: two traces that
// end together cannot take the same name.
int rename_to_free(int directory, const std::string& from, const std::string& to) {
  if (::renameat2(directory, from.c_str(), directory, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // File systems without RENAME_NOREPLACE (NFS): a link is as atomic.
  if (::linkat(directory, from.c_str(), directory, to.c_str(), 0) != 0) return errno;
  ::unlinkat(directory, from.c_str(), 0);
  return 0;
}

// Gives a file without a name one that nothing has. Its fd will do where ior may
// (CAP_DAC_READ_SEARCH, or Linux 6.10); else it takes /proc.
int link_to_free(int fd, int directory, const std::string& to) {
  if (::linkat(fd, "", directory, to.c_str(), AT_EMPTY_PATH) == 0) return 0;
  if (errno == EEXIST) return EEXIST;
  const std::string from = fmt::format("/proc/self/fd/{}", fd);
  return ::linkat(AT_FDCWD, from.c_str(), directory, to.c_str(), AT_SYMLINK_FOLLOW) == 0 ? 0
                                                                                         : errno;
}

std::string numbered(const std::string& stem, int number) {
  return number == 0 ? stem + std::string(kSuffix) : fmt::format("{}-{}{}", stem, number, kSuffix);
}

}  // namespace

Result<RecordingFile> RecordingFile::create(std::string_view directory, std::string_view host,
                                            std::string_view name, std::time_t start_s,
                                            const FileAccess& access) {
  if (name.empty() || name.find('/') != name.npos) {
    return fail(
        fmt::format("-name '{}' cannot be part of a file's name: give one without '/'", name));
  }
  RecordingFile file;
  file.directory_ = directory;
  file.stem_ = stem_of(host, name, start_s);
  file.access_ = access;
  file.directory_fd_.reset(::open(file.directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.directory_fd_) return cannot_create(directory, errno);
  struct stat status {};
  const std::string longest = file.temporary_name_of(kMaxTries);
  if (::fstatat(file.directory_fd_.get(), longest.c_str(), &status, 0) != 0 &&
      errno == ENAMETOOLONG) {
    return cannot_create(directory, ENAMETOOLONG);
  }
  file.fd_.reset(
      ::openat(file.directory_fd_.get(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, kPrivate));
  if (!file.fd_) {
    if (auto opened = file.open_named(); !opened) return std::unexpected(opened.error());
  }
  if (auto set = file.set_access(); !set) return std::unexpected(set.error());
  if (!file.temporary_name_.empty()) file.remove();
  return file;
}

RecordingFile::~RecordingFile() {
  remove();
}

std::string RecordingFile::temporary_name_of(int number) const {
  return fmt::format(".{}.{}-{}{}.tmp", stem_, ::getpid(), number, kSuffix);
}

// Makes it under a temporary name.
Result<void> RecordingFile::open_named() {
  for (int i = 0; i < kMaxTries; ++i) {
    std::string name = temporary_name_of(i);
    const int fd = ::openat(directory_fd_.get(), name.c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kPrivate);
    if (fd < 0 && errno == EEXIST) continue;
    if (fd < 0) return cannot_create(directory_, errno);
    fd_.reset(fd);
    temporary_name_ = std::move(name);
    return {};
  }
  return cannot_create(directory_, EEXIST);
}

void RecordingFile::remove() {
  if (fd_ && !temporary_name_.empty()) {
    ::unlinkat(directory_fd_.get(), temporary_name_.c_str(), 0);
  }
  temporary_name_.clear();
  fd_.reset();
}

// The owner first: who is not to read the file never may.
Result<void> RecordingFile::set_access() const {
  if (access_.user != FileAccess::kOwn && ::fchown(fd_.get(), access_.user, access_.group) != 0) {
    return fail_errno(fmt::format("cannot give a recording in directory '{}' to user {}, who ran "
                                  "sudo (change to another directory, or unset SUDO_UID)",
                                  directory_, access_.user),
                      errno);
  }
  // Whether it was refused shows in what the file has now.
  [[maybe_unused]] const int refused = ::fchmod(fd_.get(), access_.mode);
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) return cannot_create(directory_, errno);
  const mode_t mode = status.st_mode & 07777;
  if (mode == access_.mode) return {};
  return fail(
      fmt::format("cannot give a recording in directory '{}' the mode {:04o}, its file system says "
                  "{:04o}: change to another directory, or accept that with -mode {:04o}",
                  directory_, access_.mode, mode, mode));
}

std::string RecordingFile::path_of(std::string_view file_name) const {
  if (directory_ == ".") return std::string(file_name);
  return fmt::format("{}{}{}", directory_, directory_.ends_with('/') ? "" : "/", file_name);
}

Result<void> RecordingFile::write(const Recording& recording) {
  const auto cannot_write = [this](int error) {
    return fail_errno("cannot write the recording " + path_of(numbered(stem_, 0)), error);
  };
  Compressor compressor([&](std::string_view bytes) -> Result<void> {
    const int error = write_all(fd_.get(), bytes);
    if (error == 0) return {};
    return cannot_write(error);
  });
  const auto compress = [&compressor](std::string_view bytes) { return compressor.write(bytes); };
  Result<void> done = encode_recording(recording, compress);
  if (done) done = compressor.finish(least_file_bytes(recording));
  if (done && ::fsync(fd_.get()) != 0) return cannot_write(errno);
  return done;
}

int RecordingFile::give_name(const std::string& name) {
  return temporary_name_.empty() ? link_to_free(fd_.get(), directory_fd_.get(), name)
                                 : rename_to_free(directory_fd_.get(), temporary_name_, name);
}

Result<std::string> RecordingFile::publish() {
  int error = 0;
  for (int i = 0; i < kMaxTries; ++i) {
    const std::string name = numbered(stem_, i);
    error = give_name(name);
    if (error == EEXIST) continue;
    if (error != 0) break;
    temporary_name_.clear();
    ::fsync(directory_fd_.get());
    return path_of(name);
  }
  return fail_errno("cannot name the recording " + path_of(numbered(stem_, 0)), error);
}

Result<std::string> RecordingFile::commit(const Recording& recording) {
  if (fd_) {
    if (auto written = write(recording); !written) return std::unexpected(written.error());
    if (auto path = publish(); path) return path;
  }
  // It can have no name, or only one from the start.
  if (auto opened = open_named(); !opened) return std::unexpected(opened.error());
  if (auto set = set_access(); !set) return std::unexpected(set.error());
  if (auto written = write(recording); !written) return std::unexpected(written.error());
  return publish();
}

}  // namespace ior
