// Made-up histories of threads that run on several CPUs: what the kernel side (bpf/*.bpf.h) writes
// into its rings for them, record by record, and the calls that the actors must make of that. The
// same options give the same history.
#pragma once

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "tests/support/records.hpp"
#include "tests/support/seen_calls.hpp"

namespace ior::test {

struct HistoryOptions {
  std::string name;  // of the test that is made of them
  std::uint64_t seed = 1;
  std::size_t rings = 4;
  std::size_t steps = 4000;
  std::size_t threads = 10;       // that live at a time, at most
  unsigned loss_percent = 0;      // of the records find no room, ends excepted
  unsigned damage_percent = 0;    // of the calls' records cannot be understood
  unsigned migrate_percent = 40;  // of the steps
  bool deaths_in_calls = false;
  bool execs = false;
  bool reuses_thread_ids = false;
};

inline std::ostream& operator<<(std::ostream& out, const HistoryOptions& options) {
  return out << options.name;
}

struct TrueCall {
  SeenCall call;            // without gap_ns and after_loss: these depend on what is recorded
  bool after_loss = false;  // one was lost between the call before and this
};

struct WrittenRecord {
  std::size_t ring = 0;
  Bytes bytes;  // with the ring's header
};

struct History {
  std::vector<WrittenRecord> written;                       // in the order of time
  std::map<std::uint32_t, std::vector<TrueCall>> calls;     // by task, what arrives whole
  std::map<std::uint64_t, std::uint32_t> task_of_enter_ns;  // no two calls enter at one time
  std::uint64_t given_up = 0;                               // calls of which a record was damaged
  std::uint64_t unmatched = 0;  // halves that arrive without their other half
  std::uint64_t damaged = 0;    // records
};

History make_history(const HistoryOptions& options);

}  // namespace ior::test
