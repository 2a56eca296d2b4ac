#include "actors/decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <random>

#include "bpf/ring_records.hpp"
#include "tests/support/actor_chain.hpp"
#include "tests/support/records.hpp"

namespace ior::test {
namespace {

using testing::ElementsAre;

constexpr unsigned kMarks = IOR_COMPAT | IOR_AFTER_LOSS | IOR_EXIT_LOST;
constexpr unsigned kEnterSections =
    IOR_FILE | IOR_OTHER | IOR_INTRO | IOR_TEXT | IOR_TEXT_OTHER | kMarks;
constexpr unsigned kExitSections = kEnterSections | IOR_TEXT_NAME | IOR_WHOLE | IOR_NO_RETURN;
constexpr ior_file kFile = {.name_id = 7, .fd = 3, .f_flags = 0x8002, .status = IOR_FILE_NAMED};
constexpr ior_file kOther = {.name_id = 8, .fd = -1, .f_flags = 0, .status = IOR_FILE_NO_NAME};
constexpr ior_process kProcess = {.start_ns = 5, .ppid = 6, .uid = 7, .mount_namespace = 8};

// A call's record with exactly these sections; with none of them the record is its smallest.
RecordBuilder call_record(ior_record_kind kind, unsigned sections, std::uint8_t nargs) {
  RecordBuilder record(kind);
  record.of({.task = 11, .tgid = 12, .tid = 13}).cpu(1).nr(257).seq(14).at(15);
  record.mark(sections & (kMarks | IOR_WHOLE | IOR_NO_RETURN));
  if (kind != IOR_RECORD_ENTER) record.exit(16, -2);
  if (nargs == 2) record.args({17, 18});
  if (nargs == 6) record.args({17, 18, 19, 20, 21, 22});
  if (sections & IOR_FILE) record.file(kFile);
  if (sections & IOR_OTHER) record.other(kOther);
  if (sections & IOR_INTRO) record.intro("fifteen letters", 23);
  if (sections & IOR_TEXT) record.text("a path", IOR_TEXT_TOO_LONG);
  if (sections & IOR_TEXT_OTHER) record.other_text("", IOR_TEXT_FAULT);
  if (sections & IOR_TEXT_NAME) record.inline_name("/12345678", IOR_NAME_DELETED, 24);
  return record;
}

template <typename T>
void expect_same(const T* actual, const T& wanted, bool is_there) {
  ASSERT_EQ(actual != nullptr, is_there);
  if (!is_there) return;
  EXPECT_EQ(std::memcmp(actual, &wanted, sizeof(T)), 0);
}

void expect_head(const WireRecord& record, ior_record_kind kind, unsigned sections,
                 std::uint8_t nargs) {
  EXPECT_EQ(record.kind(), kind);
  EXPECT_EQ(record.head().sections, sections);
  EXPECT_EQ(record.args().size(), nargs);
  EXPECT_EQ(record.head().cpu, 1);
  EXPECT_EQ(record.nr(), 257u);
  EXPECT_EQ(record.head().task, 11u);
  EXPECT_EQ(record.head().tgid, 12u);
  EXPECT_EQ(record.head().tid, 13u);
  EXPECT_EQ(record.head().seq, 14u);
  EXPECT_EQ(record.head().time_ns, 15u);
  if (kind == IOR_RECORD_ENTER) return;
  EXPECT_EQ(record.exit().enter_ns, 16u);
  EXPECT_EQ(record.exit().ret, -2);
}

void expect_sections(const WireRecord& record, unsigned sections) {
  expect_same(record.file(), kFile, sections & IOR_FILE);
  expect_same(record.other(), kOther, sections & IOR_OTHER);
  expect_same(record.intro(),
              {.process_start_ns = 23, .comm = "fifteen letters", .root = 0, .reserved = 0},
              sections & IOR_INTRO);
  expect_same(record.inline_name(),
              {.name_id = 0, .name_kind = IOR_NAME_DELETED, .root = 0, .inode = 24},
              sections & IOR_TEXT_NAME);
  EXPECT_EQ(record.path().bytes, sections & IOR_TEXT ? "a path" : "");
  EXPECT_EQ(record.path().status, sections & IOR_TEXT ? IOR_TEXT_TOO_LONG : IOR_TEXT_OK);
  EXPECT_EQ(record.old_path().bytes, "");
  EXPECT_EQ(record.old_path().status, sections & IOR_TEXT_OTHER ? IOR_TEXT_FAULT : IOR_TEXT_OK);
  EXPECT_EQ(record.inline_text().bytes, sections & IOR_TEXT_NAME ? "/12345678" : "");
}

void expect_round_trip(ior_record_kind kind, unsigned sections, std::uint8_t nargs) {
  SCOPED_TRACE(testing::Message() << "kind " << kind << " sections " << sections << " nargs "
                                  << unsigned{nargs});
  const Bytes bytes = call_record(kind, sections, nargs).record();
  const auto record = decode_record(bytes);
  ASSERT_TRUE(record);
  expect_head(*record, kind, sections, nargs);
  expect_sections(*record, sections);
  EXPECT_EQ(record->size(), bytes.size());
  for (std::uint64_t i = 0; i < nargs; ++i) EXPECT_EQ(record->args()[i], 17 + i);
}

// Records of every kind, with all that they may hold.
std::vector<Bytes> full_records() {
  return {call_record(IOR_RECORD_ENTER, kEnterSections, 6).record(),
          call_record(IOR_RECORD_EXIT, kExitSections, 6).record(),
          call_record(IOR_RECORD_EXIT, IOR_WHOLE | IOR_FILE, 2).record(),
          call_record(IOR_RECORD_IN_FLIGHT, kExitSections, 6).record(),
          name_record(9, "/usr/lib/libc.so.6", IOR_NAME_PATH, 25).record(),
          process_record(kProcess, "/bin/cat", "cat\0x", "/user.slice").record(),
          end_record(14).record()};
}

// Whether decode_record takes the bytes. They lie in memory of exactly their size: ASan sees a read
// past them.
bool is_taken(std::span<const std::byte> bytes) {
  const Bytes exact(bytes.begin(), bytes.end());
  return decode_record(exact).has_value();
}

TEST(Decoder, TakesEnterHalvesWithEveryCombinationOfSections) {
  for (unsigned sections = 0; sections <= kEnterSections; ++sections) {
    if ((sections & ~kEnterSections) != 0) continue;
    for (const std::uint8_t nargs : {0, 2, 6}) {
      expect_round_trip(IOR_RECORD_ENTER, sections, nargs);
    }
  }
}

TEST(Decoder, TakesExitHalvesWithEveryCombinationOfSections) {
  for (unsigned sections = 0; sections <= kExitSections; ++sections) {
    for (const std::uint8_t nargs : {0, 2, 6}) {
      expect_round_trip(IOR_RECORD_EXIT, sections, nargs);
      expect_round_trip(IOR_RECORD_IN_FLIGHT, sections, nargs);
    }
  }
}

TEST(Decoder, TakesANumberThatDoesNotFitFromTheFirstArgument) {
  const auto wide = whole_record(IOR_NR_WIDE, 1, -ENOSYS);
  const Bytes with_number = RecordBuilder(wide).args({4'000'000'000, 2}).record();
  EXPECT_EQ(decode_record(with_number).value().nr(), 4'000'000'000u);
  const Bytes without = wide.record();
  EXPECT_EQ(decode_record(without).value().nr(), static_cast<std::uint32_t>(IOR_NR_WIDE));
}

TEST(Decoder, TakesNames) {
  const Bytes bytes = name_record(9, "/a", IOR_NAME_PSEUDO, 25).cpu(3).record();
  const auto record = decode_record(bytes);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->kind(), IOR_RECORD_NAME);
  EXPECT_EQ(record->head().cpu, 3);
  EXPECT_EQ(record->name().name_id, 9u);
  EXPECT_EQ(record->name().name_kind, static_cast<__u32>(IOR_NAME_PSEUDO));
  EXPECT_EQ(record->name().inode, 25u);
  EXPECT_EQ(record->name_text().bytes, "/a");
}

TEST(Decoder, TakesProcesses) {
  const std::string command_line("cat\0/etc/hosts", 15);
  const Bytes bytes = process_record(kProcess, "/bin/cat", command_line, "").record();
  const auto record = decode_record(bytes);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->kind(), IOR_RECORD_PROCESS);
  expect_same(&record->process(), kProcess, true);
  EXPECT_EQ(record->executable().bytes, "/bin/cat");
  EXPECT_EQ(record->command_line().bytes, command_line);
  EXPECT_EQ(record->cgroup().bytes, "");
}

TEST(Decoder, TakesTextsUpToTheLongest) {
  const std::string longest(IOR_TEXT_MAX, 'x');
  const Bytes bytes = enter_record(257).text(longest).record();
  EXPECT_EQ(decode_record(bytes).value().path().bytes, longest);
}

TEST(Decoder, RejectsEveryTruncationOfARecord) {
  for (const Bytes& record : full_records()) {
    ASSERT_TRUE(is_taken(record));
    for (std::size_t size = 0; size < record.size(); ++size) {
      EXPECT_FALSE(is_taken(std::span(record).first(size))) << size << " of " << record.size();
    }
  }
}

TEST(Decoder, RejectsRecordsWithSomethingBehindThem) {
  for (Bytes record : full_records()) {
    record.resize(record.size() + 8);
    EXPECT_FALSE(is_taken(record));
  }
}

struct WildValue {
  const char* what;
  std::size_t offset;
  unsigned value;
  std::size_t size;
};

void PrintTo(const WildValue& wild, std::ostream* out) {
  *out << wild.what;
}

class DecoderWildValue : public testing::TestWithParam<WildValue> {};

// All in an enter half of 32 bytes of head, no arguments, and a text.
TEST_P(DecoderWildValue, IsRejected) {
  const WildValue& wild = GetParam();
  Bytes record = enter_record(257).text("a path").record();
  ASSERT_TRUE(is_taken(record));
  std::memcpy(record.data() + wild.offset, &wild.value, wild.size);
  EXPECT_FALSE(is_taken(record)) << wild.what;
}

constexpr std::size_t kTextOffset = sizeof(ior_head);
constexpr std::array kWildValues = {
    WildValue{"kind_0", offsetof(ior_head, kind), 0, 1},
    WildValue{"kind_6", offsetof(ior_head, kind), 6, 1},
    WildValue{"kind_255", offsetof(ior_head, kind), 255, 1},
    WildValue{"nargs_that_are_not_there", offsetof(ior_head, nargs), 6, 1},
    WildValue{"nargs_7", offsetof(ior_head, nargs), 7, 1},
    WildValue{"nargs_255", offsetof(ior_head, nargs), 255, 1},
    WildValue{"section_that_is_not_there", offsetof(ior_head, sections), IOR_TEXT | IOR_FILE, 2},
    WildValue{"section_bit_14", offsetof(ior_head, sections), IOR_TEXT | 1u << 14, 2},
    WildValue{"section_bit_15_without_a_text", offsetof(ior_head, sections), IOR_TEXT | 1u << 15, 2},
    WildValue{"text_shorter_than_the_record", kTextOffset, 0, 2},
    WildValue{"text_longer_than_the_record", kTextOffset, 9, 2},
    WildValue{"text_of_4096", kTextOffset, IOR_TEXT_MAX, 2},
    WildValue{"text_of_4097", kTextOffset, IOR_TEXT_MAX + 1, 2},
    WildValue{"text_of_65535", kTextOffset, 65535, 2},
    WildValue{"text_status_6", kTextOffset + 2, 6, 2},
    WildValue{"text_status_65535", kTextOffset + 2, 65535, 2},
};

INSTANTIATE_TEST_SUITE_P(All, DecoderWildValue, testing::ValuesIn(kWildValues),
                         [](const auto& info) { return info.param.what; });

TEST(Decoder, RejectsATextLongerThanTheLongestEvenWhereItsBytesAreThere) {
  EXPECT_FALSE(is_taken(enter_record(257).text(std::string(IOR_TEXT_MAX + 1, 'x')).record()));
}

TEST(Decoder, RejectsALinkLongerThanItsPath) {
  EXPECT_TRUE(is_taken(enter_record(257).text("/dev/fd/5", IOR_TEXT_OK, 9).record()));
  EXPECT_FALSE(is_taken(enter_record(257).text("/dev/fd/5", IOR_TEXT_OK, 10).record()));
}

TEST(Decoder, CountsWhatItRejectsAndGoesOnBehindIt) {
  const Bytes good = end_record(1).bytes();
  const Bytes bad = ring_bytes_of(Bytes(40, std::byte{0xff}));
  const auto batch = decoded(concatenated({bad, good, bad, bad, good}));
  EXPECT_EQ(batch->malformed, 3u);
  EXPECT_EQ(batch->events.size(), 2u);
}

TEST(Decoder, CountsBytesThatAreCutShortOnce) {
  Bytes bytes = concatenated({end_record(1).bytes(), end_record(2).bytes()});
  for (std::size_t cut = 1; cut < end_record(2).bytes().size(); ++cut) {
    bytes.pop_back();
    const auto batch = decoded(bytes);
    EXPECT_EQ(batch->malformed, 1u) << cut;
    EXPECT_EQ(batch->events.size(), 1u) << cut;
  }
}

TEST(Decoder, LeavesDiscardedRecordsOut) {
  const Bytes discarded = ring_bytes_of(end_record(1).record(), kRingDiscarded);
  const auto batch = decoded(concatenated({discarded, end_record(2).bytes(), discarded}));
  EXPECT_EQ(batch->malformed, 0u);
  ASSERT_EQ(batch->events.size(), 1u);
  EXPECT_EQ(batch->events[0].record.head().seq, 2u);
}

TEST(Decoder, DealsEventsOutByThreadInTheirOrderAndNamesToNobody) {
  const Decoder decoder({2, 0, 1, 1});
  ASSERT_EQ(decoder.shard_count(), 3u);
  std::vector<Bytes> records;
  for (std::uint32_t task = 0; task < 10; ++task) {
    records.push_back(name_record(task, "/a").bytes());
    records.push_back(end_record(1).of({.task = task}).bytes());
    records.push_back(process_record(kProcess, "", "", "").of({.task = task}).bytes());
  }
  Batch batch(decoder.shard_count());
  batch.raw.bytes = concatenated(records);
  decoder.decode(batch);
  EXPECT_EQ(batch.events.size(), 30u);
  const auto tasks_of = [&](std::size_t shard) {
    std::vector<std::uint32_t> tasks;
    for (const std::uint32_t index : batch.shards[shard].events) {
      const WireRecord record = batch.events[index].record;
      EXPECT_NE(record.kind(), IOR_RECORD_NAME);
      tasks.push_back(record.head().task);
    }
    return tasks;
  };
  EXPECT_THAT(tasks_of(0), ElementsAre(1, 1, 5, 5, 9, 9));
  EXPECT_THAT(tasks_of(1), ElementsAre(2, 2, 3, 3, 6, 6, 7, 7));
  EXPECT_THAT(tasks_of(2), ElementsAre(0, 0, 4, 4, 8, 8));
}

bool lies_in(const void* address, std::size_t size, const Bytes& record) {
  const auto* first = static_cast<const std::byte*>(address);
  return !address || (first >= record.data() && first + size <= record.data() + record.size());
}

bool lies_in(const Text& text, const Bytes& record) {
  return text.bytes.empty() || lies_in(text.bytes.data(), text.bytes.size(), record);
}

void expect_call_inside(const WireRecord& call, const Bytes& record) {
  EXPECT_LE(call.size(), record.size());
  const bool is_exit = call.kind() == IOR_RECORD_EXIT;
  EXPECT_TRUE(!is_exit || lies_in(&call.exit(), sizeof(ior_exit), record));
  EXPECT_TRUE(lies_in(call.args().data(), call.args().size_bytes(), record));
  EXPECT_TRUE(lies_in(call.file(), sizeof(ior_file), record));
  EXPECT_TRUE(lies_in(call.other(), sizeof(ior_file), record));
  EXPECT_TRUE(lies_in(call.intro(), sizeof(ior_intro), record));
  EXPECT_TRUE(lies_in(call.inline_name(), sizeof(ior_name), record));
  EXPECT_TRUE(lies_in(call.path(), record) && lies_in(call.old_path(), record) &&
              lies_in(call.inline_text(), record));
}

void expect_inside(const WireRecord& taken, const Bytes& record) {
  switch (taken.kind()) {
    case IOR_RECORD_ENTER:
    case IOR_RECORD_EXIT:
    case IOR_RECORD_IN_FLIGHT:
      return expect_call_inside(taken, record);
    case IOR_RECORD_NAME:
      EXPECT_TRUE(lies_in(&taken.name(), sizeof(ior_name), record));
      EXPECT_TRUE(lies_in(taken.name_text(), record));
      return;
    case IOR_RECORD_PROCESS:
      EXPECT_TRUE(lies_in(&taken.process(), sizeof(ior_process), record));
      EXPECT_TRUE(lies_in(taken.executable(), record) && lies_in(taken.command_line(), record) &&
                  lies_in(taken.cgroup(), record));
      return;
    case IOR_RECORD_END:
      EXPECT_TRUE(lies_in(&taken.head(), sizeof(ior_head), record));
  }
}

// A few bytes changed, and sometimes the end cut off.
void mutate(Bytes& record, std::mt19937_64& random) {
  for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
    // The head and the first sections decide how the rest is read.
    const std::size_t range =
        random() % 2 ? record.size() : std::min<std::size_t>(record.size(), 8);
    record[random() % range] = static_cast<std::byte>(random());
  }
  if (random() % 8 == 0) record.resize(random() % record.size());
}

TEST(Decoder, SurvivesAMillionMutationsAndPointsIntoTheRecordOnly) {
  std::mt19937_64 random(20240229);
  const std::vector<Bytes> originals = full_records();
  std::size_t taken = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    Bytes record = originals[random() % originals.size()];
    mutate(record, random);
    record.shrink_to_fit();
    const auto decoded = decode_record(record);
    if (!decoded) continue;
    ++taken;
    expect_inside(*decoded, record);
    if (HasFailure()) break;
  }
  // Changes of a time or a number leave a record whole: both ways must have been gone.
  EXPECT_GT(taken, 100'000u);
  EXPECT_LT(taken, 900'000u);
}

TEST(Decoder, LetsNoMutationHarmTheActorsBehindIt) {
  std::mt19937_64 random(20240301);
  const std::vector<Bytes> originals = full_records();
  ActorChain chain({}, 2);
  for (int pass = 0; pass < 2'000; ++pass) {
    std::vector<Bytes> records;
    for (int i = 0; i < 50; ++i) {
      Bytes record = originals[random() % originals.size()];
      mutate(record, random);
      records.push_back(ring_bytes_of(record));
    }
    chain.feed(records);
    chain.end_pass();
  }
  chain.finish();
  EXPECT_GT(chain.malformed(), 10'000u);
  EXPECT_GT(chain.counts().seen, 0u);
}

}  // namespace
}  // namespace ior::test
