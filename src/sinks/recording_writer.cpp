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

std::unexpected<Error> cannot_create(std::string_view directory, int error) {
  if (error == ENAMETOOLONG) {
    return fail("cannot create a recording: its name would be too long: give a shorter -name");
  }
  std::unexpected<Error> failed =
      fail_errno(fmt::format("cannot create a recording in directory '{}'", directory), error);
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

}  // namespace

Result<RecordingFile> RecordingFile::create(std::string_view directory, std::string_view host,
                                            std::string_view name, std::time_t start_s) {
  if (name.empty() || name.find('/') != name.npos) {
    return fail(
        fmt::format("-name '{}' cannot be part of a file's name: give one without '/'", name));
  }
  RecordingFile file;
  file.directory_ = directory;
  file.stem_ = stem_of(host, name, start_s);
  file.directory_fd_.reset(::open(file.directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.directory_fd_) return cannot_create(directory, errno);
  for (int i = 0; i < kMaxTries; ++i) {
    file.temporary_name_ = fmt::format(".{}.{}-{}{}.tmp", file.stem_, ::getpid(), i, kSuffix);
    const int fd = ::openat(file.directory_fd_.get(), file.temporary_name_.c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST) continue;
    if (fd < 0) return cannot_create(directory, errno);
    file.fd_.reset(fd);
    return file;
  }
  return cannot_create(directory, EEXIST);
}

RecordingFile::~RecordingFile() {
  if (fd_) ::unlinkat(directory_fd_.get(), temporary_name_.c_str(), 0);
}

std::string RecordingFile::path_of(std::string_view file_name) const {
  if (directory_ == ".") return std::string(file_name);
  return fmt::format("{}{}{}", directory_, directory_.ends_with('/') ? "" : "/", file_name);
}

Result<void> RecordingFile::write(const Recording& recording) {
  Compressor compressor([this](std::string_view bytes) -> Result<void> {
    const int error = write_all(fd_.get(), bytes);
    if (error == 0) return {};
    return fail_errno("cannot write the recording to " + path_of(temporary_name_), error);
  });
  const auto compress = [&compressor](std::string_view bytes) { return compressor.write(bytes); };
  Result<void> done = encode_recording(recording, compress);
  if (done) done = compressor.finish();
  if (done && ::fsync(fd_.get()) != 0) {
    return fail_errno("cannot write the recording to " + path_of(temporary_name_), errno);
  }
  return done;
}

Result<std::string> RecordingFile::publish() {
  int error = 0;
  for (int i = 0; i < kMaxTries; ++i) {
    const std::string name =
        i == 0 ? stem_ + std::string(kSuffix) : fmt::format("{}-{}{}", stem_, i, kSuffix);
    error = rename_to_free(directory_fd_.get(), temporary_name_, name);
    if (error == EEXIST) continue;
    if (error != 0) break;
    fd_.reset();
    ::fsync(directory_fd_.get());
    return path_of(name);
  }
  return fail_errno("cannot rename the recording " + path_of(temporary_name_), error);
}

Result<std::string> RecordingFile::commit(const Recording& recording) {
  if (auto written = write(recording); !written) return std::unexpected(written.error());
  return publish();
}

}  // namespace ior
