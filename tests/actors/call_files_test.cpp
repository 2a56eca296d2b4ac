#include "actors/call_files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <array>

#include "model/path.hpp"
#include "tests/support/tracked_files.hpp"

namespace ior::test {
namespace {

class CallFilesTest : public TrackedFilesTest {
 public:
  using TrackedFilesTest::kDirectory, TrackedFilesTest::kRoot, TrackedFilesTest::kWorkingDirectory;
};

TEST_F(CallFilesTest, ShowsNoFileWhereANegativeFdMeansNone) {
  const auto map = last(whole_record(SYS_mmap, 1, 1).file(file_with(IOR_FILE_CLOSED, -1)));
  EXPECT_EQ(map.path, "");
  EXPECT_FALSE(map.has_flags);
  const auto range = last(whole_record(SYS_close_range, 1, 0).file(file_with(IOR_FILE_CLOSED, -1)));
  EXPECT_EQ(range.path, "");
}

TEST_F(CallFilesTest, NamesBothFilesOfACallWithTwoFds) {
  track({name_record(4, "/to").bytes(), name_record(5, "/from").bytes()});
  const auto copy =
      last(whole_record(SYS_copy_file_range, 1, 1).file(named_file(4, 8)).other(named_file(5, 9)));
  EXPECT_EQ(copy.path, "/to");
  EXPECT_EQ(copy.old_path, "/from");
  const auto half = last(whole_record(SYS_copy_file_range, 1, -EBADF)
                             .file(file_with(IOR_FILE_CLOSED, 8))
                             .other(file_with(IOR_FILE_CLOSED, -1)));
  EXPECT_EQ(half.path, unknown::kClosedFd);
  EXPECT_EQ(half.old_path, unknown::kClosedFd);
  const auto anonymous = last(whole_record(SYS_mmap, 1, 4096).file(file_with(IOR_FILE_CLOSED, -1)));
  EXPECT_EQ(anonymous.path, "");
}

TEST_F(CallFilesTest, ShowsWhatALinkLeadsToInItsPlace) {
  name_directories();
  const auto stat_of = [&](std::string_view path, ior_text_status status, std::uint32_t link) {
    return last(enter_record(SYS_stat).file(kDirectory).text(path, status, link)).path;
  };
  EXPECT_EQ(stat_of("/proc/self/fd/5", IOR_TEXT_OK, 15), "/srv/data");
  EXPECT_EQ(stat_of("/proc/self/fd/5/", IOR_TEXT_OK, 15), "/srv/data");
  EXPECT_EQ(stat_of("/proc/self/cwd//a/../b", IOR_TEXT_OK, 14), "/srv/data/a/../b");
  EXPECT_EQ(stat_of("/proc/self/cwd/a", IOR_TEXT_TOO_LONG, 14), "/srv/data/a...");
  const auto rename = last(enter_record(SYS_rename)
                               .file(kDirectory)
                               .other(kRoot)
                               .text("/dev/fd/5/new", IOR_TEXT_OK, 9)
                               .other_text("/proc/self/root/old", IOR_TEXT_OK, 15));
  EXPECT_EQ(rename.path, "/srv/data/new");
  EXPECT_EQ(rename.old_path, "/old");
}

struct JoinCase {
  const char* what;
  std::uint16_t nr;
  const ior_file* directory;
  const char* text;
  ior_text_status status;
  const char* wanted;
};

constexpr ior_file kClosed = {.name_id = 0, .fd = 9, .f_flags = 0, .status = IOR_FILE_CLOSED};
constexpr ior_file kNoName = {.name_id = 0, .fd = 9, .f_flags = 0, .status = IOR_FILE_NO_NAME};

void PrintTo(const JoinCase& join, std::ostream* out) {
  *out << join.what;
}

class CallFilesJoin : public CallFilesTest, public testing::WithParamInterface<JoinCase> {};

TEST_P(CallFilesJoin, GivesThePathOfAnEnterHalf) {
  const JoinCase& join = GetParam();
  name_directories();
  RecordBuilder enter = enter_record(join.nr).text(join.text, join.status);
  if (join.directory) enter.file(*join.directory);
  EXPECT_EQ(last(enter).path, join.wanted);
}

constexpr std::array kJoinCases = {
    JoinCase{"absolute", SYS_openat, nullptr, "/etc/hosts", IOR_TEXT_OK, "/etc/hosts"},
    JoinCase{"absolute_in_spite_of_a_directory", SYS_openat, &CallFilesTest::kDirectory,
             "/etc/hosts", IOR_TEXT_OK, "/etc/hosts"},
    JoinCase{"working_directory", SYS_openat, &CallFilesTest::kWorkingDirectory, "a.txt",
             IOR_TEXT_OK, "/home/user/a.txt"},
    JoinCase{"working_directory_of_open", SYS_open, &CallFilesTest::kWorkingDirectory, "a.txt",
             IOR_TEXT_OK, "/home/user/a.txt"},
    JoinCase{"dirfd", SYS_openat, &CallFilesTest::kDirectory, "b/c", IOR_TEXT_OK, "/srv/data/b/c"},
    JoinCase{"dots_and_slashes_stay", SYS_newfstatat, &CallFilesTest::kDirectory, ".././/x/",
             IOR_TEXT_OK, "/srv/data/.././/x/"},
    JoinCase{"dirfd_of_the_root", SYS_openat, &CallFilesTest::kRoot, "etc", IOR_TEXT_OK, "/etc"},
    JoinCase{"empty_path_is_the_dirfd", SYS_newfstatat, &CallFilesTest::kDirectory, "", IOR_TEXT_OK,
             "/srv/data"},
    JoinCase{"null_path_is_the_dirfd", SYS_utimensat, &CallFilesTest::kDirectory, "", IOR_TEXT_NULL,
             "/srv/data"},
    JoinCase{"null_path_without_a_dirfd", SYS_open, &CallFilesTest::kWorkingDirectory, "",
             IOR_TEXT_NULL, "[unknown: no path given]"},
    JoinCase{"dirfd_that_is_not_open", SYS_openat, &kClosed, "a", IOR_TEXT_OK,
             "[unknown: fd is not open]/a"},
    JoinCase{"dirfd_whose_name_was_lost", SYS_openat, &kNoName, "a", IOR_TEXT_OK,
             "[unknown: name was lost]/a"},
    JoinCase{"too_long_text", SYS_openat, &CallFilesTest::kDirectory, "long", IOR_TEXT_TOO_LONG,
             "long..."},
    JoinCase{"unread_text", SYS_openat, &CallFilesTest::kDirectory, "", IOR_TEXT_UNREAD,
             "[unknown: path not in memory]"},
    JoinCase{"overwritten_text", SYS_newfstatat, &CallFilesTest::kDirectory, "",
             IOR_TEXT_OVERWRITTEN, "[unknown: overwritten by the call]"},
};

INSTANTIATE_TEST_SUITE_P(All, CallFilesJoin, testing::ValuesIn(kJoinCases),
                         [](const auto& info) { return info.param.what; });

TEST_F(CallFilesTest, TakesTheFlagsOfADirfdThatIsTheFileItself) {
  name_directories();
  ior_file open = kDirectory;
  open.f_flags = O_RDWR;
  EXPECT_TRUE(last(enter_record(SYS_newfstatat).file(open).text("")).has_flags);
  EXPECT_EQ(last(enter_record(SYS_newfstatat).file(open).text("")).flags, O_RDWR);
  EXPECT_FALSE(last(enter_record(SYS_newfstatat).file(open).text("below")).has_flags);
  EXPECT_FALSE(last(enter_record(SYS_newfstatat).file(kWorkingDirectory).text("")).has_flags);
}

TEST_F(CallFilesTest, JoinsBothPathsOfACallWithTwo) {
  name_directories();
  const auto rename = last(enter_record(SYS_renameat)
                               .file(kDirectory)
                               .other(kWorkingDirectory)
                               .text("new")
                               .other_text("old"));
  EXPECT_EQ(rename.path, "/srv/data/new");
  EXPECT_EQ(rename.old_path, "/home/user/old");
}

TEST_F(CallFilesTest, LeavesTheTargetOfASymlinkAsWritten) {
  name_directories();
  const auto link =
      last(enter_record(SYS_symlink).file(kWorkingDirectory).text("link").other_text("../target"));
  EXPECT_EQ(link.path, "/home/user/link");
  EXPECT_EQ(link.old_path, "../target");
}

TEST_F(CallFilesTest, NamesASuccessfulOpenByItsFile) {
  track({name_record(4, "/real/file").bytes()});
  EXPECT_EQ(last(exit_record(SYS_openat, 1, 3).file(named_file(4))).path, "/real/file");
  EXPECT_EQ(
      last(
          exit_record(SYS_openat, 1, 3).file(file_with(IOR_FILE_INLINE)).inline_name("/other/ring"))
          .path,
      "/other/ring");
  EXPECT_EQ(last(exit_record(SYS_openat, 1, 3).file(file_with(IOR_FILE_CLOSED))).path, "")
      << "already closed by another thread: the enter half has the path";
  EXPECT_EQ(last(exit_record(SYS_openat, 1, -2)).path, "");
}

TEST_F(CallFilesTest, SaysThatAHandleThatDidNotOpenIsNoPath) {
  EXPECT_EQ(last(whole_record(SYS_open_by_handle_at, 1, -116).args({5, 6, O_RDONLY})).path,
            unknown::kHandle);
  track({name_record(4, "/opened").bytes()});
  EXPECT_EQ(
      last(whole_record(SYS_open_by_handle_at, 1, 3).args({5, 6, 0}).file(named_file(4))).path,
      "/opened");
}

TEST_F(CallFilesTest, NamesNothingInCallsThatItDoesNotKnow) {
  name_directories();
  constexpr std::uint16_t kNo32BitCall = 251;
  const auto compat =
      last(enter_record(kNo32BitCall).mark(IOR_COMPAT).file(kDirectory).text("a").args({1, 2, 3}));
  EXPECT_EQ(compat.path, "");
  EXPECT_FALSE(compat.has_flags);
  EXPECT_EQ(last(enter_record(511).file(kDirectory).text("a")).path, "");
  EXPECT_EQ(last(whole_record(65535, 1, 0)).path, "");
}

TEST_F(CallFilesTest, NamesA32BitCallByTheShapeOfItsOwnNumber) {
  name_directories();
  constexpr std::uint16_t kOpenat = 295;  // in <asm/unistd_32.h>; the 64-bit preadv
  const auto opened =
      last(enter_record(kOpenat).mark(IOR_COMPAT).file(kDirectory).text("a").args({1, 2, O_RDWR}));
  EXPECT_EQ(opened.path, "/srv/data/a");
  EXPECT_TRUE(opened.has_flags);
  EXPECT_EQ(opened.flags, O_RDWR);
  const auto marked = last(enter_record(339).mark(IOR_COMPAT).file(kDirectory).text("b"));
  EXPECT_EQ(marked.path, "/srv/data/b") << "fanotify_mark, whose mask takes two arguments";
}

constexpr std::uint64_t kPassed = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND;

struct FlagsCase {
  const char* what;
  RecordBuilder record;
  std::uint64_t wanted;
};

void PrintTo(const FlagsCase& flags, std::ostream* out) {
  *out << flags.what;
}

class CallFilesFlags : public CallFilesTest, public testing::WithParamInterface<FlagsCase> {};

TEST_P(CallFilesFlags, AreThoseThatTheCallPasses) {
  const auto event = last(GetParam().record);
  EXPECT_TRUE(event.has_flags);
  EXPECT_EQ(event.flags, GetParam().wanted);
}

INSTANTIATE_TEST_SUITE_P(
    All, CallFilesFlags,
    testing::Values(
        FlagsCase{"open", enter_record(SYS_open).args({1, kPassed, 3}).text("a"), kPassed},
        FlagsCase{"openat", enter_record(SYS_openat).args({1, 2, kPassed, 4}).text("a"), kPassed},
        FlagsCase{"openat2",
                  enter_record(SYS_openat2).args({1, 2, kPassed | IOR_CAPTURED, 24}).text("a"),
                  kPassed},
        FlagsCase{"creat", enter_record(SYS_creat).args({1, 0644}).text("a"),
                  O_CREAT | O_WRONLY | O_TRUNC},
        FlagsCase{"handle",
                  whole_record(SYS_open_by_handle_at, 1, 3)
                      .args({1, 2, kPassed})
                      .file(file_with(IOR_FILE_NO_NAME, 3, O_RDONLY)),
                  kPassed},
        FlagsCase{
            "upper_half_of_the_register",
            enter_record(SYS_openat).args({1, 2, 0xabcd'0000'0000'0000 | O_WRONLY, 4}).text("a"),
            O_WRONLY}),
    [](const auto& info) { return info.param.what; });

TEST_F(CallFilesTest, HasNoFlagsOfAnOpenHowThatCouldNotBeRead) {
  EXPECT_FALSE(
      last(enter_record(SYS_openat2).args({1, 2, 0x7ffd'0000'1000, 24}).text("a")).has_flags);
}

TEST_F(CallFilesTest, ShowsTheStatusFlagsOfAnFdAndNeverLosesTheAccessMode) {
  constexpr std::uint32_t kLargeFile = 0100000;
  constexpr std::uint32_t kKernelInternal = 0x0400'0000;
  for (const std::uint32_t mode : {O_RDONLY, O_WRONLY, O_RDWR}) {
    const std::uint32_t status = mode | O_APPEND | O_NONBLOCK;
    const std::uint32_t more = O_CREAT | O_TRUNC | O_CLOEXEC | kLargeFile | kKernelInternal;
    const auto event = last(read_of(named_file(4, 3, status | more)));
    EXPECT_TRUE(event.has_flags);
    EXPECT_EQ(event.flags, status);
  }
}

TEST_F(CallFilesTest, ShowsTheFlagsOfAnOpenFileWhoseNameIsLost) {
  const auto event = last(read_of(file_with(IOR_FILE_NO_NAME, 3, O_RDWR | O_APPEND)));
  EXPECT_TRUE(event.has_flags);
  EXPECT_EQ(event.flags, static_cast<std::uint32_t>(O_RDWR | O_APPEND));
}

TEST_F(CallFilesTest, HasNoFlagsOfAFileThatWasNotFound) {
  for (const ior_file_status status : {IOR_FILE_CLOSED, IOR_FILE_LATER, IOR_FILE_BUSY})
    EXPECT_FALSE(last(read_of(file_with(status, 3, O_RDWR))).has_flags);
}

TEST_F(CallFilesTest, NamesTheFileOfMappedMemoryWhichHasNoFd) {
  track({name_record(4, "/mapped").bytes()});
  EXPECT_EQ(last(whole_record(SYS_msync, 1, 0).file(named_file(4, -1))).path, "/mapped");
  EXPECT_EQ(last(whole_record(SYS_msync, 1, 0)).path, "");
}

TEST_F(CallFilesTest, ShowsNoFlagsOfADirectoryThatAPathStartsFrom) {
  name_directories();
  EXPECT_FALSE(last(enter_record(SYS_unlinkat).file(kDirectory).text("a")).has_flags);
}

}  // namespace
}  // namespace ior::test
