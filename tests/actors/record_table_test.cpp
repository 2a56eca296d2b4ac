#include "actors/record_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ior::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kExpected = 16;

HashedKey key_of(std::uint32_t path, std::uint32_t tid = 0) {
  return HashedKey({.path = path, .tid = tid});
}

TEST(RecordTable, FindsWhatWasAddedByItsKey) {
  RecordTable table(kExpected);
  EXPECT_EQ(table.find(key_of(1)), RecordTable::kNone);
  const std::uint32_t first = table.add(key_of(1));
  const std::uint32_t second = table.add(key_of(2));
  EXPECT_NE(first, second);
  EXPECT_EQ(table.find(key_of(1)), first);
  EXPECT_EQ(table.find(key_of(2)), second);
  EXPECT_EQ(table.find(key_of(1, 7)), RecordTable::kNone);
}

TEST(RecordTable, FindsItsRecordsWhenItHasOutgrownWhatWasExpected) {
  RecordTable table(kExpected);
  for (std::uint32_t path = 0; path < 10'000; ++path) ASSERT_EQ(table.add(key_of(path)), path);
  for (std::uint32_t path = 0; path < 10'000; ++path) ASSERT_EQ(table.find(key_of(path)), path);
}

TEST(RecordTable, KeepsKeysOfOneHashApart) {
  RecordTable table(kExpected);
  HashedKey first = key_of(1), second = key_of(2);
  second.hash = first.hash;
  EXPECT_EQ(table.add(first), 0u);
  EXPECT_EQ(table.find(second), RecordTable::kNone);
  EXPECT_EQ(table.add(second), 1u);
  EXPECT_EQ(table.find(first), 0u);
  EXPECT_EQ(table.find(second), 1u);
}

TEST(RecordTable, AddsSumsUp) {
  RecordTable table(kExpected);
  const std::uint32_t number = table.add(key_of(1));
  const Sums sums = {.count = 1,
                     .errors = 2,
                     .after_loss = 7,
                     .at_most = 8,
                     .duration_ns = 3,
                     .gap_ns = 4,
                     .bytes_read = 5,
                     .bytes_written = 6,
                     .unmeasured = 9};
  table.add_to(number, sums);
  table.add_to(number, sums);
  const Record record = table.release().at(0);
  EXPECT_EQ(record.count, 2u);
  EXPECT_EQ(record.errors, 4u);
  EXPECT_EQ(record.duration_ns, 6u);
  EXPECT_EQ(record.gap_ns, 8u);
  EXPECT_EQ(record.bytes_read, 10u);
  EXPECT_EQ(record.bytes_written, 12u);
  EXPECT_EQ(record.after_loss, 14u);
  EXPECT_EQ(record.at_most, 16u);
  EXPECT_EQ(record.unmeasured, 18u);
}

TEST(RecordTable, MergesARecordIntoTheOneOfItsKey) {
  RecordTable table(kExpected);
  table.merge({.path = 1, .tid = 7, .count = 10});
  table.merge({.path = 1, .tid = 7, .count = 1});
  table.merge({.path = 1, .tid = 8, .count = 100});
  const auto records = table.release();
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(records[0].count, 11u);
  EXPECT_EQ(records[1].count, 100u);
}

TEST(RecordTable, PutsTogetherWhatAgreesWhenKeysAreChanged) {
  RecordTable table(kExpected);
  for (std::uint32_t i = 0; i < 1000; ++i) table.merge({.path = i % 10, .tid = i, .count = i});
  table.change_keys([](RecordKey& key) { key.tid = 0; });
  for (std::uint32_t path = 0; path < 10; ++path) EXPECT_EQ(table.find(key_of(path)), path);
  EXPECT_EQ(table.find(key_of(1, 1)), RecordTable::kNone);
  const auto records = table.release();
  ASSERT_THAT(records, SizeIs(10));
  for (const Record& record : records) {
    EXPECT_EQ(record.count, 100 * record.path + 10 * (99 * 100 / 2)) << record.path;
  }
}

TEST(RecordTable, IsEmptyWhenItsRecordsAreGivenAway) {
  RecordTable table(kExpected);
  table.add(key_of(1));
  EXPECT_THAT(table.release(), SizeIs(1));
  EXPECT_THAT(table.release(), IsEmpty());
  EXPECT_EQ(table.find(key_of(1)), RecordTable::kNone);
}

}  // namespace
}  // namespace ior::test
