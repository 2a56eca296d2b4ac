// The file that a trace leaves behind. From the start of a trace it exists without a name, so that
// a directory that cannot be written is found before anything is attached, and nothing is left
// whatever ends ior; commit fills it and gives it its name. Where a file system has no such files,
// one is made and removed at the start, and commit makes it anew. Used by one thread at a time.
#pragma once

#include <sys/types.h>

#include <ctime>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "model/recording.hpp"

namespace ior {

// Whose a file is, and who may read it, whatever the umask.
struct FileAccess {
  static constexpr uid_t kOwn = static_cast<uid_t>(-1);

  mode_t mode = 0600;
  uid_t user = kOwn;  // kOwn: that of ior
  gid_t group = kOwn;
};

class RecordingFile {
 public:
  // `start_s` is the wall clock at the start of the trace; the file's name shows it as local time.
  static Result<RecordingFile> create(std::string_view directory, std::string_view host,
                                      std::string_view name, std::time_t start_s,
                                      const FileAccess& access = {});

  RecordingFile(RecordingFile&& other) noexcept = default;
  RecordingFile& operator=(RecordingFile&& other) = delete;
  ~RecordingFile();

  // Writes, syncs and names it HOST-NAME-YYYY-MM-DD_HH:MM:SS.ior.zst, with -1, -2, ... before
  // .ior.zst where that exists: no file is ever overwritten. Gives the path. Requires: called once.
  Result<std::string> commit(const Recording& recording);

 private:
  RecordingFile() = default;

  std::string path_of(std::string_view file_name) const;
  std::string temporary_name_of(int number) const;
  Result<void> open_named();
  void remove();
  Result<void> set_access() const;
  Result<void> write(const Recording& recording);
  int give_name(const std::string& name);
  Result<std::string> publish();

  std::string directory_;
  std::string stem_;  // the final name without ".ior.zst"
  FileAccess access_;
  std::string temporary_name_;  // empty: the file has no name yet, or it is final
  UniqueFd directory_fd_;
  UniqueFd fd_;
};

}  // namespace ior
