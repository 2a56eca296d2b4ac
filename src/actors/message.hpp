// What the actors send one another: batches, moved along and not changed by anyone but the actor
// that holds them.
//
//   EventBatch --ring_reader--> bytes --decoder--> events --fd_tracker--> names --pairer-->
//   CallBatch --aggregator, sinks
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/wire.h"
#include "catalog/catalog.h"
#include "model/call.hpp"

namespace ior {

// Ring bytes as they were read. Passes are the readers' watermark: a pass ends when every ring has
// been read up to where it had been written when the pass began. So whatever was written before a
// record of pass P was read, has been read by the end of pass P + 1.
struct RawBatch {
  std::vector<std::byte> bytes;
  std::uint64_t order = 0;      // batches are numbered from 0, in the order in which they were read
  std::uint64_t pass = 0;       // in which its records were read
  std::uint64_t completed = 0;  // passes that had ended when the batch was closed
};

inline constexpr std::uint64_t kAllPasses =
    ~std::uint64_t{0};  // RawBatch.completed: nothing more will come

struct Text {
  std::string_view bytes;
  ior_text_status status = IOR_TEXT_OK;
};

// One record, checked and taken apart. Pointers and views lie in the batch's bytes or its memory.
struct Event {
  ior_record_kind kind = IOR_RECORD_END;
  std::uint16_t sections = 0;
  std::uint16_t cpu = 0;
  std::uint32_t nr = 0;
  std::uint32_t task = 0;
  std::uint32_t seq = 0;
  std::uint32_t tgid = 0;
  std::uint32_t tid = 0;
  std::uint64_t time_ns = 0;
  std::uint64_t enter_ns = 0;  // EXIT
  std::int64_t ret = 0;        // EXIT
  std::span<const std::uint64_t> args;
  const ior_file* file = nullptr;
  const ior_file* other = nullptr;
  const ior_intro* intro = nullptr;
  const ior_name* name = nullptr;        // NAME, and EXIT with IOR_TEXT_NAME
  const ior_process* process = nullptr;  // PROCESS
  Text text;        // ENTER, EXIT: the path as passed; NAME: the name; PROCESS: the executable
  Text other_text;  // ENTER, EXIT: the old path as passed; PROCESS: the command line
  Text name_text;   // EXIT: the name of `file`; PROCESS: the cgroup

  // The fd tracker's part: what the call names, so far as this half of it tells.
  std::string_view path;
  std::string_view old_path;
  std::uint32_t flags = 0;
  bool has_flags = false;
};

inline ior_table table_of(unsigned sections) {
  if (sections & IOR_REQUEST) return sections & IOR_AIO ? IOR_TABLE_AIO : IOR_TABLE_URING;
  return sections & IOR_COMPAT ? IOR_TABLE_32 : IOR_TABLE_64;
}

struct EventBatch {
  RawBatch raw;                                      // holds the bytes
  std::vector<Event> events;                         // of each ring in its order
  std::vector<std::vector<std::uint32_t>> by_shard;  // indexes into events, by process; no names
  std::uint64_t malformed = 0;                 // records that were not understood, and dropped
  std::pmr::monotonic_buffer_resource memory;  // of the paths that the tracker puts together
  // Names that this batch's names replaced. Earlier batches may still show them; they are gone
  // before this one is.
  std::vector<std::unique_ptr<const std::string>> retired;

  void clear() {
    raw.bytes.clear();
    events.clear();
    for (auto& shard : by_shard) shard.clear();
    malformed = 0;
    memory.release();
    retired.clear();
  }
};

using EventBatchPtr = std::shared_ptr<EventBatch>;

// A process as its PROCESS record described it, on its way to the process table.
struct ProcessSeen {
  std::uint32_t pid = 0;
  std::uint64_t start_ns = 0;
  const Event* event = nullptr;
};

struct CallBatch {
  EventBatchPtr events;  // keeps alive what the calls' views show
  std::size_t shard = 0;
  std::pmr::monotonic_buffer_resource memory;  // of what came from earlier batches
  std::vector<Call> calls;
  std::vector<ProcessSeen> processes;
};

using CallBatchPtr = std::shared_ptr<CallBatch>;

}  // namespace ior
