// Every row of the syscall catalogue, called: ioworkload makes the calls of a family and says what
// a tracer must show of each; the rows and the recording of ior must show exactly that.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "model/open_flags.hpp"
#include "tests/e2e/trace.hpp"
#include "tests/support/rows.hpp"

namespace ior::e2e {
namespace {

using Json = nlohmann::json;
using Lines = std::vector<std::string>;

// The calls of one exercise that one thread made.
using CallsOfThread = std::pair<std::string, int>;  // syscall, tid

// Equal records of the aggregation, added up.
using RecordKey = std::tuple<std::string, std::string, std::string>;  // path, old path, flags
struct RecordSum {
  std::uint64_t count = 0, errors = 0, bytes_read = 0, bytes_written = 0;
  bool operator==(const RecordSum&) const = default;
};
using Sums = std::map<RecordKey, RecordSum>;

void PrintTo(const RecordSum& sum, std::ostream* out) {
  *out << sum.count << " calls, " << sum.errors << " errors, " << sum.bytes_read << " bytes read, "
       << sum.bytes_written << " written";
}

bool is_failure(const Json& result) {
  return result.is_number() && result < 0 && result >= -4095;
}

// A call that a signal interrupted: its program does not see this result.
bool is_restart(const Json& result) {
  return is_failure(result) && result <= -512 && result >= -516;
}

CallsOfThread calls_of_thread(const Json& expectation) {
  return {expectation["exercise"], expectation["tid"]};
}

// What -plain prints after the syscall's name.
std::string expected_row(const Json& call) {
  const std::string path = call["path"], old_path = call["old_path"];
  const std::string result =
      call["ret"].is_null() ? "" : std::to_string(call["ret"].get<std::int64_t>());
  return result + "," + (old_path.empty() ? path : old_path + " -> " + path);
}

// What moves bytes and does not read; what has a second file does both.
bool writes(const Json& call) {
  const std::string syscall = call["exercise"];
  const bool is_either = syscall == "vmsplice";  // as its end of the pipe is open for
  return syscall.find("write") != syscall.npos || syscall.starts_with("send") ||
         (is_either && (call["flags"].get<int>() & O_ACCMODE) != O_RDONLY);
}

void add_expected(const Json& call, Sums& sums) {
  const std::string flags =
      call["flags"].is_null() ? "" : format_open_flags(call["flags"].get<std::uint32_t>());
  RecordSum& sum = sums[{call["path"], call["old_path"], flags}];
  ++sum.count;
  sum.errors += is_failure(call["ret"]) && !is_restart(call["ret"]) ? 1 : 0;
  const auto bytes = call["bytes"].get<std::uint64_t>();
  const bool has_source = call["old_path"] != "", is_written = writes(call);
  if (has_source || !is_written) sum.bytes_read += bytes;
  if (has_source || is_written) sum.bytes_written += bytes;
}

// "result,file" by syscall and thread, in order.
std::map<CallsOfThread, Lines> rows_of(const std::string& csv) {
  std::map<CallsOfThread, Lines> rows;
  const test::Rows read = test::read_rows(csv);
  for (const test::Row& row : read.rows) {
    rows[{row.at("name"), std::stoi(row.at("tid"))}].push_back(row.at("ret") + "," +
                                                               row.at("file"));
  }
  return rows;
}

std::map<CallsOfThread, Sums> sums_of(const Records& records) {
  std::map<CallsOfThread, Sums> sums;
  for (const Json& record : records) {
    const std::string name = record["tracepoint"].get<std::string>().substr(strlen("enter_"));
    RecordSum& sum =
        sums[{name, record["tid"]}][{record["path"], record["old_path"], record["flags"]}];
    sum.count += record["count"].get<std::uint64_t>();
    sum.errors += figure_in(record, "errors");
    sum.bytes_read += figure_in(record, "bytes_read");
    sum.bytes_written += figure_in(record, "bytes_written");
  }
  return sums;
}

// What ioworkload says of the calls that it made.
struct Expected {
  std::vector<Json> calls;
  std::map<std::string, std::set<std::string>> reasons;  // by syscall: why it has no call of a kind

  bool is_excused(const std::string& syscall, const std::string& kind) const {
    const auto found = reasons.find(syscall);
    return found != reasons.end() && found->second.contains(kind);
  }
};

Expected read_expected(const std::string& file) {
  Expected expected;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const Json parsed = Json::parse(line);
    if (parsed.contains("tid")) {
      expected.calls.push_back(parsed);
      continue;
    }
    for (const char* kind : {"not_exercised", "never_succeeds", "never_fails"}) {
      if (parsed.contains(kind)) expected.reasons[parsed["exercise"]].insert(kind);
    }
  }
  std::erase_if(expected.calls, [&](const Json& call) {
    return expected.is_excused(call["exercise"], "not_exercised");
  });
  return expected;
}

std::vector<std::string> workload_of(const std::string& family, const std::string& expect_file) {
  return {IOR_WORKLOAD_BIN, "--delay-ms=0", "--calls=" + family, "--expect=" + expect_file};
}

struct CallsRun {
  Expected expected;
  Finished ior;
};

CallsRun trace_calls(const std::string& family, std::vector<std::string> options,
                     const TempDir& directory) {
  const std::string expect_file = directory.file("expected.jsonl");
  options.insert(options.begin(), {IOR_BIN, "-f", "-trace-families", "all"});
  options.push_back("--");
  for (const std::string& word : workload_of(family, expect_file)) options.push_back(word);
  const Finished ior = run(options, directory.path());
  EXPECT_EQ(ior.exit_code, 0) << ior.err;
  EXPECT_EQ(lost_calls(ior.err), 0u) << ior.err;
  return {read_expected(expect_file), ior};
}

// The catalogue's rows of a family.
std::vector<std::string> syscalls_of(const std::string& wanted) {
  std::vector<std::string> names;
#define SYSCALL(number, name, abi, shape, family, ...) \
  if (wanted == #family) names.push_back(#name);
#include "catalog/syscalls.def"
#undef SYSCALL
  return names;
}

class CallsTest : public testing::TestWithParam<std::string> {};

TEST_P(CallsTest, have_exactly_these_rows) {
  const TempDir directory;
  const CallsRun traced = trace_calls(GetParam(), {"-plain"}, directory);
  std::map<CallsOfThread, Lines> expected;
  for (const Json& call : traced.expected.calls) {
    expected[calls_of_thread(call)].push_back(expected_row(call));
  }
  const std::map<CallsOfThread, Lines> rows = rows_of(traced.ior.out);
  EXPECT_FALSE(expected.empty());
  for (const auto& [calls, lines] : expected) {
    const auto found = rows.find(calls);
    EXPECT_EQ(found == rows.end() ? Lines() : found->second, lines) << calls.first;
  }
}

TEST_P(CallsTest, have_exactly_these_records) {
  const TempDir directory;
  const CallsRun traced = trace_calls(GetParam(), {"-flamegraph", "-name", "calls"}, directory);
  std::map<CallsOfThread, Sums> expected;
  for (const Json& call : traced.expected.calls)
    add_expected(call, expected[calls_of_thread(call)]);
  std::map<CallsOfThread, Sums> sums = sums_of(export_records(recording_in(directory.path())));
  EXPECT_FALSE(expected.empty());
  for (const auto& [calls, of_calls] : expected) EXPECT_EQ(sums[calls], of_calls) << calls.first;
}

TEST_P(CallsTest, succeed_and_fail_or_there_is_a_reason) {
  const TempDir directory;
  const std::string file = directory.file("expected.jsonl");
  const Finished worked = run(workload_of(GetParam(), file), directory.path());
  ASSERT_EQ(worked.exit_code, 0) << worked.err;
  const Expected expected = read_expected(file);
  std::set<std::string> succeeded, failed;
  for (const Json& call : expected.calls) {
    (is_failure(call["ret"]) ? failed : succeeded).insert(call["exercise"]);
  }
  for (const std::string& name : syscalls_of(GetParam())) {
    if (expected.is_excused(name, "not_exercised")) continue;
    EXPECT_NE(succeeded.contains(name), expected.is_excused(name, "never_succeeds")) << name;
    EXPECT_NE(failed.contains(name), expected.is_excused(name, "never_fails")) << name;
  }
}

std::vector<std::string> families() {
  return {
#define FAMILY(name, description) #name,
#define KIND(identifier, name)
#include "catalog/families.def"
#undef KIND
#undef FAMILY
  };
}

INSTANTIATE_TEST_SUITE_P(Families, CallsTest, testing::ValuesIn(families()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace ior::e2e
