#include "sinks/recording_compressor.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/sinks/recordings.hpp"

namespace ior {
namespace {

using test::from;
using test::into;

std::string compressed(std::string_view bytes, std::size_t step = 100'000) {
  std::string out;
  Compressor compressor(into(out));
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    if (!compressor.write(bytes.substr(0, step))) return "not compressed";
  }
  return compressor.finish() ? out : "not finished";
}

// What comes out until the end or the first error.
struct Outcome {
  std::string bytes;
  std::string error;
};

Outcome decompressed(std::string_view bytes, std::size_t in_step = 4096,
                     std::size_t out_step = 1000) {
  Decompressor decompressor(from(bytes, in_step));
  Outcome outcome;
  std::vector<char> piece(out_step);
  for (;;) {
    const Result<std::size_t> size = decompressor.read(piece);
    if (!size) outcome.error = size.error().message;
    if (!size || *size == 0) return outcome;
    outcome.bytes.append(piece.data(), *size);
  }
}

std::string random_bytes(std::size_t size) {
  std::mt19937 random(3);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random() & 0x3f);
  return bytes;
}

TEST(RecordingCompressor, gives_back_what_was_compressed_whatever_the_steps) {
  for (const std::string& bytes :
       {std::string(), std::string("x"), random_bytes(1'000'000), std::string(3'000'000, 'a')}) {
    for (const std::size_t step : {std::size_t{1} << 22, std::size_t{4099}}) {
      const Outcome outcome = decompressed(compressed(bytes, step), step, step);
      EXPECT_EQ(outcome.error, "");
      EXPECT_TRUE(outcome.bytes == bytes) << bytes.size() << " bytes in steps of " << step;
    }
  }
}

TEST(RecordingCompressor, output_that_fills_the_buffer_exactly_is_complete) {
  const std::string bytes = random_bytes(128 << 10);
  for (const std::size_t step : {bytes.size(), bytes.size() / 2, std::size_t{1}}) {
    const Outcome outcome = decompressed(compressed(bytes), 1 << 20, step);
    EXPECT_EQ(outcome.error, "") << step;
    EXPECT_TRUE(outcome.bytes == bytes) << step;
  }
}

TEST(RecordingCompressor, frames_carry_a_checksum) {
  // Frame_Header_Descriptor, bit 2: Content_Checksum_flag (RFC 8878, 3.1.1.1.1).
  EXPECT_TRUE(compressed("some bytes").at(4) & 4);
}

TEST(RecordingCompressor, every_truncation_is_an_error) {
  const std::string whole = compressed(random_bytes(3000));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(decompressed(std::string_view(whole).substr(0, size)).error, "") << size;
  }
}

TEST(RecordingCompressor, a_changed_byte_never_changes_the_content_unseen) {
  const std::string bytes = random_bytes(3000);
  const std::string whole = compressed(bytes);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0x55);
    const Outcome outcome = decompressed(changed);
    EXPECT_TRUE(outcome.error != "" || outcome.bytes == bytes) << i;
  }
}

TEST(RecordingCompressor, other_input_is_refused_with_the_reason) {
  const std::string whole = compressed("some bytes");
  const struct {
    std::string bytes;
    const char* error;
  } kCases[] = {
      {"", "it is empty"},
      {"this is no zstd data", "it is not zstd data"},
      {std::string(100, '\0'), "it is not zstd data"},
      {whole + "trailing garbage", "more follows its end"},
      {whole + "x", "more follows its end"},
      {whole + whole.substr(0, 3), "truncated"},
      {whole.substr(0, whole.size() - 1), "truncated"},
      {whole.substr(0, whole.size() - 1) + "\x7f", "damaged"},
  };
  for (const auto& [bytes, error] : kCases) {
    const Outcome outcome = decompressed(bytes);
    EXPECT_NE(outcome.error.find(error), std::string::npos) << outcome.error;
  }
}

TEST(RecordingCompressor, errors_of_the_sink_and_of_the_source_are_passed_on) {
  Compressor compressor([](std::string_view) { return Result<void>(fail("disk full")); });
  ASSERT_TRUE(compressor.write("x"));
  const Result<void> finished = compressor.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().message, "disk full");

  Decompressor decompressor(
      [](std::span<char>) { return Result<std::size_t>(fail("bad sector")); });
  std::vector<char> out(10);
  const Result<std::size_t> size = decompressor.read(out);
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().message, "bad sector");
}

}  // namespace
}  // namespace ior
