// Calls that have not ended when tracing does, as the pairer makes them of IN_FLIGHT records.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include "actors/pairer.hpp"
#include "tests/support/actor_chain.hpp"
#include "tests/support/records.hpp"

namespace ior::test {
namespace {

using testing::IsEmpty;

RecordBuilder in_flight_record(std::uint16_t nr, std::uint64_t enter_ns, std::int64_t is_older) {
  RecordBuilder record(IOR_RECORD_IN_FLIGHT);
  record.of({}).nr(nr).seq(1).at(9000).exit(enter_ns, is_older);
  return record;
}

std::vector<CallInFlight> listed(ActorChain& chain, const std::vector<Bytes>& records) {
  EXPECT_THAT(chain.feed(records), IsEmpty()) << "it is no call that ended";
  EXPECT_THAT(chain.finish(), IsEmpty());
  EXPECT_EQ(chain.counts().seen, 0u);
  EXPECT_EQ(chain.counts().given_up, 0u);
  EXPECT_EQ(chain.malformed(), 0u);
  return chain.in_flight();
}

TEST(PairerInFlight, lists_a_call_of_one_record) {
  ActorChain chain;
  const auto calls =
      listed(chain, {name_record(7, "/a").bytes(), in_flight_record(SYS_read, 2000, 0)
                                                       .mark(IOR_WHOLE)
                                                       .intro("cat")
                                                       .file(named_file(7))
                                                       .bytes()});
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].tgid, 100u);
  EXPECT_EQ(calls[0].tid, 100u);
  EXPECT_EQ(calls[0].comm, "cat");
  EXPECT_EQ(calls[0].tracepoint, "enter_read");
  EXPECT_EQ(calls[0].path, "/a");
  EXPECT_EQ(calls[0].age_ns, 7000u);
  EXPECT_FALSE(calls[0].since_before_start);
}

TEST(PairerInFlight, takes_the_path_from_the_enter_half_whichever_is_read_first) {
  const Bytes enter = enter_record(SYS_openat).seq(1).at(2000).text("/fifo").bytes();
  const Bytes last = in_flight_record(SYS_openat, 2000, 0).intro("cat").bytes();
  for (const auto& records : {std::vector{enter, last}, std::vector{last, enter}}) {
    ActorChain chain;
    const auto calls = listed(chain, records);
    ASSERT_EQ(calls.size(), 1u);
    EXPECT_EQ(calls[0].path, "/fifo");
    EXPECT_EQ(calls[0].tracepoint, "enter_openat");
  }
}

TEST(PairerInFlight, takes_the_path_of_a_call_since_before_the_trace_from_its_record) {
  ActorChain chain;
  const auto calls =
      listed(chain, {in_flight_record(SYS_openat, 1000, 1).mark(IOR_WHOLE).text("/fifo").bytes()});
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].path, "/fifo");
  EXPECT_EQ(calls[0].age_ns, 8000u);
  EXPECT_TRUE(calls[0].since_before_start);
}

TEST(PairerInFlight, lists_no_call_without_its_enter_half) {
  ActorChain chain;
  chain.feed(in_flight_record(SYS_openat, 2000, 0));
  chain.finish();
  EXPECT_THAT(chain.in_flight(), IsEmpty());
  EXPECT_EQ(chain.counts().unmatched, 1u);
}

TEST(PairerInFlight, lists_what_passes_the_filter) {
  for (const bool passes : {true, false}) {
    ActorChain chain(CallFilter{.comm = passes ? "cat" : "dog", .path = "fifo"});
    const auto calls = listed(
        chain,
        {in_flight_record(SYS_openat, 1000, 1).mark(IOR_WHOLE).intro("cat").text("/fifo").bytes()});
    EXPECT_EQ(calls.size(), passes ? 1u : 0u);
  }
}

}  // namespace
}  // namespace ior::test
