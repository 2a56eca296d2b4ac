// The directory that a scenario works in: fresh, with the scenario's name in its own, and gone
// afterwards. It lies in $TMPDIR, or in /tmp, and its path is absolute, so that it stays valid
// while a scenario changes the working directory.
// Lifetime: made by the constructor; remove() takes it away and reports a failure, the destructor
// does so for a scenario that threw.
#pragma once

#include <filesystem>
#include <string>

namespace ioworkload {

class TempDir {
 public:
  // Throws SyscallError when the directory cannot be made.
  explicit TempDir(const std::string& scenario);
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  // Removes the directory and all that is in it; throws std::filesystem::filesystem_error.
  void remove();

  std::string path() const { return path_.string(); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace ioworkload
