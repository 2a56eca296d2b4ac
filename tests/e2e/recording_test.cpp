// The recording as a file: standard zstd, sums that agree, and no crash on a damaged one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <sstream>

#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

class Recorded : public testing::Test {
 protected:
  void SetUp() override {
    const Finished traced = run({IOR_BIN, "-f", "-flamegraph", "-name", "made", "--", "sh", "-c",
                                 "ls -lR /etc > /dev/null; cat /etc/hostname"},
                                directory_.path());
    ASSERT_EQ(traced.exit_code, 0) << traced.err;
    file_ = recording_in(directory_.path());
    records_ = export_records(file_);
  }

  TempDir directory_;
  std::string file_;
  Records records_;
};

TEST_F(Recorded, is_named_after_host_name_and_time) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  EXPECT_THAT(std::filesystem::path(file_).filename(),
              testing::MatchesRegex(
                  std::string(host.data()) +
                  "-made-[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9]{2}:[0-9]{2}:[0-9]{2}\\.ior\\.zst"));
}

TEST_F(Recorded, is_a_standard_zstd_file) {
  EXPECT_EQ(run({"zstd", "-t", file_}, directory_.path()).exit_code, 0);
}

TEST_F(Recorded, collapsed_weights_add_up_to_its_records) {
  for (const auto& [weight, key] :
       {std::pair{"count", "count"}, std::pair{"duration", "duration_ns"},
        std::pair{"durationToPrev", "gap_ns"}, std::pair{"bytes_read", "bytes_read"},
        std::pair{"bytes_written", "bytes_written"}}) {
    std::uint64_t expected = 0, sum = 0;
    for (const auto& record : records_) expected += figure_in(record, key);
    const Finished collapsed =
        run({IOR_BIN, "collapsed", "-count", weight, file_}, directory_.path());
    std::istringstream lines(collapsed.out);
    for (std::string line; std::getline(lines, line);)
      sum += std::stoull(line.substr(line.rfind(' ')));
    EXPECT_EQ(sum, expected) << weight;
    EXPECT_GT(sum, 0u) << weight;
  }
}

TEST_F(Recorded, cut_anywhere_gives_one_clear_error) {
  std::ifstream in(file_, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  const std::string whole = bytes.str();
  const std::string cut = directory_.file("cut");
  std::mt19937 random(1);
  for (int i = 0; i < 100; ++i) {
    const std::size_t size = random() % whole.size();
    std::ofstream(cut, std::ios::binary | std::ios::trunc)
        .write(whole.data(), static_cast<std::streamsize>(size));
    for (const auto& command :
         {std::vector<std::string>{IOR_BIN, "collapsed", cut},
          std::vector<std::string>{IOR_BIN, "export", "--format", "jsonl", cut}}) {
      const Finished finished = run(command, directory_.path(), 10);
      EXPECT_EQ(finished.exit_code, 2) << size;
      EXPECT_EQ(finished.out, "") << size;
      EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
      EXPECT_THAT(finished.err, testing::HasSubstr(cut));
    }
  }
}

}  // namespace
}  // namespace ior::e2e
