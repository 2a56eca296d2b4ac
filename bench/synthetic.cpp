#include "synthetic.hpp"

#include <fcntl.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "synthetic_cpu.hpp"

namespace ior::bench {
namespace {

constexpr std::size_t kCpus = 2;

// The CPUs, and tasks as they come.
class Machine {
 public:
  explicit Machine(Replay& replay)
      : replay_(replay), cpus_{Cpu(0, now_ns_, replay), Cpu(1, now_ns_, replay)} {}

  Cpu& cpu(std::size_t number) { return cpus_[number % kCpus]; }
  std::uint64_t calls() const { return replay_.calls; }

  Task new_process(Cpu& cpu, std::string comm, std::string directory) {
    Task task;
    task.task = ++tasks_;
    task.tgid = task.tid = kFirstPid + task.task;
    task.process_start_ns = now_ns_;
    task.comm = std::move(comm);
    task.directory = std::move(directory);
    cpu.describe(task, "/usr/bin/" + task.comm);
    return task;
  }

  Task new_thread(const Task& leader) {
    Task task = leader;
    task.task = ++tasks_;
    task.tid = kFirstPid + task.task;
    return task;
  }

  void finish() {
    replay_.rings = kCpus;
    for (std::size_t ring = 0; ring < kCpus; ++ring) {
      replay_.chunks.push_back({ring, cpus_[ring].take_bytes()});
      replay_.ring_bytes += replay_.chunks.back().bytes.size();
    }
  }

 private:
  static constexpr std::uint32_t kFirstPid = 4000;

  Replay& replay_;
  std::uint64_t now_ns_ = 1'000'000'000;
  std::uint32_t tasks_ = 0;
  std::array<Cpu, kCpus> cpus_;
};

void open_file(Cpu& cpu, Task& task, std::string_view path) {
  cpu.path_call(
      task,
      {.nr = SYS_openat, .directory = task.directory, .path = path, .ret = 5, .opened = path});
}

// 16 threads of 8 processes take turns of one file each: opened, 62 reads and writes, closed.
void make_reads(Machine& machine, std::size_t calls, bool migrating) {
  constexpr std::size_t kProcesses = 8;
  constexpr std::size_t kFiles = 1024;
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < kProcesses; ++i) {
    tasks.push_back(machine.new_process(machine.cpu(i), "reader", "/srv/reader"));
    tasks.push_back(machine.new_thread(tasks.back()));
  }
  for (std::size_t round = 0; machine.calls() < calls; ++round) {
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      Cpu& cpu = machine.cpu(i / 2 + (migrating ? round : 0));
      const std::size_t file = (i * 61 + round) % kFiles;
      const std::string path = fmt::format("/srv/data/set-{:02}/part-{:04}.bin", file / 64, file);
      open_file(cpu, tasks[i], path);
      for (int step = 0; step < 62; ++step) {
        const std::uint16_t nr = step % 8 == 7 ? SYS_write : step % 8 == 3 ? SYS_pread64 : SYS_read;
        cpu.fd_call(tasks[i], nr, path, 4096);
      }
      cpu.fd_call(tasks[i], SYS_close, path, 0);
    }
  }
}

// 4 walkers over 200 directories of 100 files; every 16th file is renamed, every 32nd looked for in
// vain.
void walk_directory(Cpu& cpu, Task& task, std::size_t number) {
  const std::string directory = fmt::format("/usr/share/doc/package-{:03}-common", number);
  open_file(cpu, task, directory);
  cpu.fd_call(task, SYS_getdents64, directory, 4080);
  for (std::size_t i = 0; i < 100; ++i) {
    const std::string file = fmt::format("section-{:02}.html", i);
    const std::string path = directory + '/' + file;
    if (i % 32 == 31) {
      cpu.path_call(
          task,
          {.nr = SYS_faccessat2, .directory = directory, .path = file + ".new", .ret = -ENOENT});
    }
    cpu.path_call(task, {.nr = SYS_newfstatat, .directory = directory, .path = file});
    cpu.path_call(
        task, {.nr = SYS_openat, .directory = directory, .path = file, .ret = 5, .opened = path});
    cpu.fd_call(task, SYS_read, path, 1830);
    cpu.fd_call(task, SYS_close, path, 0);
    if (i % 16 == 15) {
      cpu.path_call(
          task,
          {.nr = SYS_renameat2, .directory = directory, .path = file, .old_path = file + ".tmp"});
    }
  }
  cpu.fd_call(task, SYS_getdents64, directory, 0);
  cpu.fd_call(task, SYS_close, directory, 0);
}

void make_walks(Machine& machine, std::size_t calls) {
  constexpr std::size_t kWalkers = 4;
  constexpr std::size_t kDirectories = 200;
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < kWalkers; ++i) {
    tasks.push_back(machine.new_process(machine.cpu(i), "walker", "/usr/share/doc"));
  }
  for (std::size_t number = 0; machine.calls() < calls; ++number) {
    const std::size_t walker = number % kWalkers;
    walk_directory(machine.cpu(walker), tasks[walker], number % kDirectories);
  }
}

void load_library(Cpu& cpu, Task& task, std::string_view path) {
  open_file(cpu, task, path);
  cpu.fd_call(task, SYS_read, path, 832);
  cpu.fd_call(task, SYS_fstat, path, 0);
  cpu.fd_call(task, SYS_close, path, 0);
}

void run_process(Machine& machine, std::size_t number) {
  constexpr std::array kPrograms = {"sh", "sed", "grep", "cc1", "as", "ld"};
  Cpu& cpu = machine.cpu(number);
  const char* program = kPrograms[number / kCpus % kPrograms.size()];
  Task task = machine.new_process(cpu, program, "/home/user/project");
  cpu.path_call(
      task,
      {.nr = SYS_execve, .directory = task.directory, .path = std::string("/usr/bin/") + program});
  load_library(cpu, task, "/etc/ld.so.cache");
  load_library(cpu, task, "/usr/lib/x86_64-linux-gnu/libc.so.6");
  const std::string input = fmt::format("/home/user/project/src/unit-{:03}.c", number % 500);
  open_file(cpu, task, input);
  cpu.fd_call(task, SYS_read, input, 7130);
  cpu.fd_call(task, SYS_close, input, 0);
  cpu.exit(task);
}

void make_all_kinds(Machine& machine, std::size_t calls) {
  constexpr std::size_t kCallsByTurns = 4000;
  constexpr std::size_t kProcessesByTurns = 200;
  for (std::size_t process = 0; machine.calls() < calls;) {
    make_reads(machine, machine.calls() + kCallsByTurns, true);
    make_walks(machine, machine.calls() + kCallsByTurns);
    for (std::size_t i = 0; i < kProcessesByTurns; ++i) run_process(machine, process++);
  }
}

Replay make(Mix mix, std::size_t calls) {
  Replay replay;
  Machine machine(replay);
  switch (mix) {
    case Mix::read_heavy:
      make_reads(machine, calls, false);
      break;
    case Mix::migrating:
      make_reads(machine, calls, true);
      break;
    case Mix::metadata_heavy:
      make_walks(machine, calls);
      break;
    case Mix::all_kinds:
      make_all_kinds(machine, calls);
      break;
    case Mix::fork_heavy:
      for (std::size_t i = 0; machine.calls() < calls; ++i) run_process(machine, i);
      break;
  }
  machine.finish();
  return replay;
}

}  // namespace

const Replay& synthetic(Mix mix, std::size_t calls) {
  static std::map<std::pair<Mix, std::size_t>, Replay> made;
  const auto [replay, is_new] = made.try_emplace({mix, calls});
  if (is_new) replay->second = make(mix, calls);
  return replay->second;
}

}  // namespace ior::bench
