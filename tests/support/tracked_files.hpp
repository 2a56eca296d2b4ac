// What calls show of their files once they have been through the decoder and the fd tracker.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory_resource>
#include <string>
#include <vector>

#include "actors/call_files.hpp"
#include "actors/fd_tracker.hpp"
#include "tests/support/actor_chain.hpp"
#include "tests/support/records.hpp"

namespace ior::test {

struct ShownFiles {
  std::string path;
  std::string old_path;
  std::uint32_t flags = 0;
  bool has_flags = false;
};

// Of an enter half: with an exit half that tells nothing.
inline ShownFiles shown(const Event& event) {
  std::pmr::monotonic_buffer_resource memory;
  const WireRecord record = event.record;
  const Syscall* row = find_syscall(record.nr(), record.table());
  const Bytes failed = exit_record(0, 1, -1).record();
  const Event exit{WireRecord(failed.data()), nullptr, nullptr};
  const CallFiles files = record.kind() == IOR_RECORD_ENTER
                              ? files_of_call(row, event, exit, memory)
                              : files_of_exit(row, event, memory);
  return {std::string(text_of(files.path)), std::string(text_of(files.old_path)), files.flags,
          files.has_flags};
}

class TrackedFilesTest : public testing::Test {
 protected:
  static constexpr std::size_t kRings = 2;
  static constexpr ior_file kWorkingDirectory = {.name_id = 1, .fd = -1, .f_flags = 0, .status = 0};
  static constexpr ior_file kDirectory = {.name_id = 2, .fd = 5, .f_flags = 0, .status = 0};
  static constexpr ior_file kRoot = {.name_id = 3, .fd = 6, .f_flags = 0, .status = 0};

  // A batch that has been through the tracker.
  BatchPtr track(const std::vector<Bytes>& records) {
    BatchPtr batch = decoded(concatenated(records));
    tracker_.track(*batch);
    return batch;
  }
  // What the last event of such a batch shows.
  ShownFiles last(const std::vector<Bytes>& records) {
    return shown(track(records)->events.back());
  }
  ShownFiles last(const RecordBuilder& record) { return last({record.bytes()}); }

  void name_directories() {
    track({name_record(1, "/home/user").bytes(), name_record(2, "/srv/data").bytes(),
           name_record(3, "/").bytes()});
  }

  FdTracker tracker_{kRings};
};

inline RecordBuilder read_of(const ior_file& file) {
  return whole_record(SYS_read, 1, 1).file(file);
}

}  // namespace ior::test
