// Paths that the call itself writes over: their page was not resident, so they are read when the
// answer lies there. Such a path is unknown; one that the answer has left alone is what was passed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <functional>
#include <map>

#include "tests/e2e/call32.hpp"
#include "tests/e2e/trace.hpp"
#include "tests/e2e/untouched.hpp"

namespace ior::e2e {
namespace {

constexpr const char* kOverwritten = "[unknown: overwritten by the call]";
constexpr std::size_t kAt = 2000;  // where the path lies in its page

void must(bool holds) {
  if (!holds) ::_exit(6);
}

// A call that writes `written` bytes to an address.
struct Case {
  const char* tracepoint;
  std::size_t written;
  std::function<long(const char* path, char* out)> call;
  bool fails = false;
};

long at(long number, const char* path, char* out, long more = 0) {
  return ::syscall(number, AT_FDCWD, path, out, more);
}

// The link's target and the attribute's value have 20 bytes; the attribute's name has 9 with its
// end.
constexpr const char* kTarget = "/some/other/link/tgt";
constexpr const char* kName = "user.ior";

struct XattrArgs {
  std::uint64_t value;
  std::uint32_t size, flags;
};

long get_xattr_at(const char* path, char* out) {
  XattrArgs args = {reinterpret_cast<std::uint64_t>(out), 100, 0};
  return ::syscall(464, AT_FDCWD, path, 0, kName, &args, sizeof(args));
}

long list_xattr_at(const char* path, char* out) {
  return ::syscall(465, AT_FDCWD, path, 0, out, 100);
}

// Of a handle for which there is no room the kernel writes how large it is.
long handle_of(const char* path, char* out) {
  int mount = 0;
  return ::syscall(SYS_name_to_handle_at, AT_FDCWD, path, out, &mount, 0);
}

long mount_id_of(const char* path, char* out) {
  alignas(8) std::array<char, 136> handle{};
  const std::uint32_t size = 128;
  std::memcpy(handle.data(), &size, sizeof(size));
  return ::syscall(SYS_name_to_handle_at, AT_FDCWD, path, handle.data(), out, 0);
}

long call_32(const char* name, const char* path, char* out) {
  return call32(name, Low::address_of(path), Low::address_of(out));
}

std::vector<Case> cases() {
  std::vector<Case> cases = {
      {"enter_newstat", 144, [](auto path, auto out) { return ::syscall(SYS_stat, path, out); }},
      {"enter_newlstat", 144, [](auto path, auto out) { return ::syscall(SYS_lstat, path, out); }},
      {"enter_newfstatat", 144, [](auto path, auto out) { return at(SYS_newfstatat, path, out); }},
      {"enter_statx", 256,
       [](auto path, auto out) {
         return ::syscall(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, out);
       }},
      {"enter_statfs", 120, [](auto path, auto out) { return ::syscall(SYS_statfs, path, out); }},
      {"enter_getxattr", 20,
       [](auto path, auto out) { return ::syscall(SYS_getxattr, path, kName, out, 100); }},
      {"enter_lgetxattr", 20,
       [](auto path, auto out) { return ::syscall(SYS_lgetxattr, path, kName, out, 100); }},
      {"enter_listxattr", 9,
       [](auto path, auto out) { return ::syscall(SYS_listxattr, path, out, 100); }},
      {"enter_llistxattr", 9,
       [](auto path, auto out) { return ::syscall(SYS_llistxattr, path, out, 100); }},
      {"enter_i386_stat64", 96, [](auto path, auto out) { return call_32("stat64", path, out); }},
      {"enter_i386_lstat", 64, [](auto path, auto out) { return call_32("lstat", path, out); }},
      {"enter_i386_statfs", 64, [](auto path, auto out) { return call_32("statfs", path, out); }},
      {"enter_name_to_handle_at", 4, mount_id_of},
      {"enter_name_to_handle_at", 8, handle_of, true},
  };
  if (::syscall(465, AT_FDCWD, "/", 0, nullptr, 0) >= 0) {  // since Linux 6.13
    cases.push_back({"enter_getxattrat", 20, get_xattr_at});
    cases.push_back({"enter_listxattrat", 9, list_xattr_at});
  }
  return cases;
}

std::vector<Case> cases_of_links() {
  return {
      {"enter_readlink", 20,
       [](auto path, auto out) { return ::syscall(SYS_readlink, path, out, 100); }},
      {"enter_readlinkat", 20,
       [](auto path, auto out) { return at(SYS_readlinkat, path, out, 100); }},
      {"enter_readlink", 7,
       [](auto path, auto out) { return ::syscall(SYS_readlink, path, out, 7); }},
  };
}

// One call with its output at a distance from its path.
struct Try {
  Case call;
  std::string path;
  long distance;
  bool is_overwritten;
};

void make(const Try& each) {
  char* const page = untouched_pages(each.path, kAt, 1);
  const long ret = each.call.call(page + kAt, page + kAt + each.distance);
  must(each.call.fails ? ret < 0 : ret >= 0);
}

class Overwritten : public testing::Test {
 protected:
  // Paths of one length, of which the calls of a tracepoint see each only once.
  std::string new_path() { return directory_.file(std::to_string(next_++)); }

  std::string new_file() {
    const std::string path = new_path();
    ::close(::open(path.c_str(), O_CREAT | O_WRONLY, 0600));
    EXPECT_EQ(::setxattr(path.c_str(), kName, kTarget, 20, 0), 0) << "no user attributes here";
    return path;
  }

  std::string new_link() {
    const std::string path = new_path();
    EXPECT_EQ(::symlink(kTarget, path.c_str()), 0);
    return path;
  }

  void expect_exact(const std::vector<Try>& tries) {
    const Traced traced = trace_child([&] {
      for (const Try& each : tries) make(each);
    });
    std::map<std::string, std::uint64_t> overwritten;
    for (const Try& each : tries) {
      overwritten[each.call.tracepoint] += each.is_overwritten;
      EXPECT_EQ(sum_of(traced.records, each.call.tracepoint, each.path).count, !each.is_overwritten)
          << each.call.tracepoint << " at " << each.distance;
    }
    for (const auto& [tracepoint, count] : overwritten) {
      EXPECT_EQ(sum_of(traced.records, tracepoint, kOverwritten).count, count) << tracepoint;
    }
  }

  const TempDir directory_;
  int next_ = 1000;
};

TEST_F(Overwritten, paths_are_unknown_and_no_others) {
  std::vector<Try> tries;
  const auto add = [&](const Case& call, const std::function<std::string()>& new_path) {
    const auto size = static_cast<long>(directory_.file("1000").size() + 1);
    const auto written = static_cast<long>(call.written);
    if (!call.fails) tries.push_back({call, new_path(), 0, true});
    tries.push_back({call, new_path(), size - 1, true});     // over its end
    tries.push_back({call, new_path(), size, false});        // behind it
    tries.push_back({call, new_path(), 1 - written, true});  // over its first byte
    tries.push_back({call, new_path(), -written, false});    // before it
  };
  for (const Case& call : cases()) add(call, [this] { return new_file(); });
  for (const Case& call : cases_of_links()) add(call, [this] { return new_link(); });
  expect_exact(tries);
}

TEST_F(Overwritten, is_nothing_where_the_call_failed_or_asked_for_a_size) {
  std::vector<Try> tries;
  for (Case& call : cases()) {
    if (call.fails) continue;
    call.fails = true;
    tries.push_back({call, new_path(), 0, false});
  }
  tries.push_back(
      {{"enter_getxattr", 0,
        [](auto path, auto out) { return ::syscall(SYS_getxattr, path, kName, out, 0); }},
       new_file(),
       0,
       false});
  tries.push_back(
      {{"enter_readlink", 0,
        [](auto path, auto out) { return ::syscall(SYS_readlink, path, out, 100); }, true},
       new_file(),
       0,
       false});
  expect_exact(tries);
}

}  // namespace
}  // namespace ior::e2e
