#include "cli/selection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ior {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Names = std::set<std::string_view>;

Names names_of(const Selection& selection) {
  Names names;
  for (const Syscall& row : syscalls()) {
    if (selection.syscalls.test(row.number)) names.insert(row.name);
  }
  return names;
}

Names selected(const SelectionRequest& request) {
  const Result<Selection> selection = select_syscalls(request);
  if (!selection) ADD_FAILURE() << selection.error().message;
  return selection ? names_of(*selection) : Names();
}

template <typename Predicate>
Names rows_where(Predicate matches) {
  Names names;
  for (const Syscall& row : syscalls()) {
    if (matches(row)) names.insert(row.name);
  }
  return names;
}

Names family(Family family) {
  return rows_where([&](const Syscall& row) { return row.family == family; });
}

Names united(Names names, const Names& more) {
  names.insert(more.begin(), more.end());
  return names;
}

TEST(Selection, without_any_option_is_the_default) {
  EXPECT_EQ(selected({}), united(family(Family::FS), {"sendfile64", "splice", "tee", "vmsplice"}));
}

struct SmallCase {
  SelectionRequest request;
  Names expected;
};

TEST(Selection, follows_the_algebra_of_its_options) {
  for (const SmallCase& each : {
           SmallCase{{.syscalls = "openat"}, {"openat"}},
           SmallCase{{.syscalls = "stat,openat, sendfile"}, {"newstat", "openat", "sendfile64"}},
           SmallCase{{.kinds = "epoll-ctl,DUP3"}, {"epoll_ctl", "epoll_ctl_old", "dup3"}},
           SmallCase{{.kinds = "dup3", .syscalls = "dup"}, {"dup", "dup3"}},
           SmallCase{{.kinds = "dup3", .syscalls = "dup", .no_syscalls = "dup3"}, {"dup"}},
           SmallCase{{.kinds = "mq-open,dup3", .no_families = "ipc"}, {"dup3"}},
           SmallCase{{.families = "FS",
           .no_kinds = "fd,pathname,null,fcntl,two-fd,eventfd,mem,name",
           .no_syscalls = "dup3,open_tree_attr,open_tree,open_by_handle_at"},
                     {"open", "openat", "openat2"}},
           SmallCase{{.syscalls = "read,readv,write", .tps = "read"}, {"read", "readv"}},
           SmallCase{{.syscalls = "read,readv,write", .tps = "^enter_read$,write"},
                     {"read", "write"}},
           SmallCase{{.syscalls = "read,readv,write", .tps = "exit_w"}, {"write"}},
           SmallCase{{.syscalls = "read,readv,write", .tps_exclude = "read"}, {"write"}},
           SmallCase{{.tps = "_dup", .tps_exclude = "dup[23]"}, {"dup"}},
           SmallCase{{.tps = "^enter_(recv|send)msg$"}, {"recvmsg", "sendmsg"}},
           SmallCase{{.no_families = "FS"}, {"sendfile64", "splice", "tee", "vmsplice"}},
           SmallCase{{.no_families = "FS", .no_syscalls = "tee", .tps_exclude = "splice"},
                     {"sendfile64"}},
       }) {
    EXPECT_EQ(selected(each.request), each.expected) << testing::PrintToString(each.expected);
  }
}

TEST(Selection, families_are_named_in_any_case_and_add_up) {
  EXPECT_EQ(selected({.families = "fs"}), family(Family::FS));
  EXPECT_EQ(selected({.families = "NETWORK,aio"}),
            united(family(Family::Network), family(Family::AIO)));
}

TEST(Selection, all_families_are_every_row_and_the_unknown_calls) {
  const Names every = rows_where([](const Syscall&) { return true; });
  const auto all = select_syscalls({.families = "FS,All"});
  ASSERT_TRUE(all);
  EXPECT_EQ(names_of(*all), every);
  EXPECT_TRUE(all->unknown);
}

TEST(Selection, unknown_calls_are_left_out_unless_all_families_are_taken) {
  std::string each_family;
  for (const std::string_view name : family_names()) each_family += std::string(name) + ',';
  each_family.pop_back();
  for (const SelectionRequest& request :
       {SelectionRequest{}, SelectionRequest{.families = each_family},
        SelectionRequest{.no_syscalls = "read"}, SelectionRequest{.tps = "."},
        SelectionRequest{.families = "all", .tps = "openat"}}) {
    const auto selection = select_syscalls(request);
    ASSERT_TRUE(selection);
    EXPECT_FALSE(selection->unknown) << testing::PrintToString(describe(request));
  }
}

TEST(Selection, expressions_alone_choose_from_every_syscall) {
  EXPECT_EQ(selected({.tps = "."}), rows_where([](const Syscall&) { return true; }));
}

struct ErrorCase {
  SelectionRequest request;
  std::string message;
};

TEST(Selection, a_wrong_name_or_expression_is_an_error_that_says_what_to_do) {
  for (const ErrorCase& each : {
           ErrorCase{{.families = "FS,Netwrk"},
                     "-trace-families: unknown family 'Netwrk', did you mean Network? ('ior "
                     "syscalls' lists them)"},
           ErrorCase{{.no_families = "al"}, "-no-trace-families: unknown family 'al'"},
           ErrorCase{{.kinds = "epol-ctl"},
                     "-trace-kinds: unknown kind 'epol-ctl', did you mean "
                     "epoll-ctl?"},
           ErrorCase{{.kinds = "all"}, "-trace-kinds: unknown kind 'all'"},
           ErrorCase{{.no_kinds = "x"}, "-no-trace-kinds: unknown kind 'x'"},
           ErrorCase{{.syscalls = "opennat"},
                     "-trace-syscalls: unknown syscall 'opennat', did you mean openat?"},
           ErrorCase{{.no_syscalls = "READ"},
                     "-no-trace-syscalls: unknown syscall 'READ', did you mean read?"},
           ErrorCase{{.families = "FS,"}, "-trace-families: empty item in 'FS,'"},
           ErrorCase{{.tps = "read,["}, "-tps: '[' is not a regular expression"},
           ErrorCase{{.tps_exclude = "(a"}, "-tpsExclude: '(a' is not a regular expression"},
       }) {
    const auto selection = select_syscalls(each.request);
    ASSERT_FALSE(selection) << each.message;
    EXPECT_THAT(selection.error().message, HasSubstr(each.message));
  }
}

TEST(Selection, of_nothing_is_an_error) {
  for (const SelectionRequest& request :
       {SelectionRequest{.syscalls = "read", .no_syscalls = "read"},
        SelectionRequest{.tps = "no_such_call"},
        SelectionRequest{.families = "FS", .tps = "socket"}, SelectionRequest{.no_families = "all"},
        SelectionRequest{.tps_exclude = "enter_"}}) {
    const auto selection = select_syscalls(request);
    ASSERT_FALSE(selection);
    EXPECT_THAT(selection.error().message, HasSubstr("leave no syscall to trace"));
  }
}

TEST(Selection, is_described_by_the_options_that_were_given) {
  EXPECT_THAT(describe({}), IsEmpty());
  EXPECT_THAT(describe({.families = "FS,IPC",
                        .kinds = "fd",
                        .syscalls = "read",
                        .no_families = "Time",
                        .no_kinds = "poll",
                        .no_syscalls = "write",
                        .tps = "^enter_r",
                        .tps_exclude = "x"}),
              ElementsAre("families=FS,IPC", "kinds=fd", "syscalls=read", "no-families=Time",
                          "no-kinds=poll", "no-syscalls=write", "tps=^enter_r", "tpsExclude=x"));
}

}  // namespace
}  // namespace ior
