// mixed: what a busy host does, in small. 50 processes, every tenth of them with 7 threads, each
// process with 210 files of its own. Each thread draws its next step by weight; the draws are the
// same in every run.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <exception>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "processes.hpp"
#include "workload.hpp"

namespace ior::load {
namespace {

constexpr std::size_t kProcesses = 50;
constexpr std::size_t kProcessesPerThreaded = 10;
constexpr std::size_t kThreads = 7;
constexpr std::size_t kTasks = kProcesses + (kThreads - 1) * (kProcesses / kProcessesPerThreaded);
constexpr std::size_t kFilesPerProcess = 210;
constexpr std::size_t kFileBytes = 16'384;
constexpr std::size_t kPieceBytes = 4096;

constexpr std::size_t threads_of(std::size_t process) {
  return process % kProcessesPerThreaded == 0 ? kThreads : 1;
}

constexpr std::size_t first_task_of(std::size_t process) {
  const std::size_t threaded = (process + kProcessesPerThreaded - 1) / kProcessesPerThreaded;
  return process + threaded * (kThreads - 1);
}

static_assert(first_task_of(kProcesses) == kTasks);

std::string directory_of(const std::string& root, std::size_t process) {
  return root + "/process-" + std::to_string(process);
}

std::string file_of(const std::string& directory, std::size_t file) {
  return directory + "/file-" + std::to_string(file) + ".data";
}

// One thread of one process.
class Task {
 public:
  Task(Tally& tally, std::string directory, std::size_t number, const std::string& program)
      : tally_(tally),
        directory_(std::move(directory)),
        own_(directory_ + "/own-" + std::to_string(number)),
        random_(static_cast<std::minstd_rand::result_type>(number + 1)),
        program_(program) {}

  void step() {
    const Step* chosen = kSteps.data();
    for (std::size_t left = random_() % kWeights; left >= chosen->weight; ++chosen) {
      left -= chosen->weight;
    }
    (this->*chosen->take)();
  }

 private:
  struct Step {
    std::size_t weight;
    void (Task::*take)();
  };
  static const std::array<Step, 10> kSteps;
  static const std::size_t kWeights;

  std::string any_file() { return file_of(directory_, random_() % kFilesPerProcess); }

  long open(const std::string& path, int flags) {
    return must(tally_, Call::openat, AT_FDCWD, path.c_str(), flags, 0600);
  }

  void close(long fd) { must(tally_, Call::close, fd); }

  void read_file() {
    const long fd = open(any_file(), O_RDONLY);
    struct stat status {};
    must(tally_, Call::newfstatat, fd, "", &status, AT_EMPTY_PATH);
    while (must(tally_, Call::read, fd, piece_.data(), piece_.size()) > 0) {
    }
    close(fd);
  }

  void read_pieces() {
    const long fd = open(any_file(), O_RDONLY);
    for (std::size_t i = random_() % 16; i > 0; --i) {
      must(tally_, Call::pread64, fd, piece_.data(), 512, random_() % kFileBytes);
    }
    close(fd);
  }

  void write_file() {
    const long fd = open(any_file(), O_WRONLY);
    must(tally_, Call::lseek, fd, random_() % (kFileBytes / 2), SEEK_SET);
    for (std::size_t i = random_() % 8; i > 0; --i) {
      must(tally_, Call::write, fd, piece_.data(), 256);
    }
    must(tally_, Call::pwrite64, fd, piece_.data(), 64, 0);
    close(fd);
  }

  void ask_for_files() {
    struct stat status {};
    for (int i = 0; i < 4; ++i) {
      must(tally_, Call::newfstatat, AT_FDCWD, any_file().c_str(), &status, 0);
    }
    make(tally_, Call::openat, AT_FDCWD, (own_ + ".conf").c_str(), O_RDONLY);  // there is none
  }

  void replace_file() {
    const std::string written = own_ + ".new", kept = own_ + ".kept";
    const long fd = open(written, O_WRONLY | O_CREAT | O_TRUNC);
    must(tally_, Call::write, fd, piece_.data(), piece_.size());
    close(fd);
    must(tally_, Call::rename, written.c_str(), kept.c_str());
    must(tally_, Call::unlink, kept.c_str());
  }

  void make_directory() {
    must(tally_, Call::mkdir, own_.c_str(), 0700);
    must(tally_, Call::rmdir, own_.c_str());
  }

  void list_directory() {
    const long fd = open(directory_, O_RDONLY | O_DIRECTORY);
    while (must(tally_, Call::getdents64, fd, piece_.data(), piece_.size()) > 0) {
    }
    close(fd);
  }

  void duplicate() {
    const long fd = open(any_file(), O_RDONLY);
    const long copy = must(tally_, Call::dup, fd);
    close(fd);
    must(tally_, Call::read, copy, piece_.data(), 100);
    close(copy);
  }

  void use_pipe() {
    std::array<int, 2> ends{};
    must(tally_, Call::pipe2, ends.data(), O_CLOEXEC);
    must(tally_, Call::write, ends[1], piece_.data(), 64);
    must(tally_, Call::read, ends[0], piece_.data(), 64);
    close(ends[0]);
    close(ends[1]);
  }

  void execute() { fork_and_execute(tally_, program_); }

  Tally& tally_;
  std::string directory_;
  std::string own_;  // a name that no other thread uses
  std::minstd_rand random_;
  const std::string& program_;
  std::array<char, kPieceBytes> piece_{};
};

constexpr std::array<Task::Step, 10> Task::kSteps = {{{30, &Task::read_file},
                                                      {20, &Task::read_pieces},
                                                      {15, &Task::write_file},
                                                      {15, &Task::ask_for_files},
                                                      {6, &Task::replace_file},
                                                      {2, &Task::make_directory},
                                                      {2, &Task::list_directory},
                                                      {5, &Task::duplicate},
                                                      {4, &Task::use_pipe},
                                                      {1, &Task::execute}}};
constexpr std::size_t Task::kWeights = 100;

class Mixed : public Workload {
 public:
  explicit Mixed(std::string root) : root_(std::move(root)), tallies_(kTasks) {
    const std::string content(kFileBytes, 'x');
    for (std::size_t process = 0; process < kProcesses; ++process) {
      const std::string directory = directory_of(root_, process);
      std::filesystem::create_directory(directory);
      for (std::size_t i = 0; i < kFilesPerProcess; ++i) {
        std::ofstream(file_of(directory, i)) << content;
      }
    }
  }

  Measured run(const Limit& limit) override {
    Measured measured;
    start_ns_ = now_ns();
    run_processes(measured.calls, kProcesses,
                  [&](std::size_t process) { run_threads(process, limit); });
    measured.elapsed_ns = now_ns() - start_ns_;
    measured.calls += tallies_.take();
    return measured;
  }

 private:
  void run_threads(std::size_t process, const Limit& limit) {
    std::vector<std::thread> threads;
    std::exception_ptr failure;
    std::mutex failing;
    const auto run = [&](std::size_t task) {
      try {
        run_task(process, task, limit);
      } catch (...) {
        const std::lock_guard lock(failing);
        failure = std::current_exception();
      }
    };
    const std::size_t first = first_task_of(process);
    for (std::size_t i = 1; i < threads_of(process); ++i) threads.emplace_back(run, first + i);
    run(first);
    for (std::thread& thread : threads) thread.join();
    if (failure) std::rethrow_exception(failure);
  }

  void run_task(std::size_t process, std::size_t number, const Limit& limit) {
    Tally& tally = tallies_[number];
    Task task(tally, directory_of(root_, process), number, program_);
    const std::uint64_t share = (limit.calls + kTasks - 1) / kTasks;
    while ((limit.calls == 0 || tally.total() < share) &&
           (limit.time_ns == 0 || now_ns() - start_ns_ < limit.time_ns)) {
      task.step();
    }
  }

  std::string root_;
  std::string program_ = path_of_executed_program();
  SharedTallies tallies_;
  std::uint64_t start_ns_ = 0;
};

}  // namespace

std::unique_ptr<Workload> make_mixed(const Settings& settings) {
  return std::make_unique<Mixed>(settings.directory);
}

}  // namespace ior::load
