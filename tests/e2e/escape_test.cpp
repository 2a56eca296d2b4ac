// Names that would drive a terminal: escaped there and in tables, exact in pipes and files.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/unique_fd.hpp"
#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kName =
    "evil\x1b]0;x\x07\x9b"
    "31m\u202e\nior: lost: 0 calls\\";
const std::string kShown = "evil\\x1b]0;x\\x07\\x9b31m\\xe2\\x80\\xae\\x0aior: lost: 0 calls\\\\";

// All that the program, in that directory, prints on a terminal.
std::string on_terminal(const std::vector<std::string>& command_line,
                        const std::string& directory) {
  const UniqueFd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  EXPECT_TRUE(terminal && ::grantpt(terminal.get()) == 0 && ::unlockpt(terminal.get()) == 0);
  UniqueFd end(::open(::ptsname(terminal.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios raw{};
  EXPECT_EQ(::tcgetattr(end.get(), &raw), 0);
  ::cfmakeraw(&raw);
  EXPECT_EQ(::tcsetattr(end.get(), TCSANOW, &raw), 0);
  std::vector<char*> arguments;
  for (const auto& word : command_line) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(end.get(), STDOUT_FILENO);
    ::dup2(end.get(), STDERR_FILENO);
    if (::chdir(directory.c_str()) == 0) ::execvp(arguments[0], arguments.data());
    ::_exit(126);
  }
  end.reset();
  std::string shown;
  std::array<char, 4096> piece;
  for (ssize_t size = 0; (size = ::read(terminal.get(), piece.data(), piece.size())) > 0;) {
    shown.append(piece.data(), static_cast<std::size_t>(size));
  }
  ::waitpid(pid, nullptr, 0);
  return shown;
}

class Escaping : public testing::Test {
 protected:
  // Options to trace a program that makes calls with the name.
  std::vector<std::string> trace(std::vector<std::string> options) {
    options.insert(options.begin(), {IOR_BIN, "-path", "evil"});
    options.insert(options.end(), {"--", "test", "-e", kName});
    return options;
  }
  const TempDir directory_;
};

TEST_F(Escaping, rows_are_safe_on_a_terminal_and_exact_elsewhere) {
  const auto exact = kName + "\"\n";
  EXPECT_THAT(on_terminal(trace({"-plain"}), directory_.path()), HasSubstr(kShown + "\n"));
  EXPECT_THAT(on_terminal(trace({"-plain"}), directory_.path()), Not(HasSubstr("\x1b")));
  EXPECT_THAT(on_terminal(trace({"-plain", "-escape", "never"}), directory_.path()),
              HasSubstr(exact));
  EXPECT_THAT(run(trace({"-plain"}), directory_.path()).out, HasSubstr(exact));
  EXPECT_THAT(run(trace({"-plain", "-escape", "always"}), directory_.path()).out,
              HasSubstr(kShown + "\n"));
}

TEST_F(Escaping, tables_are_safe_wherever_they_go) {
  EXPECT_THAT(run(trace({}), directory_.path()).err, HasSubstr(kShown + "\n"));
  EXPECT_THAT(run(trace({"-escape", "never"}), directory_.path()).err, HasSubstr(kName + "\n"));
  ASSERT_EQ(run(trace({"-flamegraph"}), directory_.path()).exit_code, 1) << "test finds no file";
  const std::string file = recording_in(directory_.path());
  EXPECT_THAT(run({IOR_BIN, "report", file}, directory_.path()).out, HasSubstr(kShown + "\n"));
  EXPECT_THAT(run({IOR_BIN, "report", "-escape", "never", file}, directory_.path()).out,
              HasSubstr(kName + "\n"));
  EXPECT_THAT(run({IOR_BIN, "collapsed", "-fields", "path", file}, directory_.path()).out,
              HasSubstr("\\x1b]0\\x3bx\\x07\\x9b31m\\xe2\\x80\\xae\\x0aior: lost: 0 calls\\\\ "));
  EXPECT_THAT(run({IOR_BIN, "export", file}, directory_.path()).out, HasSubstr("\u202e"));
  EXPECT_THAT(on_terminal({IOR_BIN, "export", file}, directory_.path()), HasSubstr("\\u202e"));
}

TEST_F(Escaping, messages_are_safe_on_a_terminal_and_exact_elsewhere) {
  for (const std::vector<std::string>& command_line :
       {std::vector<std::string>{IOR_BIN, "report", kName},
        {IOR_BIN, "collapsed", kName},
        {IOR_BIN, "export", kName},
        {IOR_BIN, kName},
        {IOR_BIN, "-" + kName},
        {IOR_BIN, "-pid", kName},
        {IOR_BIN, "-tps", "(" + kName},
        {IOR_BIN, "-trace-syscalls", kName},
        {IOR_BIN, "syscalls", kName},
        {IOR_BIN, "--", kName}}) {
    SCOPED_TRACE(testing::PrintToString(command_line));
    const std::string shown = on_terminal(command_line, directory_.path());
    EXPECT_THAT(shown, HasSubstr(kShown));
    EXPECT_THAT(shown, testing::MatchesRegex("ior: [^\n]*\n"));
    const Finished finished = run(command_line, directory_.path());
    EXPECT_EQ(finished.exit_code, 2);
    EXPECT_THAT(finished.err, HasSubstr(kName));
  }
}

}  // namespace
}  // namespace ior::e2e
