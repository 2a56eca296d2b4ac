#include "bpf/ring_records.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/records.hpp"

namespace ior::test {
namespace {

Bytes payload(std::size_t size, int value) {
  return Bytes(size, static_cast<std::byte>(value));
}

struct Walk {
  std::vector<Bytes> records;
  bool is_cut = false;
};

Walk walk(const Bytes& bytes) {
  RingRecords records(bytes);
  Walk walk;
  while (const auto record = records.next())
    walk.records.emplace_back(record->begin(), record->end());
  walk.is_cut = records.is_cut();
  return walk;
}

TEST(RingRecords, FindsNothingInNothing) {
  EXPECT_TRUE(walk({}).records.empty());
  EXPECT_FALSE(walk({}).is_cut);
}

TEST(RingRecords, WalksRecordsOfAnySizeWithoutTheirPadding) {
  std::vector<Bytes> wanted;
  Bytes bytes;
  for (std::size_t size = 0; size < 40; ++size) {
    wanted.push_back(payload(size, 7));
    append(bytes, ring_bytes_of(wanted.back()));
  }
  const Walk result = walk(bytes);
  EXPECT_EQ(result.records, wanted);
  EXPECT_FALSE(result.is_cut);
}

TEST(RingRecords, PassesOverWhatWasDiscarded) {
  const Bytes gone = ring_bytes_of(payload(24, 1), kRingDiscarded);
  const Bytes kept = ring_bytes_of(payload(24, 2));
  const Walk result = walk(concatenated({gone, gone, kept, gone}));
  EXPECT_EQ(result.records, std::vector<Bytes>(1, payload(24, 2)));
  EXPECT_FALSE(result.is_cut);
}

TEST(RingRecords, StopsWhereARecordIsCut) {
  const Bytes whole = ring_bytes_of(payload(24, 1));
  for (std::size_t left = 1; left < whole.size(); ++left) {
    Bytes bytes = concatenated({whole, whole});
    bytes.resize(whole.size() + left);
    const Walk result = walk(bytes);
    EXPECT_EQ(result.records.size(), 1u) << left;
    EXPECT_TRUE(result.is_cut) << left;
  }
}

TEST(RingRecords, StopsAtASizeThatReachesPastTheEnd) {
  for (const std::uint32_t size : {25u, 0x1000'0000u, 0x3fff'ffffu}) {
    Bytes bytes = ring_bytes_of(payload(24, 1));
    std::memcpy(bytes.data(), &size, sizeof(size));
    const Walk result = walk(bytes);
    EXPECT_TRUE(result.records.empty()) << size;
    EXPECT_TRUE(result.is_cut) << size;
  }
}

TEST(RingRecords, TellsThePlaceOfARecordFromItsHeader) {
  EXPECT_EQ(ring_record_bytes(0), 8u);
  EXPECT_EQ(ring_record_bytes(1), 16u);
  EXPECT_EQ(ring_record_bytes(8), 16u);
  EXPECT_EQ(ring_record_bytes(9), 24u);
  EXPECT_EQ(ring_record_bytes(8 | kRingBusy | kRingDiscarded), 16u);
  EXPECT_EQ(ring_record_bytes(0x3fff'ffff), 0x4000'0008u);
}

}  // namespace
}  // namespace ior::test
