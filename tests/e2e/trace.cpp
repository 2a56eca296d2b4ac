#include "tests/e2e/trace.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <regex>
#include <sstream>
#include <thread>

#include "sinks/recording_reader.hpp"

namespace ior::e2e {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<char*> arguments_of(const std::vector<std::string>& command_line) {
  std::vector<char*> arguments;
  for (const auto& argument : command_line)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  return arguments;
}

void redirect(const std::string& file, int to) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(fd, to);
  ::close(fd);
}

bool wait_for_byte(int fd, std::chrono::seconds limit) {
  fd_set fds;
  FD_ZERO(&fds);
  FD_SET(fd, &fds);
  timeval timeout{limit.count(), 0};
  char byte;
  return ::select(fd + 1, &fds, nullptr, nullptr, &timeout) == 1 && ::read(fd, &byte, 1) == 1;
}

}  // namespace

TempDir::TempDir() {
  std::string name = std::filesystem::temp_directory_path() / "ior-e2e-XXXXXX";
  path_ = ::mkdtemp(name.data());
}

TempDir::~TempDir() {
  std::filesystem::remove_all(path_);
}

Running::Running(const std::vector<std::string>& command_line, const std::string& directory,
                 const std::vector<int>& inherited, const std::function<void()>& before) {
  static int runs = 0;
  const std::string stem =
      directory + "/" + std::to_string(::getpid()) + "." + std::to_string(runs++);
  out_ = stem + ".out";
  err_ = stem + ".err";
  auto arguments = arguments_of(command_line);
  pid_ = ::fork();
  if (pid_ != 0) return;
  redirect(out_, STDOUT_FILENO);
  redirect(err_, STDERR_FILENO);
  for (const int fd : inherited) ::fcntl(fd, F_SETFD, 0);
  before();
  if (::chdir(directory.c_str()) == 0) ::execvp(arguments[0], arguments.data());
  ::_exit(126);
}

void Running::send_signal(int signal) const {
  ::kill(pid_, signal);
}

Finished Running::finish(double seconds) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  Finished finished;
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > limit) {
      finished.hung = true;
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, &status, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  finished.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  finished.out = read_file(out_);
  finished.err = read_file(err_);
  return finished;
}

Finished run(const std::vector<std::string>& command_line, const std::string& directory,
             double seconds) {
  return Running(command_line, directory).finish(seconds);
}

Running start_tracing(std::vector<std::string> options, const std::string& directory) {
  std::array<int, 2> ready{};
  EXPECT_EQ(::pipe2(ready.data(), O_CLOEXEC), 0);
  options.insert(options.begin(), {IOR_BIN, "-ready-fd", std::to_string(ready[1])});
  Running ior(options, directory, {ready[1]});
  ::close(ready[1]);
  EXPECT_TRUE(wait_for_byte(ready[0], std::chrono::seconds(20))) << "ior did not begin to trace";
  ::close(ready[0]);
  return ior;
}

std::string recording_in(const std::string& directory) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().string().ends_with(".ior.zst")) found.push_back(entry.path());
  }
  EXPECT_EQ(found.size(), 1u) << "recordings in " << directory;
  return found.empty() ? "" : found.front();
}

Records export_records(const std::string& recording) {
  const TempDir directory;
  const Finished exported =
      run({IOR_BIN, "export", "--format", "jsonl", recording}, directory.path());
  EXPECT_EQ(exported.exit_code, 0) << exported.err;
  Records records;
  std::istringstream lines(exported.out);
  for (std::string line; std::getline(lines, line);) records.push_back(nlohmann::json::parse(line));
  return records;
}

Traced trace_child(const std::function<void()>& work, std::vector<std::string> options,
                   const std::function<void()>& before) {
  std::array<int, 2> go{};
  EXPECT_EQ(::pipe2(go.data(), O_CLOEXEC), 0);
  Traced traced;
  traced.pid = ::fork();
  if (traced.pid == 0) {
    ::close(go[1]);
    before();
    char byte;
    const bool started = ::read(go[0], &byte, 1) == 1;
    if (started) work();
    ::_exit(started ? 0 : 1);
  }
  ::close(go[0]);
  const TempDir directory;
  const bool plain = std::ranges::find(options, "-plain") != options.end();
  options.insert(options.begin(), {"-pid", std::to_string(traced.pid)});
  if (!plain) options.insert(options.end(), {"-flamegraph", "-name", "e2e"});
  Running ior = start_tracing(options, directory.path());
  EXPECT_EQ(::write(go[1], "x", 1), 1);
  traced.ior = ior.finish(60);
  ::close(go[1]);
  int status = 0;
  ::waitpid(traced.pid, &status, 0);
  EXPECT_EQ(status, 0) << "the traced child failed";
  EXPECT_FALSE(traced.ior.hung) << "ior hung";
  EXPECT_EQ(traced.ior.exit_code, 0) << traced.ior.err;
  EXPECT_EQ(lost_calls(traced.ior.err), 0u) << traced.ior.err;
  if (plain) {
    std::istringstream lines(traced.ior.out);
    for (std::string line; std::getline(lines, line);) traced.rows.push_back(line);
  } else {
    const std::string file = recording_in(directory.path());
    traced.records = export_records(file);
    traced.recording = read_recording(file).value();
  }
  return traced;
}

std::uint64_t figure_in(const nlohmann::json& record, const char* key) {
  return record[key].is_null() ? 0 : record[key].get<std::uint64_t>();
}

Sum sum_of(const Records& records, const std::string& tracepoint, const std::string& path) {
  Sum sum;
  for (const auto& record : records) {
    if (record["tracepoint"] != tracepoint) continue;
    if (!path.empty() && record["path"] != path && record["old_path"] != path) continue;
    ++sum.records;
    sum.count += record["count"].get<std::uint64_t>();
    sum.errors += figure_in(record, "errors");
    sum.bytes_read += figure_in(record, "bytes_read");
    sum.bytes_written += figure_in(record, "bytes_written");
    sum.duration_ns += figure_in(record, "duration_ns");
  }
  return sum;
}

std::uint64_t counted(const Recording& recording, const std::string& counter) {
  for (const Loss& loss : recording.losses) {
    if (loss.name == counter) return loss.count;
  }
  ADD_FAILURE() << "no counter " << counter;
  return 0;
}

std::uint64_t lost_calls(const std::string& summary) {
  std::smatch match;
  EXPECT_TRUE(std::regex_search(summary, match, std::regex("ior: lost: (\\d+) call"))) << summary;
  return match.empty() ? ~std::uint64_t{0} : std::stoull(match[1]);
}

}  // namespace ior::e2e
