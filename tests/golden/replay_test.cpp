// Recorded ring bytes through the whole pipeline, against the rows that they must give, for any
// number of threads. To record anew after a change of src/bpf/wire.h (as root): ring_capture
// tests/data/NAME.rings COMMAND. To write the expected rows anew, after reading what changed:
// IOR_WRITE_GOLDEN=1 golden_tests.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "actors/pipeline.hpp"
#include "bpf/recorded_rings.hpp"
#include "sinks/csv_rows.hpp"
#include "tests/support/summaries.hpp"

namespace ior {
namespace {

std::string data_file(const std::string& name) {
  return std::string(IOR_SOURCE_DIR) + "/tests/data/" + name;
}

std::vector<std::string> lines_of(std::istream& in) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

struct Replayed {
  std::vector<std::string> rows;
  PipelineCounts counts;
  Recording recording;
};

Replayed replay(const std::string& name, int threads) {
  std::size_t ring_count = 0;
  const auto chunks = read_ring_file(data_file(name + ".rings"), ring_count);
  EXPECT_TRUE(chunks.has_value()) << chunks.error().message;
  RecordedRings rings(ring_count, chunks.value());
  std::FILE* file = std::tmpfile();
  CsvRows rows(::fileno(file), {.time = TimeColumn::boot});
  Replayed replayed;
  {
    Pipeline pipeline(rings, {.threads = threads, .filter = {}, .rows = &rows});
    pipeline.start();
    pipeline.stop();
    replayed.counts = pipeline.counts();
    pipeline.collect(replayed.recording);
  }
  EXPECT_TRUE(rows.finish().has_value());
  std::rewind(file);
  std::string text;
  for (int byte = std::fgetc(file); byte != EOF; byte = std::fgetc(file))
    text += static_cast<char>(byte);
  std::fclose(file);
  std::istringstream in(text);
  replayed.rows = lines_of(in);
  return replayed;
}

class GoldenTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, gives_the_expected_rows) {
  const Replayed replayed = replay(GetParam(), 1);
  const std::string expected = data_file(GetParam() + ".csv");
  if (std::getenv("IOR_WRITE_GOLDEN") != nullptr) {
    std::ofstream out(expected);
    for (const std::string& row : replayed.rows) out << row << '\n';
  }
  std::ifstream in(expected);
  EXPECT_EQ(replayed.rows, lines_of(in));
  EXPECT_EQ(replayed.counts.malformed, 0u);
  EXPECT_EQ(replayed.counts.calls.given_up, 0u);
  EXPECT_EQ(replayed.counts.calls.unmatched, 0u);
  EXPECT_EQ(replayed.counts.calls.recorded, replayed.rows.size() - 1);
}

TEST_P(GoldenTest, gives_the_same_rows_and_records_with_more_threads) {
  const Replayed one = replay(GetParam(), 1);
  for (const int threads : {2, 4}) {
    const Replayed more = replay(GetParam(), threads);
    EXPECT_EQ(more.rows, one.rows) << threads;
    EXPECT_EQ(test::summaries_of(more.recording), test::summaries_of(one.recording)) << threads;
    EXPECT_EQ(more.recording.processes.size(), one.recording.processes.size()) << threads;
  }
}

INSTANTIATE_TEST_SUITE_P(Recorded, GoldenTest,
                         testing::Values("dup-dup2", "link-basic", "pipeline", "readwrite-basic",
                                         "rename-renameat2"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace ior
