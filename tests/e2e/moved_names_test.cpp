// Names of files whose directories move without a call that tells, or while their names are read.
// What must be shown is what /proc/self/fd says at the same moment.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <set>
#include <thread>

#include "tests/e2e/fuse_server.hpp"
#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

// What a traced child saw, for the test to compare with.
class Notes {
 public:
  Notes()
      : shared_(new (::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Shared{}) {}
  ~Notes() { ::munmap(shared_, sizeof(Shared)); }
  Notes(const Notes&) = delete;
  Notes& operator=(const Notes&) = delete;

  // A call of its own size on the file, and what its name is.
  void use(int fd) {
    const std::size_t size = 101 + shared_->count;
    (void)!::pwrite(fd, bytes_.data(), size, 0);
    add("pwrite64," + std::to_string(size) + ",", "/proc/self/fd/" + std::to_string(fd), "");
  }

  // A call with a path that starts at the working directory, and what that is.
  void use_working_directory() {
    const std::string name = "none" + std::to_string(shared_->count);
    ::syscall(SYS_access, name.c_str(), F_OK);
    add("access,-2,", "/proc/self/cwd", "/" + name);
  }

  // The ends of the rows that there must be.
  std::vector<std::string> rows() const {
    std::vector<std::string> wanted;
    for (std::size_t i = 0; i < shared_->count; ++i) wanted.emplace_back(shared_->rows[i].data());
    return wanted;
  }

 private:
  struct Shared {
    std::size_t count = 0;
    std::array<std::array<char, 600>, 32> rows{};
  };

  void add(const std::string& call, const std::string& link, const std::string& rest) {
    std::array<char, 500> name{};
    (void)!::readlink(link.c_str(), name.data(), name.size() - 1);
    (call + name.data() + rest).copy(shared_->rows[shared_->count++].data(), 599);
  }

  Shared* shared_;
  std::array<char, 256> bytes_{};
};

void stay_on_one_cpu() {
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  ::sched_setaffinity(0, sizeof(first), &first);
}

void must(bool holds) {
  if (!holds) ::_exit(6);
}

int make_file(const std::string& path) {
  return ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
}

void leave_for_own_mounts() {
  must(::unshare(CLONE_NEWNS) == 0 &&
       ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
}

void look_up(const std::string& path) {
  struct stat status {};
  ::stat(path.c_str(), &status);
}

// Traces the work and looks for the row of each of its notes, of which as many must differ.
void expect_rows_of(const std::function<void(Notes&)>& work, std::size_t different) {
  Notes notes;
  const Traced traced = trace_child(
      [&] {
        stay_on_one_cpu();
        work(notes);
      },
      {"-plain", "-trace-syscalls", "pwrite64,access"});
  std::set<std::string> files;
  for (const std::string& row : notes.rows()) {
    files.insert(row.substr(row.find('/')));
    EXPECT_TRUE(std::ranges::any_of(traced.rows,
                                    [&](const std::string& seen) { return seen.ends_with(row); }))
        << "no row ends in " << row << "\n"
        << testing::PrintToString(traced.rows);
  }
  EXPECT_EQ(files.size(), different) << testing::PrintToString(notes.rows());
}

// A client of a server: client/dir/sub/file, client/other.
class MovedNames : public testing::Test {
 protected:
  MovedNames() : point_(made(directory_.file("client"))), server_(point_) {
    dir_ = server_.add_directory(FuseServer::kRoot, "dir");
    other_ = server_.add_directory(FuseServer::kRoot, "other");
    sub_ = server_.add_directory(dir_, "sub");
    file_ = server_.add_file(sub_, "file");
  }

  static std::string made(const std::string& path) {
    ::mkdir(path.c_str(), 0700);
    return path;
  }
  std::string at(const std::string& path) const { return point_ + "/" + path; }

  TempDir directory_;
  std::string point_;
  FuseServer server_;
  std::uint64_t dir_, other_, sub_, file_;
};

TEST_F(MovedNames, a_directory_that_the_server_renames) {
  expect_rows_of(
      [&](Notes& notes) {
        const int fd = ::open(at("dir/sub/file").c_str(), O_RDWR);
        notes.use(fd);
        server_.node(dir_).rename("moved");
        notes.use(fd);  // the kernel does not know yet
        look_up(at("moved/sub"));
        notes.use(fd);
        server_.node(dir_).rename("again");
        look_up(at("again"));
        notes.use(fd);
      },
      3);
}

TEST_F(MovedNames, a_directory_that_the_server_moves_to_another_one) {
  expect_rows_of(
      [&](Notes& notes) {
        const int fd = ::open(at("dir/sub/file").c_str(), O_RDWR);
        notes.use(fd);
        server_.node(dir_).parent = other_;
        look_up(at("other/dir"));
        notes.use(fd);
        server_.node(sub_).parent = FuseServer::kRoot;
        look_up(at("sub"));
        notes.use(fd);
      },
      3);
}

TEST_F(MovedNames, files_and_directories_that_the_server_exchanges) {
  const auto second = server_.add_file(sub_, "second");
  const auto other_sub = server_.add_directory(other_, "sub");
  server_.add_file(other_sub, "third");
  expect_rows_of(
      [&](Notes& notes) {
        const int fd = ::open(at("dir/sub/file").c_str(), O_RDWR);
        const int third = ::open(at("other/sub/third").c_str(), O_RDWR);
        notes.use(fd);
        notes.use(third);
        server_.node(dir_).rename("other");
        server_.node(other_).rename("dir");
        look_up(at("dir/sub"));
        look_up(at("other/sub"));
        notes.use(fd);
        notes.use(third);
        server_.node(file_).rename("second");
        server_.node(second).rename("file");
        look_up(at("other/sub/file"));
        look_up(at("other/sub/second"));
        notes.use(fd);
      },
      5);
}

TEST_F(MovedNames, a_working_directory_that_the_server_renames) {
  expect_rows_of(
      [&](Notes& notes) {
        must(::chdir(at("dir/sub").c_str()) == 0);
        notes.use_working_directory();
        server_.node(dir_).rename("moved");
        look_up(at("moved/sub"));
        notes.use_working_directory();
      },
      2);
}

TEST_F(MovedNames, a_local_file_system_below_a_directory_that_the_server_renames) {
  expect_rows_of(
      [&](Notes& notes) {
        leave_for_own_mounts();
        must(::mount("tmpfs", at("dir/sub").c_str(), "tmpfs", 0, nullptr) == 0);
        ::mkdir(at("dir/sub/deep").c_str(), 0700);
        const int fd = make_file(at("dir/sub/deep/file"));
        notes.use(fd);
        server_.node(dir_).rename("moved");
        look_up(at("moved"));
        notes.use(fd);
      },
      2);
}

TEST_F(MovedNames, a_mount_whose_place_the_server_removes) {
  expect_rows_of(
      [&](Notes& notes) {
        leave_for_own_mounts();
        must(::mount("tmpfs", at("dir/sub").c_str(), "tmpfs", 0, nullptr) == 0);
        const int fd = make_file(at("dir/sub/file"));
        notes.use(fd);
        server_.node(dir_).parent = 0;
        look_up(at("dir/sub"));
        notes.use(fd);
      },
      2);
}

// Nobody makes a mount call: a directory that is a mount point in one mount namespace is removed in
// another one.
TEST(MovedMounts, vanish_where_another_namespace_removes_their_place) {
  const TempDir directory;
  const std::string point = directory.file("point");
  ::mkdir(point.c_str(), 0700);
  expect_rows_of(
      [&](Notes& notes) {
        std::array<int, 2> go{};
        must(::pipe(go.data()) == 0);
        const pid_t elsewhere = ::fork();
        if (elsewhere == 0) {
          char byte;
          ::close(go[1]);
          ::_exit(::read(go[0], &byte, 1) == 0 && ::rmdir(point.c_str()) == 0 ? 0 : 1);
        }
        leave_for_own_mounts();
        must(::mount("tmpfs", point.c_str(), "tmpfs", 0, nullptr) == 0);
        ::mkdir((point + "/inner").c_str(), 0700);
        must(::mount("tmpfs", (point + "/inner").c_str(), "tmpfs", 0, nullptr) == 0);
        const int fd = make_file(point + "/file");
        const int inner = make_file(point + "/inner/file");
        notes.use(fd);
        notes.use(inner);
        ::close(go[1]);
        int status = 1;
        ::waitpid(elsewhere, &status, 0);
        must(status == 0);
        notes.use(fd);
        notes.use(inner);
      },
      4);
}

// A thread renames a file, then a directory far above it, in turn, between names that lie in their
// dentries and names that do not, so that only some pairs of the two ever are.
TEST(MovedWhileRead, have_a_name_that_was_theirs) {
  const TempDir directory;
  const std::array<std::string, 3> names = {"n0", "n1" + std::string(180, 'n'), "n2"};
  const std::array<std::string, 3> tops = {directory.file("d0"), directory.file("d1"),
                                           directory.file("d2" + std::string(200, 'd'))};
  std::string between;
  for (int i = 0; i < 900; ++i) between += "/b";
  std::filesystem::create_directories(tops[0] + between);
  const Traced traced = trace_child(
      [&] {
        const int fd = make_file(tops[0] + between + "/" + names[0]);
        const int above = ::open((tops[0] + between).c_str(), O_RDONLY | O_DIRECTORY);
        std::atomic<bool> renamed = false;
        std::thread renamer([&] {
          for (int i = 0; i < 3'001; ++i) {
            ::renameat(above, names[i % 3].c_str(), above, names[(i + 1) % 3].c_str());
            ::rename(tops[i % 3].c_str(), tops[(i + 1) % 3].c_str());
            for (volatile int pause = 0; pause < 800'000;) pause = pause + 1;
          }
          renamed = true;
        });
        while (!renamed) {
          ::rename("", "");  // names are made anew after each such call
          (void)!::pwrite(fd, "x", 1, 0);
        }
        renamer.join();
      },
      {"-trace-syscalls", "pwrite64"});
  const std::string changing = "[unknown: name was being changed]";
  std::set<std::string> possible = {changing};
  for (int i = 0; i < 3; ++i) {
    possible.insert(tops[i] + between + "/" + names[i]);
    possible.insert(tops[i] + between + "/" + names[(i + 1) % 3]);
  }
  for (const auto& record : traced.records)
    EXPECT_TRUE(possible.contains(record["path"])) << record;
  const auto all = sum_of(traced.records, "enter_pwrite64").count;
  EXPECT_GT(all, 1'000u);
  EXPECT_LT(sum_of(traced.records, "enter_pwrite64", changing).count, all / 10);
}

}  // namespace
}  // namespace ior::e2e
