#include "process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "temp_dir.hpp"

namespace ior::overhead {
namespace {

using namespace std::chrono_literals;

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

bool redirect(const std::string& file, int to) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  return fd >= 0 && ::dup2(fd, to) >= 0;
}

// The child's side, from fork to exec.
[[noreturn]] void become(const Launch& launch, char* const* arguments) {
  if (pin_to_cpu(0, launch.cpu) && redirect(launch.out, STDOUT_FILENO) &&
      redirect(launch.err, STDERR_FILENO) && ::chdir(launch.directory.c_str()) == 0) {
    ::execvp(arguments[0], arguments);
  }
  ::_exit(127);
}

}  // namespace

bool pin_to_cpu(pid_t tid, int cpu) {
  if (cpu == kAnyCpu) return true;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(static_cast<unsigned>(cpu), &cpus);
  return ::sched_setaffinity(tid, sizeof(cpus), &cpus) == 0;
}

Process::Process(const Launch& launch) : name_(launch.command.front()) {
  std::vector<char*> arguments;
  for (const std::string& word : launch.command)
    arguments.push_back(const_cast<char*>(word.data()));
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) become(launch, arguments.data());
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
}

Process::~Process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    reap();
  }
  ::close(pidfd_);
}

double Process::cpu_s() const {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void Process::send_signal(int signal) const {
  ::kill(pid_, signal);
}

bool Process::has_ended_within(std::chrono::milliseconds limit) const {
  pollfd ended{pidfd_, POLLIN, 0};
  return ::poll(&ended, 1, static_cast<int>(limit.count())) == 1;
}

void Process::wait_for_text(const std::string& file, const std::string& text,
                            std::chrono::milliseconds limit) const {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (read_file(file).find(text) == std::string::npos) {
    if (has_ended_within(1ms) || std::chrono::steady_clock::now() > until) {
      throw std::runtime_error(fmt::format("{} does not begin: {}", name_, read_file(file)));
    }
  }
}

// The peak of a program includes what its parent had when it was forked: a harness of a few MiB
// hides nothing of a tracer.
Ended Process::reap() {
  int status = 0;
  rusage used{};
  ::wait4(pid_, &status, 0, &used);
  pid_ = -1;
  return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
          seconds_of(used.ru_utime) + seconds_of(used.ru_stime),
          static_cast<std::uint64_t>(used.ru_maxrss) * 1024};
}

Ended Process::wait(std::chrono::milliseconds limit) {
  if (has_ended_within(limit)) return reap();
  ::kill(pid_, SIGKILL);
  reap();
  throw std::runtime_error(fmt::format("{} did not end within {}", name_, limit.count()) + " ms");
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string output_of(const std::vector<std::string>& command) {
  const TempDir directory;
  const std::string out = directory.file("out"), err = directory.file("err");
  const int status = Process({.command = command, .out = out, .err = err}).wait(10min).exit_code;
  if (status != 0) {
    throw std::runtime_error(
        fmt::format("{} failed with status {}: {}", command.front(), status, read_file(err)));
  }
  return read_file(out);
}

std::string absolute_path(const std::string& path) {
  return std::filesystem::absolute(path);
}

std::string beside_this_program(const std::string& name) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  return std::filesystem::weakly_canonical(self.parent_path() / name);
}

bool is_installed(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream directories(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    if (::access((directory + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace ior::overhead
