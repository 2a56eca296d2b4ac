#include "base/result.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace ior::test {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) return fail("cannot halve " + std::to_string(number));
  return number / 2;
}

TEST(Result, IsAValueOrAMessage) {
  EXPECT_EQ(half_of(4).value(), 2);
  const Result<int> failed = half_of(5);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "cannot halve 5");
}

TEST(Result, SaysWhatTheErrnoMeans) {
  const Result<void> failed = fail_errno("cannot open x", ENOENT);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "cannot open x: No such file or directory");
}

TEST(Result, SaysWhatToDoWhereFilesOrMemoryRanOut) {
  EXPECT_NE(fail_errno("x", EMFILE).error().message.find("ulimit -Hn"), std::string::npos);
  EXPECT_NE(fail_errno("x", ENFILE).error().message.find("fs.file-max"), std::string::npos);
  EXPECT_NE(fail_errno("x", ENOMEM).error().message.find("ulimit -v"), std::string::npos);
}

}  // namespace
}  // namespace ior::test
