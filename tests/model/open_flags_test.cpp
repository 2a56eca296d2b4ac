#include "model/open_flags.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstdint>

namespace ior {
namespace {

constexpr std::uint32_t kLargeFile = 0100000;  // O_LARGEFILE of the kernel, 0 in <fcntl.h>
constexpr std::uint32_t kFmodeExec = 0x20;     // __FMODE_EXEC of <linux/fs.h>, kernel-internal

TEST(OpenFlags, are_the_access_mode_and_the_names_of_the_bits) {
  const struct {
    std::uint32_t flags;
    const char* text;
  } kCases[] = {
      {O_RDONLY, "O_RDONLY"},
      {O_WRONLY, "O_WRONLY"},
      {O_RDWR, "O_RDWR"},
      {O_ACCMODE, "O_ACCMODE"},
      {O_RDWR | O_APPEND, "O_RDWR|O_APPEND"},
      {O_WRONLY | O_CREAT | O_TRUNC, "O_WRONLY|O_CREAT|O_TRUNC"},
      {O_CREAT | O_EXCL | O_NOCTTY, "O_RDONLY|O_CREAT|O_EXCL|O_NOCTTY"},
      {O_NONBLOCK | O_ASYNC | O_DIRECT, "O_RDONLY|O_NONBLOCK|O_ASYNC|O_DIRECT"},
      {O_NOFOLLOW | O_NOATIME | O_CLOEXEC, "O_RDONLY|O_NOFOLLOW|O_NOATIME|O_CLOEXEC"},
      {O_PATH | O_DIRECTORY, "O_RDONLY|O_DIRECTORY|O_PATH"},
      {kLargeFile, "O_RDONLY|O_LARGEFILE"},
  };
  for (const auto& [flags, text] : kCases) EXPECT_EQ(format_open_flags(flags), text);
}

TEST(OpenFlags, a_flag_of_several_bits_has_one_name) {
  EXPECT_EQ(format_open_flags(O_WRONLY | O_SYNC), "O_WRONLY|O_SYNC");
  EXPECT_EQ(format_open_flags(O_WRONLY | O_DSYNC), "O_WRONLY|O_DSYNC");
  EXPECT_EQ(format_open_flags(O_RDWR | O_TMPFILE), "O_RDWR|O_TMPFILE");
  EXPECT_EQ(format_open_flags(O_DIRECTORY), "O_RDONLY|O_DIRECTORY");
}

TEST(OpenFlags, bits_without_a_name_are_one_number_at_the_end) {
  EXPECT_EQ(format_open_flags(O_RDWR | O_APPEND | 0x10000004), "O_RDWR|O_APPEND|0x10000004");
  EXPECT_EQ(format_open_flags(O_SYNC & ~O_DSYNC), "O_RDONLY|0x100000");
}

TEST(OpenFlags, the_status_of_an_open_file_keeps_what_f_setfl_can_change) {
  const std::uint32_t status = O_APPEND | O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT | O_NOATIME;
  for (const std::uint32_t access : {O_RDONLY, O_WRONLY, O_RDWR, O_ACCMODE}) {
    EXPECT_EQ(status_flags(access), access);
    EXPECT_EQ(status_flags(access | status), access | status);
  }
  EXPECT_EQ(status_flags(O_DSYNC), std::uint32_t{O_DSYNC});
  EXPECT_EQ(status_flags(O_PATH), std::uint32_t{O_PATH});
}

TEST(OpenFlags, the_status_of_an_open_file_has_no_flags_of_the_open_itself) {
  const std::uint32_t opening =
      O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  EXPECT_EQ(status_flags(O_RDWR | opening | kLargeFile | kFmodeExec), std::uint32_t{O_RDWR});
}

}  // namespace
}  // namespace ior
