#include "sinks/recording_writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "sinks/recording_reader.hpp"
#include "tests/sinks/recordings.hpp"
#include "tests/sinks/temp_dir.hpp"
#include "tests/support/denied_calls.hpp"

namespace ior {
namespace {

using test::DeniedCall;
using test::encoded;
using test::small_recording;
using test::TempDir;
using Names = std::vector<std::string>;

constexpr std::time_t kStart_s = 1'700'000'000;  // 2023-11-14 22:13:20 UTC
constexpr uid_t kNobody = 65534;

// All tests know their time zone: two hours east of Greenwich.
class RecordingWriter : public testing::Test {
 protected:
  RecordingWriter() {
    ::setenv("TZ", "EAST-2", 1);
    ::tzset();
  }

  Result<RecordingFile> create(std::string_view name = "run", const FileAccess& access = {}) const {
    return RecordingFile::create(directory_.path(), "earth", name, kStart_s, access);
  }

  std::string commit(const Recording& recording, const FileAccess& access = {}) const {
    Result<RecordingFile> file = create("run", access);
    if (!file) return file.error().message;
    const Result<std::string> path = file->commit(recording);
    return path ? *path : path.error().message;
  }

  TempDir directory_;
};

// File permissions hold for root only after it has put its user aside.
class OrdinaryUser {
 public:
  OrdinaryUser() : was_(::geteuid()) {
    if (was_ == 0 && ::seteuid(kNobody) != 0) throw std::runtime_error("seteuid");
  }
  ~OrdinaryUser() {
    if (::seteuid(was_) != 0) std::abort();
  }

 private:
  uid_t was_;
};

// What a child process, of which these calls fail, says.
int in_child(const std::vector<DeniedCall>& denied, const std::function<bool()>& ask) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (const DeniedCall& call : denied) test::deny(call);
    ::_exit(ask() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// No file may grow beyond the limit while this lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &was_);
    const rlimit limit{bytes, was_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &was_); }

 private:
  rlimit was_{};
};

TEST_F(RecordingWriter, the_name_is_made_of_host_name_and_local_time) {
  EXPECT_EQ(commit(small_recording()),
            directory_.path() + "/earth-run-2023-11-15_00:13:20.ior.zst");
  EXPECT_EQ(directory_.names(), Names{"earth-run-2023-11-15_00:13:20.ior.zst"});
}

TEST_F(RecordingWriter, the_current_directory_does_not_show_in_the_path) {
  const std::string was = std::filesystem::current_path();
  std::filesystem::current_path(directory_.path());
  Result<RecordingFile> file = RecordingFile::create(".", "earth", "run", kStart_s);
  ASSERT_TRUE(file) << file.error().message;
  std::filesystem::current_path(was);
  const Result<std::string> path = file->commit(small_recording());
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(*path, "earth-run-2023-11-15_00:13:20.ior.zst");
  EXPECT_EQ(directory_.names(), Names{*path});
}

TEST_F(RecordingWriter, the_file_reads_back_and_passes_the_zstd_tool) {
  const std::string path = commit(small_recording());
  const Result<Recording> recording = read_recording(path);
  ASSERT_TRUE(recording) << recording.error().message;
  EXPECT_EQ(encoded(*recording), encoded(small_recording()));
  EXPECT_EQ(std::system(("zstd -q -t '" + path + "'").c_str()), 0);
}

TEST_F(RecordingWriter, the_file_has_its_permissions_whatever_the_umask) {
  const struct {
    mode_t umask;
    mode_t mode;
  } kCases[] = {{0, 0600}, {0777, 0600}, {077, 0644}, {022, 0666}, {0, 0}};
  for (const auto& [umask, mode] : kCases) {
    const mode_t was = ::umask(umask);
    const std::string path = commit(small_recording(), {.mode = mode});
    ::umask(was);
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0) << path;
    EXPECT_EQ(status.st_mode & 07777, mode);
    EXPECT_EQ(status.st_uid, ::geteuid());
  }
}

TEST_F(RecordingWriter, the_file_belongs_to_whom_it_is_given) {
  const bool is_root = ::geteuid() == 0;
  const FileAccess access{.user = is_root ? kNobody : ::geteuid(),
                          .group = is_root ? kNobody : ::getegid()};
  const std::string path = commit(small_recording(), access);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0) << path;
  EXPECT_EQ(status.st_uid, access.user);
  EXPECT_EQ(status.st_gid, access.group);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST_F(RecordingWriter, a_file_system_that_keeps_other_permissions_is_found_at_once) {
  EXPECT_EQ(in_child({{SYS_fchmod, 0, 0, 0, EPERM}},
                     [this] {
                       const Result<RecordingFile> file = create("run", {.mode = 0640});
                       return !file && file.error().message.contains("with -mode 0600");
                     }),
            1);
  EXPECT_EQ(directory_.names(), Names());
}

TEST_F(RecordingWriter, files_without_a_name_are_not_needed) {
  EXPECT_EQ(in_child({{SYS_openat, 2, O_TMPFILE, O_TMPFILE, EOPNOTSUPP}},
                     [this] {
                       Result<RecordingFile> file = create("run", {.mode = 0640});
                       return file && directory_.names().empty() && file->commit(small_recording());
                     }),
            1);
  EXPECT_EQ(directory_.names(), Names{"earth-run-2023-11-15_00:13:20.ior.zst"});
  const std::string path = directory_.path() + "/" + directory_.names().at(0);
  EXPECT_TRUE(read_recording(path));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0) << path;
  EXPECT_EQ(status.st_mode & 07777, 0640u);
}

TEST_F(RecordingWriter, a_file_gets_its_name_in_whatever_way_there_is) {
  using Denied = std::vector<DeniedCall>;
  for (const Denied& denied :
       {Denied{{SYS_linkat, 4, AT_EMPTY_PATH, AT_EMPTY_PATH, ENOENT}},
        Denied{{SYS_linkat, 4, AT_SYMLINK_FOLLOW, AT_SYMLINK_FOLLOW, ENOENT}},
        Denied{{SYS_linkat, 0, 0, 0, EPERM}},
        Denied{{SYS_openat, 2, O_TMPFILE, O_TMPFILE, EISDIR},
               {SYS_renameat2, 4, RENAME_NOREPLACE, RENAME_NOREPLACE, EINVAL}}}) {
    const std::size_t before = directory_.names().size();
    EXPECT_EQ(in_child(denied, [this] { return create()->commit(small_recording()).has_value(); }),
              1);
    EXPECT_EQ(directory_.names().size(), before + 1);
  }
  for (const std::string& name : directory_.names()) {
    EXPECT_TRUE(read_recording(directory_.path() + "/" + name)) << name;
  }
}

TEST_F(RecordingWriter, nothing_is_left_where_no_name_can_be_given) {
  EXPECT_EQ(in_child({{SYS_linkat, 0, 0, 0, EPERM}, {SYS_renameat2, 0, 0, 0, EPERM}},
                     [this] { return create()->commit(small_recording()).has_value(); }),
            0);
  EXPECT_EQ(directory_.names(), Names());
}

TEST_F(RecordingWriter, a_name_that_exists_gets_a_number) {
  commit(small_recording());
  const std::string first = test::read_file(directory_.path() + "/" + directory_.names().at(0));
  commit(Recording());
  commit(Recording());
  EXPECT_EQ(directory_.names(), (Names{"earth-run-2023-11-15_00:13:20-1.ior.zst",
                                       "earth-run-2023-11-15_00:13:20-2.ior.zst",
                                       "earth-run-2023-11-15_00:13:20.ior.zst"}));
  EXPECT_EQ(test::read_file(directory_.path() + "/" + directory_.names().at(2)), first);
}

TEST_F(RecordingWriter, files_committed_at_once_all_get_their_own_name) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([this] { commit(small_recording()); });
  threads.clear();
  EXPECT_EQ(directory_.names().size(), 8);
  for (const std::string& name : directory_.names()) {
    EXPECT_TRUE(read_recording(directory_.path() + "/" + name)) << name;
  }
}

TEST_F(RecordingWriter, what_is_not_committed_has_no_name) {
  const Result<RecordingFile> file = create();
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(directory_.names(), Names());
}

TEST_F(RecordingWriter, a_moved_file_is_still_one_file) {
  Result<RecordingFile> file = create();
  ASSERT_TRUE(file);
  std::optional<RecordingFile> moved(std::move(*file));
  EXPECT_TRUE(moved->commit(small_recording()));
  moved.reset();
  EXPECT_EQ(directory_.names(), Names{"earth-run-2023-11-15_00:13:20.ior.zst"});
}

TEST_F(RecordingWriter, a_directory_that_cannot_be_written_is_found_at_once) {
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0555), 0);
  std::string error = "none";
  {
    const OrdinaryUser user;
    const Result<RecordingFile> file = create();
    if (!file) error = file.error().message;
  }
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
  EXPECT_EQ(error, "cannot create a recording in directory '" + directory_.path() +
                       "': Permission denied: change to a directory that exists and that you may "
                       "write to");
}

TEST_F(RecordingWriter, bad_directories_and_names_are_refused_with_what_to_do) {
  const std::string file = directory_.path() + "/file";
  test::write_file(file, "x");
  const struct {
    std::string directory;
    std::string name;
    const char* error;
  } kCases[] = {
      {directory_.path() + "/none", "run", "No such file or directory: change to"},
      {file, "run", "Not a directory: change to"},
      {directory_.path(), "a/b", "give one without '/'"},
      {directory_.path(), "../x", "give one without '/'"},
      {directory_.path(), "", "-name ''"},
      {directory_.path(), std::string(230, 'n'), "give a shorter -name"},
  };
  for (const auto& [directory, name, error] : kCases) {
    const Result<RecordingFile> created = RecordingFile::create(directory, "earth", name, kStart_s);
    ASSERT_FALSE(created) << name;
    EXPECT_NE(created.error().message.find(error), std::string::npos) << created.error().message;
  }
  EXPECT_EQ(directory_.names(), Names{"file"});
}

TEST_F(RecordingWriter, a_slash_in_the_name_of_the_host_makes_no_directory) {
  Result<RecordingFile> file = RecordingFile::create(directory_.path(), "a/b", "run", kStart_s);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE(file->commit(small_recording()));
  EXPECT_EQ(directory_.names(), Names{"a_b-run-2023-11-15_00:13:20.ior.zst"});
}

TEST_F(RecordingWriter, a_write_that_fails_is_an_error_and_leaves_nothing) {
  Recording recording = small_recording();
  std::mt19937 random(4);
  std::string noise(400'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  recording.strings.push_back(noise);
  const FileSizeLimit limit(100'000);
  EXPECT_NE(commit(recording).find("File too large"), std::string::npos);
  EXPECT_EQ(directory_.names(), Names());
}

TEST_F(RecordingWriter, a_recording_that_contradicts_itself_leaves_nothing) {
  Recording recording = small_recording();
  ++recording.calls_recorded;
  EXPECT_NE(commit(recording).find("contradicts itself"), std::string::npos);
  EXPECT_EQ(directory_.names(), Names());
}

}  // namespace
}  // namespace ior
