// ioworkload seen from outside: the built program is run once per scenario of the table, for the
// calls of a family, and with wrong arguments and failing steps, in a private TMPDIR that must be
// empty afterwards.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Outcome {
  int exit_code = -1;  // -1: ended by a signal
  std::string out;
  std::string err;
};

// What a child gets besides its arguments.
struct Surroundings {
  fs::path tmpdir;
  rlim_t max_fds = 0;                   // 0: the limit of the test
  std::vector<int> inherited_fds = {};  // open in the child, as copies of its stdout
};

// Runs ioworkload with its stdout and stderr in pipes; ends it when the test forgets to.
class Child {
 public:
  Child(const std::vector<std::string>& args, const Surroundings& surroundings) {
    if (::pipe2(out_.data(), O_CLOEXEC) != 0 || ::pipe2(err_.data(), O_CLOEXEC) != 0) {
      throw std::runtime_error(std::string("pipe2: ") + std::strerror(errno));
    }
    std::vector<std::string> words = {IOR_WORKLOAD_BIN};
    words.insert(words.end(), args.begin(), args.end());
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
    if (pid_ == 0) become(words, surroundings);
    ::close(out_[1]);
    ::close(err_[1]);
  }

  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(out_[0]);
    ::close(err_[0]);
  }

  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }

  std::string read_line() {
    std::string line;
    for (char c = 0; ::read(out_[0], &c, 1) == 1 && c != '\n';) line += c;
    return line;
  }

  Outcome finish() {
    Outcome outcome;
    outcome.out = drain(out_[0]);
    outcome.err = drain(err_[0]);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
    return outcome;
  }

 private:
  [[noreturn]] void become(std::vector<std::string>& words, const Surroundings& surroundings) {
    ::dup2(out_[1], STDOUT_FILENO);
    ::dup2(err_[1], STDERR_FILENO);
    for (const int fd : surroundings.inherited_fds) ::dup2(STDOUT_FILENO, fd);
    ::setenv("TMPDIR", surroundings.tmpdir.c_str(), 1);
    if (surroundings.max_fds != 0) {
      const rlimit limit{surroundings.max_fds, surroundings.max_fds};
      ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }

  static std::string drain(int fd) {
    std::string text;
    std::array<char, 4096> chunk{};
    for (ssize_t bytes = 0; (bytes = ::read(fd, chunk.data(), chunk.size())) > 0;) {
      text.append(chunk.data(), static_cast<std::size_t>(bytes));
    }
    return text;
  }

  std::array<int, 2> out_{};
  std::array<int, 2> err_{};
  pid_t pid_ = -1;
};

Outcome run(const std::vector<std::string>& args, const Surroundings& surroundings) {
  return Child(args, surroundings).finish();
}

std::vector<std::string> split_lines(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The distinct names of the table's first column, in order; a name's rows are neighbours.
std::vector<std::string> scenarios_of_the_table() {
  std::ifstream table(IOR_SCENARIOS_TSV);
  std::vector<std::string> names;
  for (std::string line; std::getline(table, line);) {
    const std::string name = line.substr(0, line.find('\t'));
    const bool is_row = !line.empty() && line.front() != '#' && name != "scenario";
    if (is_row && (names.empty() || names.back() != name)) names.push_back(name);
  }
  return names;
}

bool may_open_by_handle() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return false;
  return (data[CAP_TO_INDEX(CAP_DAC_READ_SEARCH)].effective & CAP_TO_MASK(CAP_DAC_READ_SEARCH)) !=
         0;
}

class WorkloadTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "workload_test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr) << std::strerror(errno);
    tmpdir_ = pattern;
  }

  void TearDown() override {
    if (!tmpdir_.empty()) fs::remove_all(tmpdir_);
  }

  void expect_nothing_left() const { EXPECT_TRUE(fs::is_empty(tmpdir_)); }

  fs::path tmpdir_;
};

class WorkloadScenarioTest : public WorkloadTest,
                             public testing::WithParamInterface<std::string> {};

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}

INSTANTIATE_TEST_SUITE_P(Workload, WorkloadScenarioTest,
                         testing::ValuesIn(scenarios_of_the_table()), test_name);

TEST_P(WorkloadScenarioTest, PrintsItsPidSucceedsAndLeavesNothingBehind) {
  Child child({"--scenario=" + GetParam(), "--delay-ms", "0"}, {tmpdir_});
  const std::string pid_line = std::to_string(child.pid()) + "\n";
  const Outcome outcome = child.finish();
  EXPECT_EQ(outcome.out, pid_line);
  expect_nothing_left();
  if (GetParam() == "open-by-handle-at" && !may_open_by_handle()) {
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_NE(outcome.err.find("CAP_DAC_READ_SEARCH"), std::string::npos) << outcome.err;
    return;
  }
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
}

TEST_P(WorkloadScenarioTest, PutsItsNameIntoThatOfItsDirectory) {
  const Outcome outcome = run({"--scenario", GetParam(), "--delay-ms", "0"}, {tmpdir_ / "missing"});
  EXPECT_EQ(outcome.exit_code, 1);
  const std::string directory = (tmpdir_ / "missing" / ("ioworkload-" + GetParam() + "-")).string();
  EXPECT_NE(outcome.err.find(directory), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find(std::strerror(ENOENT)), std::string::npos) << outcome.err;
}

TEST_F(WorkloadTest, CallsOfAFamilyLeaveOnlyWhatToExpectOfThem) {
  const fs::path file = tmpdir_ / "expected.jsonl";
  const Outcome outcome =
      run({"--calls=Polling", "--delay-ms=0", "--expect=" + file.string()}, {tmpdir_});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(split_lines(outcome.out).size(), 1U) << "its PID";
  std::ifstream in(file);
  std::string line;
  ASSERT_TRUE(std::getline(in, line));
  EXPECT_NE(line.find(R"("exercise":"poll")"), std::string::npos) << line;
  fs::remove(file);
  expect_nothing_left();
}

TEST_F(WorkloadTest, ListIsTheTablesScenariosInTheirOrder) {
  const Outcome outcome = run({"--list"}, {tmpdir_});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(split_lines(outcome.out), scenarios_of_the_table());
  EXPECT_EQ(split_lines(outcome.out).size(), 39U);
}

TEST_F(WorkloadTest, HelpNamesTheOptions) {
  const Outcome outcome = run({"--help"}, {tmpdir_});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* option :
       {"--scenario", "--calls", "--expect", "--delay-ms", "--list", "--help"}) {
    EXPECT_NE(outcome.out.find(option), std::string::npos) << option;
  }
}

TEST_F(WorkloadTest, WrongArgumentsExitWith2AndPointToTheList) {
  const std::vector<std::vector<std::string>> mistakes = {
      {},
      {"--scenario", "no-such-scenario"},
      {"--scenario="},
      {"--scenario"},
      {"open-basic"},
      {"--no-such-option"},
      {"--scenario", "open-basic", "--delay-ms", "soon"},
      {"--scenario", "open-basic", "--delay-ms", "-1"},
      {"--scenario", "open-basic", "--delay-ms", "4294967296"},
      {"--scenario", "open-basic", "--scenario", "open-creat"},
      {"--scenario", "open-basic", "--list"},
      {"--scenario", "open-basic", "--calls", "FS"},
      {"--scenario", "open-basic", "--expect", "file"},
      {"--calls", "no-such-family"},
      {"--calls", "FS", "--list"},
  };
  for (const auto& args : mistakes) {
    SCOPED_TRACE(testing::PrintToString(args));
    const Outcome outcome = run(args, {tmpdir_});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(split_lines(outcome.err).size(), 1U) << outcome.err;
    EXPECT_NE(outcome.err.find("--list"), std::string::npos) << outcome.err;
  }
  expect_nothing_left();
}

TEST_F(WorkloadTest, UnknownScenarioIsNamedInTheMessage) {
  const Outcome outcome = run({"--scenario", "no-such-scenario"}, {tmpdir_});
  EXPECT_NE(outcome.err.find("'no-such-scenario'"), std::string::npos) << outcome.err;
}

TEST_F(WorkloadTest, FailingStepIsNamedInOneLineAndCleanedUp) {
  Surroundings too_few_fds{tmpdir_};
  too_few_fds.max_fds = 100;
  const Outcome outcome = run({"--scenario", "dup-dup2", "--delay-ms", "0"}, too_few_fds);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(split_lines(outcome.err).size(), 1U) << outcome.err;
  EXPECT_NE(outcome.err.find("dup2(fd 500)"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find(std::strerror(EBADF)), std::string::npos) << outcome.err;
  expect_nothing_left();
}

TEST_F(WorkloadTest, CloseRangeFindsContiguousFdsAmongInheritedOnes) {
  Surroundings holes{tmpdir_};
  holes.inherited_fds = {4, 6};
  const Outcome outcome = run({"--scenario", "close-range", "--delay-ms", "0"}, holes);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  expect_nothing_left();
}

TEST_F(WorkloadTest, PidIsFlushedBeforeTheWaitAndTheDirectoryMadeAfterIt) {
  Child child({"--scenario", "open-basic", "--delay-ms", "600000"}, {tmpdir_});
  EXPECT_EQ(child.read_line(), std::to_string(child.pid()));
  expect_nothing_left();
}

TEST_F(WorkloadTest, RunTakesAtLeastTheDelay) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(run({"--scenario", "open-basic", "--delay-ms", "200"}, {tmpdir_}).exit_code, 0);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(200));
}

}  // namespace
