#include "sinks/recording_reader.hpp"

#include <gtest/gtest.h>

#include <string>

#include "sinks/recording_compressor.hpp"
#include "tests/sinks/recordings.hpp"
#include "tests/sinks/temp_dir.hpp"

namespace ior {
namespace {

using test::encoded;
using test::small_recording;

std::string compressed(std::string_view bytes) {
  std::string out;
  Compressor compressor(test::into(out));
  return compressor.write(bytes) && compressor.finish() ? out : "not compressed";
}

class RecordingReader : public testing::Test {
 protected:
  std::string error_of(std::string_view bytes) const {
    test::write_file(file_, bytes);
    const Result<Recording> recording = read_recording(file_);
    return recording ? "no error" : recording.error().message;
  }

  test::TempDir directory_;
  std::string file_ = directory_.path() + "/x.ior.zst";
};

TEST_F(RecordingReader, a_file_in_several_frames_is_one_recording) {
  const std::string bytes = encoded(small_recording());
  const std::string frames = compressed(bytes.substr(0, 50)) + compressed(bytes.substr(50));
  test::write_file(file_, frames);
  const Result<Recording> recording = read_recording(file_);
  ASSERT_TRUE(recording) << recording.error().message;
  EXPECT_EQ(encoded(*recording), bytes);
}

TEST_F(RecordingReader, every_truncation_is_refused_with_the_name_of_the_file) {
  const std::string whole = compressed(encoded(small_recording()));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(error_of(std::string_view(whole).substr(0, size))
                    .starts_with("cannot read '" + file_ + "': it "))
        << size;
  }
  EXPECT_EQ(error_of(whole), "no error");
}

TEST_F(RecordingReader, what_is_no_recording_is_refused_with_what_to_do) {
  const std::string bytes = encoded(small_recording());
  const struct {
    std::string bytes;
    const char* error;
  } kCases[] = {
      {"", "it is no recording of ior (it is empty): give a file that ior wrote, NAME.ior.zst"},
      {"root:x:0:0:root:/root:/bin/bash\n", "it is no recording of ior (it is not zstd data)"},
      {compressed("an archive of something else"), "it is no recording of ior"},
      {compressed(bytes.substr(0, 100)), "truncated): copy it again or trace anew"},
      {compressed(bytes) + compressed("more"), "it is damaged (more follows its end)"},
      {compressed(bytes) + "garbage", "it is damaged (more follows its end)"},
  };
  for (const auto& [content, error] : kCases) {
    EXPECT_NE(error_of(content).find(error), std::string::npos) << error_of(content);
  }
}

TEST_F(RecordingReader, what_cannot_be_opened_or_read_is_named) {
  const struct {
    std::string path;
    std::string error;
  } kCases[] = {
      {directory_.path() + "/none",
       "cannot open '" + directory_.path() + "/none': No such file or directory: give a recording"},
      {directory_.path(),
       "cannot read '" + directory_.path() + "': reading failed: Is a directory"},
  };
  for (const auto& [path, error] : kCases) {
    const Result<Recording> recording = read_recording(path);
    ASSERT_FALSE(recording);
    EXPECT_TRUE(recording.error().message.starts_with(error)) << recording.error().message;
  }
}

}  // namespace
}  // namespace ior
