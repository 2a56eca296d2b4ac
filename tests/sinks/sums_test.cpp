// Every output's sums against a plain sum over the calls: random calls with no file, one or two go
// through aggregators and a recording to the table, the stacks and the JSON lines.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "actors/aggregator.hpp"
#include "sinks/collapsed.hpp"
#include "sinks/json_lines.hpp"
#include "sinks/report.hpp"
#include "tests/sinks/recordings.hpp"
#include "tests/support/made_calls.hpp"

namespace ior::test {
namespace {

using Totals = std::map<Weight, std::uint64_t>;

// What the syscalls do with the files of their calls.
enum class Moves { nothing, from_path, to_path, from_old_path_to_path, as_open };
struct Kind {
  std::uint32_t number;
  Moves moves;
};
constexpr std::array kKinds = {
    Kind{SYS_read, Moves::from_path},
    Kind{SYS_pwritev, Moves::to_path},
    Kind{SYS_sendfile, Moves::from_old_path_to_path},
    Kind{SYS_splice, Moves::from_old_path_to_path},
    Kind{SYS_tee, Moves::from_old_path_to_path},
    Kind{SYS_copy_file_range, Moves::from_old_path_to_path},
    Kind{SYS_vmsplice, Moves::as_open},
    Kind{SYS_renameat2, Moves::nothing},
    Kind{SYS_dup2, Moves::nothing},
    Kind{SYS_sync, Moves::nothing},
};

// So small that no figure of the table is rounded.
constexpr std::uint64_t kMostPerCall = 3;
constexpr int kCalls = 250;

class RandomCalls {
 public:
  explicit RandomCalls(std::uint32_t seed) : random_(seed) {
    for (const char* path : {"/a", "/b", "/a/b", "pipe:[1]", "[unknown: fd is not open]"}) {
      names_.push_back(named(path));
    }
  }

  Call next() {
    const Kind kind = kKinds[below(kKinds.size())];
    Call call;
    call.caller = callers_[below(callers_.size())];
    call.number = kind.number;
    call.path = kind.number == SYS_sync ? nullptr : names_[below(names_.size())];
    const bool has_two = kind.moves == Moves::from_old_path_to_path ||
                         kind.number == SYS_renameat2 || (kind.number == SYS_dup2 && below(2));
    if (has_two) call.old_path = names_[below(names_.size())];
    call.duration_ns = below(kMostPerCall + 1);
    call.gap_ns = below(kMostPerCall + 1);
    call.has_flags = true;
    call.flags = below(2) ? O_RDONLY : O_WRONLY;
    call.ret = below(8) == 0 ? -EIO : static_cast<std::int64_t>(below(kMostPerCall + 1));
    add_up(call, kind.moves);
    return call;
  }

  const Totals& totals() const { return totals_; }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }

  void add_up(const Call& call, Moves moves) {
    const std::uint64_t moved = call.ret > 0 ? static_cast<std::uint64_t>(call.ret) : 0;
    const bool is_read = moves == Moves::from_path || moves == Moves::from_old_path_to_path ||
                         (moves == Moves::as_open && call.flags == O_RDONLY);
    const bool is_written = moves == Moves::to_path || moves == Moves::from_old_path_to_path ||
                            (moves == Moves::as_open && call.flags == O_WRONLY);
    totals_[Weight::count] += 1;
    totals_[Weight::duration] += call.duration_ns;
    totals_[Weight::duration_to_prev] += call.gap_ns;
    totals_[Weight::bytes_read] += is_read ? moved : 0;
    totals_[Weight::bytes_written] += is_written ? moved : 0;
    totals_[Weight::bytes] += (is_read ? moved : 0) + (is_written ? moved : 0);
  }

  std::mt19937 random_;
  std::vector<const Name*> names_;
  std::array<const Caller*, 3> callers_ = {calling({}), calling({.tid = 101}, "dd"),
                                           calling({.tgid = 7, .tid = 7}, "dd")};
  Totals totals_;
};

void add(Aggregator& aggregator, std::vector<Call> calls) {
  ShardBatch batch;
  std::deque<Caller> callers;  // numbered as those of a batch are
  for (Call& call : calls) {
    callers.push_back(*call.caller);
    callers.back().number = static_cast<std::uint32_t>(batch.callers.size());
    batch.callers.push_back(&callers.back());
    call.caller = &callers.back();
  }
  batch.calls = std::move(calls);
  aggregator.add(batch);
}

// Of calls that went through two shards with room for so many records, and through a file.
Recording recording_of(RandomCalls& random, std::size_t room) {
  const auto records = std::make_shared<TableRoom>(room);
  Aggregator first(0, records), second(1, records);
  for (Aggregator* shard : {&first, &second}) {
    std::vector<Call> calls;
    for (int i = 0; i < kCalls / 2; ++i) calls.push_back(random.next());
    add(*shard, std::move(calls));
  }
  first.absorb(second);
  Recording recording;
  first.release_to(recording);
  recording.calls_seen = recording.calls_recorded = kCalls;
  return decode_recording(from(encoded(recording))).value();
}

// The figures of a table's column added up. Those in brackets are counted elsewhere.
std::uint64_t column_sum(const std::string& report, const std::string& title) {
  std::istringstream lines(report);
  std::string line;
  std::getline(lines, line);
  const std::size_t end = line.find(title) + title.size();
  std::uint64_t sum = 0;
  while (std::getline(lines, line)) {
    const std::size_t begin = line.rfind("  ", end - 1);
    const std::string cell = line.substr(begin == line.npos ? 0 : begin, end - begin);
    const std::size_t figure = cell.find_first_not_of(' ');
    if (cell[figure] == '(' || cell[figure] == '-') continue;
    EXPECT_EQ(cell.find_first_of(".?<>~"), cell.npos) << line;
    sum += std::stoull(cell.substr(figure));
  }
  return sum;
}

std::uint64_t collapsed_sum(const Recording& recording, const std::vector<Field>& fields,
                            Weight weight) {
  std::ostringstream out;
  write_collapsed(recording, fields, weight, out);
  std::istringstream lines(out.str());
  std::uint64_t sum = 0;
  for (std::string line; std::getline(lines, line);) {
    sum += std::stoull(line.substr(line.rfind(' ')));
  }
  return sum;
}

Totals json_totals(const Recording& recording) {
  std::ostringstream out;
  write_json_lines(recording, out);
  std::istringstream lines(out.str());
  Totals totals;
  for (std::string line; std::getline(lines, line);) {
    const auto object = nlohmann::json::parse(line);
    const auto figure = [&object](const char* key) { return object[key].get<std::uint64_t>(); };
    totals[Weight::count] += figure("count");
    totals[Weight::duration] += figure("duration_ns");
    totals[Weight::duration_to_prev] += figure("gap_ns");
    totals[Weight::bytes_read] += figure("bytes_read");
    totals[Weight::bytes_written] += figure("bytes_written");
    totals[Weight::bytes] += figure("bytes_read") + figure("bytes_written");
  }
  return totals;
}

void expect_sums(const Recording& recording, const Totals& totals,
                 const std::vector<Field>& fields) {
  for (const auto& [weight, total] : totals) {
    EXPECT_EQ(collapsed_sum(recording, fields, weight), total) << name_of(weight);
    const std::string report =
        format_report(recording, {.fields = fields, .weight = weight, .rows = 0});
    EXPECT_EQ(column_sum(report, "COUNT"), totals.at(Weight::count)) << report;
    EXPECT_EQ(column_sum(report, "TOTAL"), totals.at(Weight::duration)) << report;
    EXPECT_EQ(column_sum(report, "READ"), totals.at(Weight::bytes_read)) << report;
    EXPECT_EQ(column_sum(report, "WRITTEN"), totals.at(Weight::bytes_written)) << report;
    if (weight != Weight::duration_to_prev) continue;
    EXPECT_EQ(column_sum(report, "GAP"), totals.at(Weight::duration_to_prev)) << report;
  }
}

TEST(Sums, of_every_output_are_those_over_the_calls) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    for (const std::size_t room : {std::size_t{1000}, std::size_t{40}, std::size_t{3}}) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", room for " << room);
      RandomCalls random(seed);
      const Recording recording = recording_of(random, room);
      EXPECT_EQ(json_totals(recording), random.totals());
      const std::vector<std::vector<Field>> kFields = {
          {Field::path},
          {Field::tracepoint, Field::path},
          {Field::path, Field::comm, Field::tid, Field::flags, Field::pid, Field::root},
          {Field::comm, Field::tracepoint},
          {Field::pid}};
      for (const auto& fields : kFields) expect_sums(recording, random.totals(), fields);
    }
  }
}

}  // namespace
}  // namespace ior::test
