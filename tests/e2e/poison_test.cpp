// No byte leaves the kernel that was not written for it: wherever a record or a name is built lies
// a pattern, and no record of any kind has any of that. Looks at the rings' bytes themselves.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "actors/decoder.hpp"
#include "bpf/ring_records.hpp"
#include "bpf/session.hpp"
#include "bpf/settings.h"
#include "catalog/catalog.hpp"
#include "tests/e2e/call32.hpp"
#include "tests/e2e/ring.hpp"
#include "tests/e2e/trace.hpp"
#include "tests/e2e/untouched.hpp"

namespace ior::e2e {
namespace {

using testing::IsSupersetOf;

template <typename Work>
void in_a_child(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  must(::waitpid(child, nullptr, 0) == child);
}

void exec_of_an_empty_path() {
  char* const none[] = {nullptr};
  const int program = ::open("/usr/bin/true", O_RDONLY | O_CLOEXEC);
  ::syscall(SYS_execveat, program, untouched(""), none, none, AT_EMPTY_PATH);
}

// Paths that are none, that cannot be read, that are too long, and that the kernel never reads.
void make_strange_paths() {
  ::syscall(SYS_openat, AT_FDCWD, nullptr, O_RDONLY);
  ::syscall(SYS_openat, AT_FDCWD, 1, O_RDONLY);
  for (std::size_t size = 1; size < 12; ++size) ::access(std::string(size, 'x').c_str(), F_OK);
  ::access(std::string(5000, 'x').c_str(), F_OK);
  ::access(untouched("untouched"), F_OK);
  std::array<sock_filter, 4> filter = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  sock_fprog program = {filter.size(), filter.data()};
  must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  must(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
  ::open(untouched("denied"), O_RDONLY);
  ::open("denied, too", O_RDONLY);
}

// Files of names of all kinds.
void use_strange_names(const std::string& directory) {
  const std::string gone = directory + "/gone";
  const int file = make_file(gone);
  ::unlink(gone.c_str());
  must(::write(file, "x", 1) == 1);
  ::close(::memfd_create("memory", 0));
  std::array<int, 2> ends{};
  must(::pipe(ends.data()) == 0 && ::write(ends[1], "x", 1) == 1);
  ::close(::open("/proc/self/ns/uts", O_RDONLY));
  for (const char* path : {"", "@a", "/tmp/ior-poison"}) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path);
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const auto size = static_cast<socklen_t>(sizeof(sa_family_t) + std::strlen(path));
    ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
    ::close(socket);
  }
  ::unlink("/tmp/ior-poison");
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const int socket = ::socket(AF_INET6, SOCK_DGRAM, 0);
  ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  ::close(socket);
  must(::chdir(directory.c_str()) == 0);
  for (int depth = 0; depth < 20; ++depth) {
    const std::string name(250, 'x');
    must(::mkdir(name.c_str(), 0700) == 0 && ::chdir(name.c_str()) == 0);
  }
  ::close(make_file("file"));
}

void run_on(pid_t thread, int cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  must(::sched_setaffinity(thread, sizeof(cpus), &cpus) == 0);
}

bool is_asleep(pid_t process) {
  std::ifstream in("/proc/" + std::to_string(process) + "/syscall");
  int number = -1;
  return in >> number && number == SYS_openat;
}

// An open that ends on another CPU than the one on which it began.
void open_on_two_cpus(const std::string& directory) {
  const std::string path = directory + "/fifo";
  must(::mkfifo(path.c_str(), 0600) == 0);
  const pid_t reader = ::fork();
  if (reader == 0) {
    run_on(0, 0);
    ::close(::open(path.c_str(), O_RDONLY));
    ::_exit(0);
  }
  while (!is_asleep(reader)) ::sched_yield();
  run_on(reader, 1);
  ::close(::open(path.c_str(), O_WRONLY));
  must(::waitpid(reader, nullptr, 0) == reader);
}

void make_requests(const std::string& path) {
  Ring ring;
  std::array<char, 4> bytes{};
  ::io_uring_prep_openat(ring.next(), AT_FDCWD, path.c_str(), O_RDWR, 0);
  const int fd = ring.run();
  ::io_uring_prep_read(ring.next(), fd, bytes.data(), bytes.size(), 0);
  ring.run();
  io_uring_sqe* refused = ring.next();
  ::io_uring_prep_openat(refused, AT_FDCWD, path.c_str(), O_RDWR, 0);
  refused->ioprio = 1;
  ring.run();
  read_by_aio(fd, bytes);
}

void make_calls(const std::string& directory) {
  for (const std::string_view family : family_names()) {
    in_a_child([&] {
      ::execl(IOR_WORKLOAD_BIN, "ioworkload", "--calls", std::string(family).c_str(), "--delay-ms",
              "0", nullptr);
    });
  }
  in_a_child(exec_of_an_empty_path);
  in_a_child(make_strange_paths);
  in_a_child([&] { open_on_two_cpus(directory); });
  in_a_child([&] { make_requests(directory + "/file"); });
  in_a_child([&] {
    Low low;
    call32("rename", low.text(directory + "/none"), low.text(directory + "/other"));
    call32("close", 999);
    call32("fanotify_mark", -1, 1, 1, 0, AT_FDCWD, low.text(directory + "/file"));
  });
  in_a_child([&] { use_strange_names(directory); });
}

// What was seen of everything that a record can have.
struct Seen {
  std::set<int> kinds, sections, text_statuses, name_kinds, shapes;
  std::size_t records = 0, moved = 0;
};

constexpr auto kPoison = static_cast<char>(IOR_POISON);

bool has_poison(std::string_view bytes) {
  return bytes.contains(kPoison);
}

// Four bytes of the pattern in a row are no accident.
bool has_much_poison(std::string_view bytes) {
  return bytes.contains(std::string(4, kPoison));
}

void check_text(const Text& text, Seen& seen, bool is_binary = false) {
  seen.text_statuses.insert(text.status);
  EXPECT_FALSE(!is_binary && has_poison(text.bytes)) << text.bytes;
  for (std::size_t i = text.bytes.size(); i % 8 != 0; ++i) {
    EXPECT_EQ(text.bytes.data()[i], 0) << "behind " << std::string_view(text.bytes);
  }
  ior_text head;
  std::memcpy(&head, text.bytes.data() - sizeof(head), sizeof(head));
  EXPECT_LE(head.link, head.size);
}

void check_call(const WireRecord& record, Seen& seen) {
  for (int bit = 0; bit < 16; ++bit) {
    if (record.has(1u << bit)) seen.sections.insert(1 << bit);
  }
  if (const Syscall* row = find_syscall(record.nr(), record.table())) {
    seen.shapes.insert(row->shape);
  }
  if (record.has(IOR_TEXT)) check_text(record.path(), seen);
  if (record.has(IOR_TEXT_OTHER)) check_text(record.old_path(), seen);
  if (record.has(IOR_TEXT_NAME)) check_text(record.inline_text(), seen);
  if (record.has(IOR_ADDRESS)) check_text(record.address(), seen, true);
  if (const ior_intro* intro = record.intro()) {
    EXPECT_FALSE(has_poison({intro->comm, IOR_COMM_SIZE}));
  }
}

void check(std::span<const std::byte> bytes, Seen& seen) {
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  EXPECT_FALSE(has_much_poison(all)) << "in a record of kind " << int{all[0]};
  const auto record = decode_record(bytes);
  ASSERT_TRUE(record) << "of kind " << int{all[0]};
  ++seen.records;
  seen.kinds.insert(record->kind());
  if (record->kind() == IOR_RECORD_NAME) {
    seen.name_kinds.insert(static_cast<int>(record->name().name_kind));
    check_text(record->name_text(), seen, record->name().name_kind == IOR_NAME_SOCKET);
  } else if (record->kind() == IOR_RECORD_PROCESS) {
    check_text(record->executable(), seen);
    check_text(record->command_line(), seen);
    check_text(record->cgroup(), seen);
  } else if (record->kind() != IOR_RECORD_END) {
    check_call(*record, seen);
  }
}

void check_rings(RingSource& rings, Seen& seen) {
  for (std::size_t ring = 0; ring < rings.ring_count(); ++ring) {
    std::vector<std::byte> bytes;
    rings.consume(ring, rings.produced(ring), ~std::size_t{0}, bytes);
    RingRecords records(bytes);
    while (const auto record = records.next()) {
      if (ring >= rings.ring_count() / 2) ++seen.moved;
      check(*record, seen);
    }
  }
}

class Poison : public testing::TestWithParam<bool> {};

TEST_P(Poison, is_in_no_byte_of_any_record) {
  const TempDir directory;
  ::close(make_file(directory.file("file")));
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe2(go.data(), O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char byte;
    must(::read(go[0], &byte, 1) == 1);
    must(::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO) == STDOUT_FILENO);
    make_calls(directory.path());
    ::_exit(0);
  }
  SessionSettings settings;
  settings.target_tgid = static_cast<std::uint32_t>(child);
  settings.follow = true;
  settings.arguments = GetParam();
  settings.poison = true;
  settings.selected.fill(true);
  auto session = Session::load(settings);
  ASSERT_TRUE(session) << session.error().message;
  ASSERT_TRUE(session->attach());
  ASSERT_EQ(::write(go[1], "x", 1), 1);
  Seen seen;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) check_rings(session->rings(), seen);
  EXPECT_EQ(status, 0);
  session->detach();
  check_rings(session->rings(), seen);
  EXPECT_THAT(seen.kinds, IsSupersetOf({1, 2, 3, 4, 5}));
  EXPECT_THAT(seen.sections,
              IsSupersetOf({IOR_FILE, IOR_OTHER, IOR_INTRO, IOR_TEXT, IOR_TEXT_OTHER, IOR_TEXT_NAME,
                            IOR_WHOLE, IOR_NO_RETURN, IOR_COMPAT, IOR_REQUEST, IOR_AIO}));
  EXPECT_EQ(seen.sections.contains(IOR_ADDRESS), GetParam());
  EXPECT_THAT(seen.text_statuses, IsSupersetOf({IOR_TEXT_OK, IOR_TEXT_NULL, IOR_TEXT_FAULT,
                                                IOR_TEXT_TOO_LONG, IOR_TEXT_UNREAD}));
  EXPECT_THAT(seen.name_kinds, IsSupersetOf({IOR_NAME_PATH, IOR_NAME_DELETED, IOR_NAME_PSEUDO,
                                             IOR_NAME_TOO_LONG, IOR_NAME_SOCKET}));
  EXPECT_EQ(seen.shapes.size(), static_cast<std::size_t>(IOR_SHAPE_COUNT));
  EXPECT_GT(seen.records, 1000u);
  EXPECT_GT(seen.moved, 0u);
  for (const int end : go) ::close(end);
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutArguments, Poison, testing::Bool());

}  // namespace
}  // namespace ior::e2e
