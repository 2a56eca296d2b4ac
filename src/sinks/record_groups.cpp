#include "sinks/record_groups.hpp"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "catalog/catalog.hpp"

namespace ior {
namespace {

// What the fields of a group hold, by number, and whether it is a source.
using Key = std::array<std::uint32_t, std::size_t{2} + static_cast<std::size_t>(kLastField)>;

using Rules = absl::flat_hash_map<std::string, ByteClass>;

// By the names of tracepoints.
Rules all_rules() {
  Rules rules;
  for (int table = 0; table < IOR_TABLES; ++table) {
    for (const Syscall& row : rows_of(static_cast<ior_table>(table))) {
      rules[tracepoint_name(row.number, static_cast<ior_table>(table))] = row.bytes.kind;
    }
  }
  return rules;
}

// A recording may hold a text twice: each stands for the first of its kind.
std::vector<std::uint32_t> first_of_each(const std::vector<std::string>& strings) {
  absl::flat_hash_map<std::string_view, std::uint32_t> firsts;
  std::vector<std::uint32_t> numbers;
  numbers.reserve(strings.size());
  for (const std::string& text : strings) {
    numbers.push_back(
        firsts.try_emplace(text, static_cast<std::uint32_t>(numbers.size())).first->second);
  }
  return numbers;
}

class Grouping {
 public:
  Grouping(const Recording& recording, std::span<const Field> fields)
      : recording_(recording),
        fields_(fields),
        firsts_(first_of_each(recording.strings)),
        has_path_(std::ranges::find(fields, Field::path) != fields.end()) {}

  void add(const Record& record) {
    RecordGroup part{.sums = record};
    if (record.unmeasured != 0) {
      const MayMove may = may_move(recording_, record);
      part.read_unknown = may.read ? record.unmeasured : 0;
      part.written_unknown = may.write ? record.unmeasured : 0;
    }
    if (has_path_ && !recording_.strings[record.old_path].empty()) {
      add(source_of(part));
      part.sums.bytes_read = 0;
      part.read_unknown = 0;
    }
    add(part);
  }

  std::vector<RecordGroup> release() { return std::move(groups_); }

 private:
  static RecordGroup source_of(const RecordGroup& part) {
    const Record& record = part.sums;
    RecordGroup source;
    source.sums = {.path = record.old_path,
                   .root = record.root,
                   .tracepoint = record.tracepoint,
                   .comm = record.comm,
                   .process = record.process,
                   .tid = record.tid,
                   .flags = record.flags,
                   .count = record.count,
                   .bytes_read = record.bytes_read};
    source.read_unknown = part.read_unknown;
    source.is_source = true;
    return source;
  }

  void add(const RecordGroup& part) {
    const auto [place, is_new] =
        places_.try_emplace(key_of(part), static_cast<std::uint32_t>(groups_.size()));
    if (is_new) {
      groups_.push_back(part);
      return;
    }
    RecordGroup& group = groups_[place->second];
    group.read_unknown += part.read_unknown;
    group.written_unknown += part.written_unknown;
    add_up(group.sums, part.sums);
  }

  static void add_up(Record& sums, const Record& more) {
    sums.count += more.count;
    sums.errors += more.errors;
    sums.duration_ns += more.duration_ns;
    sums.gap_ns += more.gap_ns;
    sums.bytes_read += more.bytes_read;
    sums.bytes_written += more.bytes_written;
    sums.at_most += more.at_most;
    sums.unmeasured += more.unmeasured;
  }

  Key key_of(const RecordGroup& part) const {
    Key key{};
    key.back() = part.is_source;
    for (const Field field : fields_) {
      key[static_cast<std::size_t>(field)] = number_of(part.sums, field);
    }
    return key;
  }

  std::uint32_t number_of(const Record& record, Field field) const {
    switch (field) {
      case Field::path:
        return firsts_[record.path];
      case Field::comm:
        return firsts_[record.comm];
      case Field::tracepoint:
        return firsts_[record.tracepoint];
      case Field::root:
        return firsts_[record.root];
      case Field::pid:
        return recording_.processes[record.process].pid;
      case Field::tid:
        return record.tid;
      case Field::flags:
        return record.flags;
    }
    return 0;
  }

  const Recording& recording_;
  const std::span<const Field> fields_;
  const std::vector<std::uint32_t> firsts_;  // by number of a string
  const bool has_path_;
  std::vector<RecordGroup> groups_;
  absl::flat_hash_map<Key, std::uint32_t> places_;
};

}  // namespace

std::vector<RecordGroup> group_records(const Recording& recording, std::span<const Field> fields) {
  Grouping grouping(recording, fields);
  for (const Record& record : recording.records) grouping.add(record);
  return grouping.release();
}

std::uint64_t weight_of(const RecordGroup& group, Weight weight) {
  const bool counts_calls = weight == Weight::count;
  return group.is_source && counts_calls ? 0 : weight_of(group.sums, weight);
}

MayMove may_move(const Recording& recording, const Record& record) {
  static const Rules rules = all_rules();
  const auto found = rules.find(recording.strings[record.tracepoint]);
  if (found == rules.end()) return {};
  const bool has_both = found->second == ByteClass::transfer || found->second == ByteClass::either;
  return {.read = has_both || found->second == ByteClass::read,
          .write = has_both || found->second == ByteClass::write};
}

}  // namespace ior
