// The file that a trace leaves behind. It exists under a temporary name from the start of a trace,
// so that a directory that cannot be written is found before anything is attached; commit fills it
// and gives it its name. Used by one thread at a time; what was not committed is removed with the
// object.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "model/recording.hpp"

namespace ior {

class RecordingFile {
 public:
  // `start_s` is the wall clock at the start of the trace; the file's name shows it as local time.
  static Result<RecordingFile> create(std::string_view directory, std::string_view host,
                                      std::string_view name, std::time_t start_s);

  RecordingFile(RecordingFile&& other) noexcept = default;
  RecordingFile& operator=(RecordingFile&& other) = delete;
  ~RecordingFile();

  // Writes, syncs and renames to HOST-NAME-YYYY-MM-DD_HH:MM:SS.ior.zst, with -1, -2, ... before
  // .ior.zst where that exists: no file is ever overwritten. Gives the path. Requires: called once.
  Result<std::string> commit(const Recording& recording);

 private:
  RecordingFile() = default;

  std::string path_of(std::string_view file_name) const;
  Result<void> write(const Recording& recording);
  Result<std::string> publish();

  std::string directory_;
  std::string stem_;  // the final name without ".ior.zst"
  std::string temporary_name_;
  UniqueFd directory_fd_;
  UniqueFd fd_;  // of the temporary file; none once it is committed
};

}  // namespace ior
