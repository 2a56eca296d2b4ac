#include "actors/roots.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>

#include "model/path.hpp"
#include "tests/support/actor_chain.hpp"
#include "tests/support/fake_rings.hpp"

namespace ior::test {
namespace {

// Tells of the roots from number 1 on.
class RootSource final : public FakeRings {
 public:
  RootSource() : FakeRings(1) {}

  std::optional<RootEntry> root(std::uint32_t number) const override {
    static constexpr std::array<RootEntry, 7> kRoots = {{
        {IOR_ROOT_PATH, 0, false, "/srv/jail"},
        {IOR_ROOT_NAMESPACE, 4026532621, false, ""},
        {IOR_ROOT_NAMESPACE, 4026532621, false, "/srv/jail"},
        {IOR_ROOT_MOUNT, 532, false, ""},
        {IOR_ROOT_PATH, 0, true, "/srv/jail"},
        {IOR_ROOT_PATH, 0, false, ""},
        {IOR_ROOT_PATH, 0, false, "/srv/jail"},
    }};
    if (number == 0 || number > kRoots.size()) return std::nullopt;
    return kRoots[number - 1];
  }
};

constexpr std::uint32_t kJail = 1, kNamespace = 2, kJailToo = 7;

std::string name_of(std::uint32_t number) {
  const RootSource source;
  Roots roots(1, &source);
  return std::string(text_of(roots.learn(number)));
}

TEST(Roots, AreNamedByWhereTheyAre) {
  EXPECT_EQ(name_of(IOR_ROOT_OWN), "");
  EXPECT_EQ(name_of(1), "/srv/jail");
  EXPECT_EQ(name_of(2), "mnt:[4026532621]");
  EXPECT_EQ(name_of(3), "mnt:[4026532621]/srv/jail");
  EXPECT_EQ(name_of(4), "[mount 532]");
  EXPECT_EQ(name_of(5), "/srv/jail (deleted)");
  EXPECT_EQ(name_of(6), "/") << "mounted over ior's own";
  EXPECT_EQ(name_of(8), unknown::kRoot);
  EXPECT_EQ(name_of(IOR_ROOT_UNKNOWN), unknown::kRoot);
  EXPECT_EQ(text_of(Roots().learn(1)), unknown::kRoot) << "without a source";
}

TEST(Roots, KeepTheirNames) {
  const RootSource source;
  Roots roots(1, &source);
  EXPECT_EQ(text_of(roots.find(kJail)), unknown::kRoot) << "not learned yet";
  const Name* const learned = roots.learn(kJail);
  EXPECT_EQ(roots.learn(kJail), learned);
  EXPECT_EQ(roots.find(kJail), learned);
}

class RootsOfCalls : public testing::Test {
 protected:
  SeenCall last(const std::vector<Bytes>& records) { return chain_.feed(records).back(); }

  RootSource source_;
  ActorChain chain_{{}, 8, Pairer::kMaxThreads, std::make_shared<Roots>(1, &source_)};
};

RecordBuilder access_record(std::uint32_t seq, std::string_view path) {
  return whole_record(SYS_access, 1, -2).seq(seq).args({0, 0}).text(path);
}

TEST_F(RootsOfCalls, AreTheCallersUntilAnotherIsTold) {
  EXPECT_EQ(last({access_record(1, "/x").intro("cat").bytes()}).root, "");
  EXPECT_EQ(last({access_record(2, "/x").intro("cat", 1, kJail).bytes()}).root, "/srv/jail");
  EXPECT_EQ(last({access_record(3, "/x").bytes()}).root, "/srv/jail");
  EXPECT_EQ(last({access_record(4, "/x").intro("cat", 1, kNamespace).bytes()}).root,
            "mnt:[4026532621]");
}

TEST_F(RootsOfCalls, AreThoseOfTheFilesThatTheyName) {
  const Bytes outside = name_record(1, "/x", IOR_NAME_PATH, 0, kNamespace).bytes();
  const Bytes own = name_record(2, "/x", IOR_NAME_PATH, 0, IOR_ROOT_OWN).bytes();
  const Bytes pipe = name_record(3, "pipefs:", IOR_NAME_PSEUDO, 7, kNamespace).bytes();
  const auto read = [](std::uint32_t seq, std::uint32_t name) {
    return whole_record(SYS_read, 1, 1).seq(seq).file(named_file(name));
  };
  EXPECT_EQ(last({outside, read(1, 1).intro("cat", 1, kJail).bytes()}).root, "mnt:[4026532621]");
  EXPECT_EQ(last({own, read(2, 2).bytes()}).root, "");
  EXPECT_EQ(last({pipe, read(3, 3).bytes()}).root, "/srv/jail") << "no path: the caller's";
  const SeenCall relative = last({access_record(4, "y").file(named_file(1, 5)).bytes()});
  EXPECT_EQ(relative.path, "/x/y");
  EXPECT_EQ(relative.root, "mnt:[4026532621]");
  const SeenCall moved = last({exit_record(SYS_openat, 1, 3)
                                   .mark(IOR_WHOLE)
                                   .seq(5)
                                   .file(file_with(IOR_FILE_INLINE))
                                   .inline_name("/z", IOR_NAME_PATH, 0, kNamespace)
                                   .bytes()});
  EXPECT_EQ(moved.path, "/z");
  EXPECT_EQ(moved.root, "mnt:[4026532621]");
}

TEST_F(RootsOfCalls, AreNamedInThePathsOfACallOfTwo) {
  chain_.feed({name_record(1, "/to", IOR_NAME_PATH, 0, kJail).bytes(),
               name_record(2, "/from", IOR_NAME_PATH, 0, kNamespace).bytes(),
               name_record(3, "/from", IOR_NAME_PATH, 0, kJailToo).bytes(),
               name_record(4, "pipefs:", IOR_NAME_PSEUDO, 7).bytes()});
  const auto copied = [&](std::uint32_t seq, std::uint32_t from) {
    return last({whole_record(SYS_copy_file_range, 1, 1)
                     .seq(seq)
                     .file(named_file(1, 8))
                     .other(named_file(from, 9))
                     .bytes()});
  };
  const SeenCall apart = copied(1, 2);
  EXPECT_EQ(apart.path, "/srv/jail/to");
  EXPECT_EQ(apart.old_path, "mnt:[4026532621]/from");
  EXPECT_EQ(apart.root, "");
  const SeenCall together = copied(2, 3);
  EXPECT_EQ(together.path, "/to");
  EXPECT_EQ(together.old_path, "/from");
  EXPECT_EQ(together.root, "/srv/jail");
  const SeenCall from_pipe = copied(3, 4);
  EXPECT_EQ(from_pipe.path, "/to");
  EXPECT_EQ(from_pipe.old_path, "pipe:[7]");
  EXPECT_EQ(from_pipe.root, "/srv/jail");
}

TEST_F(RootsOfCalls, OutliveTheBatchOfTheirCallsFirstHalf) {
  chain_.feed(
      {name_record(1, "/dir", IOR_NAME_PATH, 0, kNamespace).bytes(),
       enter_record(SYS_unlinkat).args({5, 0, 0}).file(named_file(1, 5)).text("y").bytes()});
  const SeenCall call = last({exit_record(SYS_unlinkat, 1, 0).bytes()});
  EXPECT_EQ(call.path, "/dir/y");
  EXPECT_EQ(call.root, "mnt:[4026532621]");
}

}  // namespace
}  // namespace ior::test
