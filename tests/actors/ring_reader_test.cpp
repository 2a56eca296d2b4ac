#include "actors/ring_reader.hpp"

#include <gtest/gtest.h>

#include "tests/support/fake_rings.hpp"
#include "tests/support/records.hpp"

namespace ior::test {
namespace {

constexpr std::size_t kPlenty = 1 << 20;

Bytes record(std::uint32_t seq) {
  return end_record(seq).bytes();
}
std::size_t record_bytes() {
  return record(1).size();
}

TEST(RingReader, ReadsInAPassWhatHadBeenWrittenWhenItBegan) {
  FakeRings rings(1);
  RingReader reader(rings, 0);
  rings.append(0, record(1));
  EXPECT_EQ(reader.begin_pass(), record_bytes());
  rings.append(0, record(2));
  RawBatch batch;
  EXPECT_EQ(reader.read(batch, kPlenty), record_bytes());
  EXPECT_EQ(batch.bytes, record(1));
  EXPECT_TRUE(reader.pass_done());
  EXPECT_EQ(reader.read(batch, kPlenty), 0u);

  EXPECT_EQ(reader.begin_pass(), record_bytes());
  EXPECT_FALSE(reader.pass_done());
  reader.read(batch, kPlenty);
  EXPECT_EQ(batch.bytes, concatenated({record(1), record(2)})) << "appended";
}

TEST(RingReader, IsDoneAtOnceWhenNothingWasWritten) {
  FakeRings rings(1);
  RingReader reader(rings, 0);
  EXPECT_EQ(reader.begin_pass(), 0u);
  EXPECT_TRUE(reader.pass_done());
}

TEST(RingReader, FillsABatchUpToItsLimitWithWholeRecords) {
  FakeRings rings(1);
  RingReader reader(rings, 0);
  for (std::uint32_t seq = 1; seq <= 3; ++seq) rings.append(0, record(seq));
  reader.begin_pass();
  RawBatch batch;
  EXPECT_EQ(reader.read(batch, 2 * record_bytes() + 1), 2 * record_bytes());
  EXPECT_FALSE(reader.pass_done());
  EXPECT_EQ(reader.read(batch, 2 * record_bytes() + 1), 0u) << "no room";
  RawBatch next;
  EXPECT_EQ(reader.read(next, kPlenty), record_bytes());
  EXPECT_TRUE(reader.pass_done());
  EXPECT_EQ(next.bytes, record(3));
}

TEST(RingReader, WaitsForARecordThatIsNotCommitted) {
  FakeRings rings(1);
  RingReader reader(rings, 0);
  rings.append(0, record(1));
  const std::uint64_t busy = rings.reserve(0, record(2));
  rings.append(0, record(3));
  EXPECT_EQ(reader.begin_pass(), 3 * record_bytes());
  RawBatch batch;
  EXPECT_EQ(reader.read(batch, kPlenty), record_bytes());
  EXPECT_EQ(reader.read(batch, kPlenty), 0u);
  EXPECT_FALSE(reader.pass_done());
  rings.commit(0, busy);
  EXPECT_EQ(reader.read(batch, kPlenty), 2 * record_bytes());
  EXPECT_TRUE(reader.pass_done());
  EXPECT_EQ(batch.bytes, concatenated({record(1), record(2), record(3)}));
}

TEST(RingReader, StopsBeforeARecordOfALaterTime) {
  FakeRings rings(1);
  RingReader reader(rings, 0);
  EXPECT_EQ(reader.next_ns(), RingReader::kAnyTime);
  for (std::uint64_t time_ns : {100, 200, 150, 300}) {
    rings.append(0, end_record(1).at(time_ns).bytes());
  }
  reader.begin_pass();
  EXPECT_EQ(reader.next_ns(), 100u);
  RawBatch batch;
  EXPECT_EQ(reader.read(batch, kPlenty, 99), 0u);
  EXPECT_EQ(reader.read(batch, kPlenty, 199), record_bytes());
  EXPECT_EQ(reader.next_ns(), 200u);
  EXPECT_EQ(reader.read(batch, kPlenty, 200), 2 * record_bytes()) << "also what is behind it";
  EXPECT_EQ(reader.next_ns(), 300u);
  EXPECT_FALSE(reader.pass_done());
  EXPECT_EQ(reader.read(batch, kPlenty), record_bytes());
  EXPECT_EQ(reader.next_ns(), RingReader::kAnyTime);
}

TEST(RingReader, DoesNotKnowTheTimeOfARecordThatIsNotCommitted) {
  FakeRings rings(1);
  RingReader reader(rings, 0);
  const std::uint64_t busy = rings.reserve(0, end_record(1).at(100).bytes());
  reader.begin_pass();
  EXPECT_EQ(reader.next_ns(), 0u);
  rings.commit(0, busy);
  reader.begin_pass();
  EXPECT_EQ(reader.next_ns(), 100u);
}

TEST(RingReader, ReadsItsOwnRingOnly) {
  FakeRings rings(2);
  RingReader second(rings, 1);
  rings.append(0, record(1));
  EXPECT_EQ(second.begin_pass(), 0u);
  rings.append(1, record(2));
  second.begin_pass();
  RawBatch batch;
  second.read(batch, kPlenty);
  EXPECT_EQ(batch.bytes, record(2));
  EXPECT_EQ(rings.consumed(0), 0u);
}

}  // namespace
}  // namespace ior::test
