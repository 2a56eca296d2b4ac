// A program that the harness starts: on a CPU of its own, with its output in files, and with what
// it used in the end.
// Lifetime: the program is killed when its owner goes.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ior::overhead {

inline constexpr int kAnyCpu = -1;

struct Launch {
  std::vector<std::string> command;
  int cpu = kAnyCpu;
  std::string directory = ".";
  std::string out = "/dev/null";  // these two: files
  std::string err = "/dev/null";
};

struct Ended {
  int exit_code = -1;  // 128 + signal where one ended it
  double cpu_s = 0;    // its own and that of the children it waited for
  std::uint64_t peak_rss_bytes = 0;
};

// False where there is no such CPU.
bool pin_to_cpu(pid_t tid, int cpu);

class Process {
 public:
  // Throws std::runtime_error when it cannot be started.
  explicit Process(const Launch& launch);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  double cpu_s() const;  // so far, of its own threads
  void send_signal(int signal) const;
  // Waits until the file contains the text. Throws std::runtime_error when the program ends before,
  // or the time does.
  void wait_for_text(const std::string& file, const std::string& text,
                     std::chrono::milliseconds limit) const;
  // Throws std::runtime_error, and kills it, when it does not end in time.
  Ended wait(std::chrono::milliseconds limit);

 private:
  bool has_ended_within(std::chrono::milliseconds limit) const;
  Ended reap();

  std::string name_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
};

std::string read_file(const std::string& path);

// Runs a program to its end and gives its stdout. Throws std::runtime_error where it fails.
std::string output_of(const std::vector<std::string>& command);

// Tracers are started in directories of their own.
std::string absolute_path(const std::string& path);

// The path of a program that was built along with this one, relative to it.
std::string beside_this_program(const std::string& name);

// Whether there is such a program in PATH.
bool is_installed(const std::string& program);

}  // namespace ior::overhead
