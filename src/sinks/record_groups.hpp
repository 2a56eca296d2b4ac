// The records of a recording added up by fields: the lines of a table, the stacks of a graph. A
// call that has two files counts once, in the line of the file that it writes to (or of the new
// name); the other file has a line of its own, with what was read from it. Pure, usable from any
// thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/fields.hpp"
#include "model/recording.hpp"

namespace ior {

// Of the calls that agree in the fields.
struct RecordGroup {
  // Those members that can be added up; in the others one of the records. Where `is_source`, the
  // path is the second file's, and of the sums there are the count and bytes_read alone: all else
  // belongs to the line of the first file.
  Record sums;
  std::uint64_t read_unknown = 0;     // calls of which it is not known what they read
  std::uint64_t written_unknown = 0;  // and wrote
  bool is_source = false;
};

// In no particular order. Second files have groups of their own where the path is one of the
// fields; else all that was read is in the group of its call. Time and memory are those of the
// records, not of their texts. Requires: check_recording took the recording.
std::vector<RecordGroup> group_records(const Recording& recording, std::span<const Field> fields);

// What the group adds to a total: nothing that another one's calls have added already.
std::uint64_t weight_of(const RecordGroup& group, Weight weight);

// Whether a call of the record, of which the result is not known, may have read or written.
struct MayMove {
  bool read = true;
  bool write = true;
};
MayMove may_move(const Recording& recording, const Record& record);

}  // namespace ior
