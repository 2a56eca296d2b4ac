#include "temp_dir.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "sys.hpp"

namespace ioworkload {
namespace {

std::filesystem::path parent_directory() {
  const char* configured = std::getenv("TMPDIR");
  const bool is_set = configured != nullptr && *configured != '\0';
  return std::filesystem::absolute(is_set ? configured : "/tmp");
}

}  // namespace

TempDir::TempDir(const std::string& scenario) {
  std::string name = (parent_directory() / ("ioworkload-" + scenario + "-XXXXXX")).string();
  const std::string pattern = name;
  if (::mkdtemp(name.data()) == nullptr) {
    throw SyscallError("mkdtemp(" + pattern + ")", errno);
  }
  path_ = name;
}

TempDir::~TempDir() {
  // The failure that led here is the one to report.
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

void TempDir::remove() {
  std::filesystem::remove_all(path_);
  path_.clear();
}

}  // namespace ioworkload
