#include "sinks/record_text.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/sinks/recordings.hpp"

namespace ior {
namespace {

TEST(RecordText, every_field_of_a_record_has_its_text) {
  const Recording recording = test::recording_of({{.path = "/x",
                                                   .root = "/jail",
                                                   .comm = "cat",
                                                   .pid = 4711,
                                                   .tid = 4712,
                                                   .flags = O_RDWR | O_APPEND}});
  const struct {
    Field field;
    const char* text;
  } kCases[] = {
      {Field::path, "/x"},    {Field::comm, "cat"}, {Field::tracepoint, "enter_openat"},
      {Field::pid, "4711"},   {Field::tid, "4712"}, {Field::flags, "O_RDWR|O_APPEND"},
      {Field::root, "/jail"},
  };
  for (const auto& [field, text] : kCases) {
    EXPECT_EQ(field_text(recording, recording.records[0], field), text);
  }
}

TEST(RecordText, no_flags_are_no_text) {
  EXPECT_EQ(flags_text(kNoFlags), "");
  EXPECT_EQ(flags_text(O_RDONLY), "O_RDONLY");
}

}  // namespace
}  // namespace ior
