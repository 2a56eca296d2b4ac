#include "sinks/recording_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.hpp"
#include "sinks/recording_compressor.hpp"
#include "sinks/recording_errors.hpp"
#include "sinks/recording_format.hpp"

namespace ior {
namespace {

Result<std::size_t> read_fd(int fd, std::span<char> out) {
  for (;;) {
    const ssize_t size = ::read(fd, out.data(), out.size());
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno != EINTR) return fail_errno("reading failed", errno);
  }
}

}  // namespace

Result<Recording> read_recording(const std::string& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    const int error = errno;
    std::unexpected<Error> failed = fail_errno("cannot open '" + file + "'", error);
    failed.error().message += ": give a recording that ior wrote, NAME.ior.zst";
    return failed;
  }
  Decompressor decompressor([&fd](std::span<char> out) { return read_fd(fd.get(), out); });
  const auto decompress = [&decompressor](std::span<char> out) { return decompressor.read(out); };
  Result<Recording> recording = decode_recording(decompress);
  if (!recording) return fail("cannot read '" + file + "': " + recording.error().message);
  if (decompressor.bytes_taken() < least_file_bytes(*recording)) {
    const auto refused = damaged_file("its records repeat far longer paths than ior writes");
    return fail("cannot read '" + file + "': " + refused.error().message);
  }
  return recording;
}

}  // namespace ior
