// One CPU of the synthetic kernel: writes records of calls into its ring as src/bpf does. No
// knowledge of what the calls are for; synthetic.cpp has the loads.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "bpf/wire.h"
#include "replay.hpp"

namespace ior::bench {

struct Task {
  std::uint32_t task = 0;  // unique
  std::uint32_t tgid = 0;
  std::uint32_t tid = 0;
  std::uint64_t process_start_ns = 0;
  std::string comm;
  std::string directory;  // the working directory
  std::uint32_t seq = 0;
  bool introduced = false;
};

// A call that passes a path, and so has a record for each half.
struct PathCall {
  std::uint16_t nr = 0;
  std::string_view directory = {};  // that the paths start from
  std::string_view path = {};
  std::string_view old_path = {};  // empty: a call of one path
  std::int64_t ret = 0;
  std::string_view opened = {};  // the file that a successful open made
};

// Thread safety: one thread. Lifetime: `replay`, which gets the counts, and the clock that all CPUs
// share outlive it.
class Cpu {
 public:
  Cpu(std::uint16_t number, std::uint64_t& now_ns, Replay& replay)
      : number_(number), now_ns_(now_ns), replay_(replay) {}

  void describe(const Task& task, std::string_view executable);
  void path_call(Task& task, const PathCall& call);
  void fd_call(Task& task, std::uint16_t nr, std::string_view file, std::int64_t ret);
  void exit(Task& task);  // exit_group, and the thread's end

  std::vector<std::byte> take_bytes() { return std::move(bytes_); }

 private:
  class Record;

  std::uint32_t name_id(std::string_view path);
  ior_file file_of(std::string_view path, std::int32_t fd);
  ior_head head_of(const Task& task, ior_record_kind kind, std::uint16_t nr = 0) const;
  void write(const Record& record);

  const std::uint16_t number_;
  std::uint64_t& now_ns_;
  Replay& replay_;
  std::vector<std::byte> bytes_;
  absl::flat_hash_map<std::string, std::uint32_t> name_ids_;
};

}  // namespace ior::bench
