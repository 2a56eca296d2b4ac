#include "actors/fd_tracker.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include "model/path.hpp"
#include "tests/support/tracked_files.hpp"

namespace ior::test {
namespace {

using FdTrackerTest = TrackedFilesTest;

TEST_F(FdTrackerTest, KnowsANameFromTheRecordBehindItOn) {
  const auto batch = track({read_of(named_file(4)).bytes(), name_record(4, "/a").bytes(),
                            read_of(named_file(4)).bytes()});
  EXPECT_EQ(shown(batch->events[0]).path, unknown::kNameLost);
  EXPECT_EQ(shown(batch->events[2]).path, "/a");
}

TEST_F(FdTrackerTest, KnowsANameInLaterBatches) {
  track({name_record(4, "/a").bytes()});
  EXPECT_EQ(last(read_of(named_file(4))).path, "/a");
}

TEST_F(FdTrackerTest, KeepsTheNamesOfRingsApart) {
  track({name_record(4, "/zero").cpu(0).bytes(), name_record(4, "/one").cpu(1).bytes()});
  EXPECT_EQ(last(read_of(named_file(4)).cpu(0)).path, "/zero");
  EXPECT_EQ(last(read_of(named_file(4)).cpu(1)).path, "/one");
  EXPECT_EQ(last(read_of(named_file(5)).cpu(1)).path, unknown::kNameLost);
}

TEST_F(FdTrackerTest, RejectsNamesOfARingThatIsNotThere) {
  const auto batch =
      track({name_record(4, "/a").cpu(kRings).bytes(), read_of(named_file(4)).cpu(kRings).bytes()});
  EXPECT_EQ(batch->malformed, 1u);
  EXPECT_EQ(shown(batch->events[1]).path, unknown::kNameLost);
}

TEST_F(FdTrackerTest, ShowsEachUseTheNameThatHeldForIt) {
  const auto batch = track({name_record(4, "/old").bytes(), read_of(named_file(4)).bytes(),
                            name_record(4, "/new").bytes(), read_of(named_file(4)).bytes()});
  EXPECT_EQ(shown(batch->events[1]).path, "/old");
  EXPECT_EQ(shown(batch->events[3]).path, "/new");
}

TEST_F(FdTrackerTest, LeavesTheViewsOfEarlierBatchesGoodWhenANameIsReplaced) {
  const std::string old_name = "/a name too long to lie in the string object itself";
  const auto first = track({name_record(4, old_name).bytes(), read_of(named_file(4)).bytes()});
  auto second = track({name_record(4, "/new").bytes()});
  EXPECT_EQ(shown(first->events[1]).path, old_name);
  EXPECT_EQ(second->retired.size(), 1u);
}

TEST_F(FdTrackerTest, ForgetsAnIdWhenAnotherTakesItsPlaceInTheWindow) {
  track({name_record(4, "/old").bytes(), name_record(4 + IOR_NAME_WINDOW, "/new").bytes()});
  EXPECT_EQ(last(read_of(named_file(4))).path, unknown::kNameLost);
  EXPECT_EQ(last(read_of(named_file(4 + IOR_NAME_WINDOW))).path, "/new");
  EXPECT_EQ(last(read_of(named_file(4 + 2 * IOR_NAME_WINDOW))).path, unknown::kNameLost);
}

TEST_F(FdTrackerTest, KnowsAWholeWindowOfNamesAcrossTheWrapOfTheirNumbers) {
  const std::uint32_t first = 0u - IOR_NAME_WINDOW / 2;
  std::vector<Bytes> names;
  for (std::uint32_t i = 0; i < IOR_NAME_WINDOW; ++i) {
    names.push_back(name_record(first + i, "/" + std::to_string(i)).bytes());
  }
  track(names);
  for (const std::uint32_t i : {0u, 1u, IOR_NAME_WINDOW / 2, IOR_NAME_WINDOW - 1}) {
    EXPECT_EQ(last(read_of(named_file(first + i))).path, "/" + std::to_string(i));
  }
}

TEST_F(FdTrackerTest, ForgetsTheNamesWhoseNumbersALongNameTakes) {
  const std::string text = "/" + std::string(600, 'x');  // three numbers
  const std::uint32_t round = IOR_NAME_WINDOW;
  track({name_record(4, "/4").bytes(), name_record(5, "/5").bytes(), name_record(6, "/6").bytes(),
         name_record(7, "/7").bytes()});
  const auto batch = track({name_record(4 + round, text).bytes()});
  EXPECT_EQ(batch->retired.size(), 3u);
  EXPECT_EQ(last(read_of(named_file(4 + round))).path, text);
  EXPECT_EQ(last(read_of(named_file(6))).path, unknown::kNameLost);
  EXPECT_EQ(last(read_of(named_file(7))).path, "/7");
}

TEST_F(FdTrackerTest, KeepsNoMoreThanTheBytesOfAWindow) {
  const std::string text(IOR_TEXT_MAX, 'x');
  std::size_t kept = 0;
  std::uint32_t id = 0;
  for (int i = 0; i < 10'000; ++i, id += IOR_NAME_NUMBERS(text.size())) {
    kept += 1 - track({name_record(id, text).bytes()})->retired.size();
  }
  EXPECT_LE(kept * text.size(), std::size_t{16} << 20);
  EXPECT_GT(kept * text.size(), std::size_t{15} << 20);
}

struct NameCase {
  const char* what;
  ior_name_kind kind;
  const char* text;
  const char* wanted;
};

void PrintTo(const NameCase& name, std::ostream* out) {
  *out << name.what;
}

class FdTrackerName : public FdTrackerTest, public testing::WithParamInterface<NameCase> {};

TEST_P(FdTrackerName, IsSpelledAsProcFdDoes) {
  const NameCase& name = GetParam();
  EXPECT_EQ(
      last({name_record(4, name.text, name.kind, 4711).bytes(), read_of(named_file(4)).bytes()})
          .path,
      name.wanted);
  EXPECT_EQ(last(read_of(file_with(IOR_FILE_INLINE)).inline_name(name.text, name.kind, 4711)).path,
            name.wanted);
}

INSTANTIATE_TEST_SUITE_P(
    All, FdTrackerName,
    testing::Values(NameCase{"path", IOR_NAME_PATH, "/a/b", "/a/b"},
                    NameCase{"deleted", IOR_NAME_DELETED, "/a/b", "/a/b (deleted)"},
                    NameCase{"pipe", IOR_NAME_PSEUDO, "pipefs:", "pipe:[4711]"},
                    NameCase{"too_long", IOR_NAME_TOO_LONG, "/the/end", ".../the/end"}),
    [](const auto& info) { return info.param.what; });

TEST_F(FdTrackerTest, SaysWhyAFileHasNoName) {
  EXPECT_EQ(last(read_of(file_with(IOR_FILE_CLOSED))).path, unknown::kClosedFd);
  EXPECT_EQ(last(read_of(file_with(IOR_FILE_LATER))).path, unknown::kLater);
  EXPECT_EQ(last(read_of(file_with(IOR_FILE_BUSY))).path, unknown::kBusy);
  EXPECT_EQ(last(read_of(file_with(IOR_FILE_IN_CHANGE))).path, unknown::kInChange);
  EXPECT_EQ(last(read_of(file_with(IOR_FILE_NO_NAME))).path, unknown::kNameLost);
  EXPECT_EQ(last(read_of(file_with(IOR_FILE_INLINE))).path, unknown::kNameLost);
  EXPECT_EQ(last(read_of({.name_id = 4, .fd = 3, .f_flags = 0, .status = 99})).path,
            unknown::kNameLost);
  EXPECT_EQ(last(read_of(named_file(4))).path, unknown::kNameLost);
}

}  // namespace
}  // namespace ior::test
