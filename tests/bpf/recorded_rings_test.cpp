#include "bpf/recorded_rings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/records.hpp"
#include "tests/support/temp_file.hpp"

namespace ior::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kPlenty = 1 << 20;
constexpr std::size_t kHeaderBytes = 16;       // of the file
constexpr std::size_t kChunkHeaderBytes = 16;  // of each chunk

Bytes record(std::uint32_t seq) {
  return end_record(seq).bytes();
}
std::size_t record_bytes() {
  return record(1).size();
}

std::vector<RingChunk> some_chunks() {
  return {{0, concatenated({record(1), record(2)})}, {2, record(3)}, {0, record(4)}, {1, {}}};
}

Result<std::vector<RingChunk>> read(const TempFile& file) {
  std::size_t ring_count = 0;
  return read_ring_file(file.path(), ring_count);
}

std::string file_text(const std::vector<RingChunk>& chunks) {
  const TempFile file;
  EXPECT_TRUE(write_ring_file(file.path(), 3, chunks));
  return file.read();
}

TEST(RingFile, GivesBackWhatWasWritten) {
  const TempFile file;
  ASSERT_TRUE(write_ring_file(file.path(), 3, some_chunks()));
  std::size_t ring_count = 0;
  const auto chunks = read_ring_file(file.path(), ring_count);
  ASSERT_TRUE(chunks) << chunks.error().message;
  EXPECT_EQ(ring_count, 3u);
  ASSERT_EQ(chunks->size(), some_chunks().size());
  for (std::size_t i = 0; i < chunks->size(); ++i) {
    EXPECT_EQ((*chunks)[i].ring, some_chunks()[i].ring);
    EXPECT_EQ((*chunks)[i].bytes, some_chunks()[i].bytes);
  }
}

TEST(RingFile, MayHoldNoChunks) {
  const TempFile file;
  ASSERT_TRUE(write_ring_file(file.path(), 4, {}));
  std::size_t ring_count = 0;
  const auto chunks = read_ring_file(file.path(), ring_count);
  ASSERT_TRUE(chunks) << chunks.error().message;
  EXPECT_TRUE(chunks->empty());
  EXPECT_EQ(ring_count, 4u);
}

TEST(RingFile, SaysWhyItCannotBeOpened) {
  std::size_t ring_count = 0;
  const auto chunks = read_ring_file("/does/not/exist.rings", ring_count);
  ASSERT_FALSE(chunks);
  EXPECT_EQ(chunks.error().message, "cannot open /does/not/exist.rings: No such file or directory");
}

TEST(RingFile, SaysWhyItCannotBeWritten) {
  const auto nowhere = write_ring_file("/does/not/exist.rings", 1, {});
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, StartsWith("cannot write /does/not/exist.rings: No such"));
  const auto full = write_ring_file("/dev/full", 1, {{0, Bytes(1 << 20)}});
  ASSERT_FALSE(full);
  EXPECT_THAT(full.error().message, HasSubstr("No space left on device"));
}

TEST(RingFile, IsAnErrorWhenItIsSomethingElse) {
  const TempFile file;
  for (const std::string text :
       {"", "iorring", "iorrings", "iorrings\1", "#!/bin/sh\n echo hello"}) {
    file.write(text);
    const auto chunks = read(file);
    ASSERT_FALSE(chunks) << text;
    EXPECT_EQ(chunks.error().message, file.path() + " is no file of recorded rings");
  }
}

TEST(RingFile, IsAnErrorWhenTheNumberOfRingsCannotBe) {
  const TempFile file;
  for (const std::uint64_t rings : {std::uint64_t{0}, std::uint64_t{65'537}, ~std::uint64_t{0}}) {
    std::string text = file_text({});
    std::memcpy(text.data() + 8, &rings, sizeof(rings));
    file.write(text);
    EXPECT_FALSE(read(file)) << rings;
  }
}

// The ends of chunks are the only places where a file may end.
TEST(RingFile, IsAnErrorWhereverItIsCutShort) {
  const std::string text = file_text(some_chunks());
  std::vector<std::size_t> ends = {kHeaderBytes};
  for (const RingChunk& chunk : some_chunks()) {
    ends.push_back(ends.back() + kChunkHeaderBytes + chunk.bytes.size());
  }
  ASSERT_EQ(ends.back(), text.size());
  const TempFile file;
  for (std::size_t size = 0; size < text.size(); ++size) {
    file.write(text.substr(0, size));
    const bool is_end = std::ranges::find(ends, size) != ends.end();
    EXPECT_EQ(read(file).has_value(), is_end) << size << " of " << text.size();
  }
}

struct Damage {
  const char* what;
  std::size_t offset;
  std::uint64_t value;
  const char* message;
};

void PrintTo(const Damage& damage, std::ostream* out) {
  *out << damage.what;
}

class RingFileDamage : public testing::TestWithParam<Damage> {};

TEST_P(RingFileDamage, IsAnError) {
  std::string text = file_text({{0, record(1)}});
  std::memcpy(text.data() + GetParam().offset, &GetParam().value, sizeof(GetParam().value));
  const TempFile file;
  file.write(text);
  const auto chunks = read(file);
  ASSERT_FALSE(chunks);
  EXPECT_EQ(chunks.error().message, file.path() + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(All, RingFileDamage,
                         testing::Values(Damage{"magic", 0, 0, " is no file of recorded rings"},
                                         Damage{"ring_that_is_not_there", kHeaderBytes, 3,
                                                " is damaged: a chunk's header is wrong"},
                                         Damage{"huge_chunk", kHeaderBytes + 8, ~std::uint64_t{0},
                                                " is damaged: a chunk's header is wrong"},
                                         Damage{"chunk_longer_than_the_file", kHeaderBytes + 8,
                                                1 << 20, " is cut short"}),
                         [](const auto& info) { return info.param.what; });

TEST(RecordedRings, ServeEachRingsChunksInTheirOrder) {
  RecordedRings rings(3, some_chunks());
  EXPECT_EQ(rings.ring_count(), 3u);
  EXPECT_EQ(rings.produced(0), 3 * record_bytes());
  EXPECT_EQ(rings.produced(1), 0u);
  EXPECT_EQ(rings.produced(2), record_bytes());
  EXPECT_GE(rings.ring_bytes(), 3 * record_bytes());
  Bytes bytes;
  EXPECT_EQ(rings.consume(0, rings.produced(0), kPlenty, bytes), 3 * record_bytes());
  EXPECT_EQ(bytes, concatenated({record(1), record(2), record(4)}));
  EXPECT_EQ(rings.consumed(0), rings.produced(0));
  EXPECT_EQ(rings.consume(0, rings.produced(0), kPlenty, bytes), 0u);
  EXPECT_EQ(rings.consume(1, 0, kPlenty, bytes), 0u);
}

TEST(RecordedRings, StopWhereTheReaderWants) {
  RecordedRings rings(1, {{0, concatenated({record(1), record(2), record(3)})}});
  Bytes bytes;
  EXPECT_EQ(rings.consume(0, record_bytes(), kPlenty, bytes), record_bytes());
  EXPECT_EQ(rings.consume(0, rings.produced(0), bytes.size() + record_bytes(), bytes),
            record_bytes())
      << "the limit counts what the batch holds already";
  EXPECT_EQ(rings.consume(0, rings.produced(0), bytes.size() + record_bytes() - 1, bytes), 0u);
  EXPECT_EQ(rings.consume(0, rings.produced(0), 0, bytes), 0u);
  EXPECT_EQ(rings.consumed(0), 2 * record_bytes());
}

TEST(RecordedRings, StopBeforeARecordOfALaterTime) {
  const Bytes early = end_record(1).at(100).bytes();
  const Bytes late = end_record(2).at(200).bytes();
  RecordedRings rings(1, {{0, concatenated({early, late})}});
  Bytes bytes;
  EXPECT_EQ(rings.next_ns(0), 100u);
  EXPECT_EQ(rings.consume(0, {rings.produced(0), 199}, kPlenty, bytes), early.size());
  EXPECT_EQ(rings.next_ns(0), 200u);
  EXPECT_EQ(rings.consume(0, {rings.produced(0), 200}, kPlenty, bytes), late.size());
}

TEST(RecordedRings, DoNotKnowTheTimeOfWhatIsNoRecord) {
  RecordedRings rings(2, {{0, ring_bytes_of(Bytes(8))}, {1, Bytes(12)}});
  EXPECT_EQ(rings.next_ns(0), 0u);
  EXPECT_EQ(rings.next_ns(1), 0u);
}

TEST(RecordedRings, GiveARecordThatIsLargerThanAnyBatchToAnEmptyOne) {
  const Bytes large = ring_bytes_of(Bytes(10'000));
  RecordedRings rings(1, {{0, concatenated({large, record(1)})}});
  Bytes bytes;
  EXPECT_EQ(rings.consume(0, rings.produced(0), 1000, bytes), large.size());
}

TEST(RecordedRings, MayBeReadAgain) {
  RecordedRings rings(3, some_chunks());
  Bytes first;
  Bytes second;
  rings.consume(0, rings.produced(0), kPlenty, first);
  rings.rewind();
  EXPECT_EQ(rings.consumed(0), 0u);
  rings.consume(0, rings.produced(0), kPlenty, second);
  EXPECT_EQ(first, second);
}

TEST(RecordedRings, HandOutARingThatIsCutShortToItsEnd) {
  Bytes cut = concatenated({record(1), record(2)});
  cut.resize(cut.size() - 12);
  RecordedRings rings(1, {{0, cut}});
  Bytes bytes;
  EXPECT_EQ(rings.consume(0, rings.produced(0), kPlenty, bytes), cut.size());
}

}  // namespace
}  // namespace ior::test
