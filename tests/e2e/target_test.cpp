// The target of -pid and -tid is the one that was meant, not whoever gets its number after it. Here
// the number is given out again before ior has noticed that it was free, for ior is stopped.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "tests/e2e/ring.hpp"
#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

constexpr const char* kSyscalls = "openat,pread64,execve";

// Opens and reads the file itself, by a request of io_uring and by one of AIO.
void use(const std::string& path) {
  Ring ring;
  ::io_uring_prep_openat(ring.next(), AT_FDCWD, path.c_str(), O_RDONLY, 0);
  ::close(ring.run());
  const int fd = ::open(path.c_str(), O_RDONLY);
  std::array<char, 4> bytes{};
  must(::pread(fd, bytes.data(), bytes.size(), 0) == 4);
  read_by_aio(fd, bytes);
}

// How often something was used, as far as it has rows.
std::uint64_t uses(const Records& records, const std::string& path) {
  std::uint64_t count = 0;
  for (const char* tracepoint : {"enter_openat", "enter_pread64", "io_uring_openat", "aio_pread"}) {
    count += sum_of(records, tracepoint, path).count;
  }
  return count;
}

class Gate {
 public:
  Gate() { EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0); }
  ~Gate() {
    for (const int end : ends_) ::close(end);
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  void open() const { EXPECT_EQ(::write(ends_[1], "x", 1), 1); }
  void pass() const {
    char byte;
    must(::read(ends_[0], &byte, 1) == 1);
  }
  template <typename T>
  void send(T value) const {
    must(::write(ends_[1], &value, sizeof(value)) == sizeof(value));
  }
  template <typename T>
  T receive() const {
    T value{};
    EXPECT_EQ(::read(ends_[0], &value, sizeof(value)), static_cast<ssize_t>(sizeof(value)));
    return value;
  }

 private:
  std::array<int, 2> ends_{};
};

// A process, with this number unless that is 0, that does `work` and ends.
template <typename Work>
pid_t start_as(pid_t number, const Work& work) {
  clone_args how{};
  how.exit_signal = SIGCHLD;
  if (number != 0) {
    how.set_tid = reinterpret_cast<std::uint64_t>(&number);
    how.set_tid_size = 1;
  }
  const auto child = static_cast<pid_t>(::syscall(SYS_clone3, &how, sizeof(how)));
  if (child == 0) {
    work();
    ::_exit(0);
  }
  EXPECT_GT(child, 0) << "clone3: " << errno;
  return child;
}

void expect_success(pid_t child) {
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

void stop(const Running& ior) {
  ior.send_signal(SIGSTOP);
  int status = 0;
  EXPECT_EQ(::waitpid(ior.pid(), &status, WUNTRACED), ior.pid());
  EXPECT_TRUE(WIFSTOPPED(status));
}

// Stops ior, lets the target go on to its end, and has a new process with its number use `next`.
Records outlive(Running& ior, const TempDir& directory, pid_t number,
                const std::function<void()>& end_target, const std::string& next) {
  stop(ior);
  end_target();
  expect_success(start_as(number, [&] { use(next); }));
  ior.send_signal(SIGCONT);
  const Finished finished = ior.finish(60);
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  return export_records(recording_in(directory.path()));
}

Running trace(std::vector<std::string> options, const TempDir& directory) {
  options.insert(options.end(), {"-trace-syscalls", kSyscalls, "-flamegraph", "-name", "target"});
  return start_tracing(options, directory.path());
}

// The target's file and that of the next one with its number.
struct Files {
  TempDir directory;
  std::string mine = directory.file("mine"), next = directory.file("next");
  Files() {
    for (const std::string& path : {mine, next}) {
      const int fd = make_file(path);
      EXPECT_EQ(::write(fd, "text", 4), 4);
      ::close(fd);
    }
  }
};

TEST(Target, of_pid_is_not_the_next_process_of_its_number) {
  for (const bool follow : {false, true}) {
    const Files files;
    const Gate go;
    const pid_t target = start_as(0, [&] {
      go.pass();
      use(files.mine);
    });
    std::vector<std::string> options = {"-pid", std::to_string(target)};
    if (follow) options.push_back("-f");
    Running ior = trace(options, files.directory);
    const auto end_target = [&] {
      go.open();
      expect_success(target);
    };
    const Records records = outlive(ior, files.directory, target, end_target, files.next);
    EXPECT_EQ(uses(records, files.mine), 4u);
    EXPECT_EQ(uses(records, files.next), 0u);
  }
}

TEST(Target, that_makes_children_is_told_how_many_were_not_followed) {
  const auto work = [] {
    std::thread([] {}).join();
    for (int i = 0; i < 3; ++i) expect_success(start_as(0, [] {}));
  };
  const Traced alone = trace_child(work), followed = trace_child(work, {"-f"});
  EXPECT_EQ(counted(alone.recording, "children_left"), 3u);
  EXPECT_THAT(alone.ior.err, testing::HasSubstr("ior: 3 children were made and not followed"));
  EXPECT_EQ(counted(followed.recording, "children_left"), 0u);
  EXPECT_THAT(followed.ior.err, testing::Not(testing::HasSubstr("not followed: -f does")));
}

// Traces a process for a moment; what ior says of it.
std::string said_of(pid_t pid) {
  const TempDir directory;
  return run({IOR_BIN, "-pid", std::to_string(pid), "-duration=0.3"}, directory.path()).err;
}

TEST(Target, that_makes_no_call_is_told_what_it_does_instead) {
  const pid_t quiet = start_as(0, [] {
    if (::fork() == 0) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::pause();
  });
  ::usleep(200'000);
  const std::string of_quiet = said_of(quiet);
  EXPECT_THAT(of_quiet, testing::HasSubstr("is waiting in pause, which is not traced"));
  EXPECT_THAT(of_quiet, testing::HasSubstr("has children, 1, which are not followed: add -f"));
  ::kill(quiet, SIGSTOP);
  EXPECT_THAT(said_of(quiet), testing::HasSubstr("is stopped by a signal"));
  ::kill(quiet, SIGKILL);
  EXPECT_THAT(said_of(quiet), testing::HasSubstr("is a zombie"));
  ::waitpid(quiet, nullptr, 0);
}

TEST(Target, has_the_children_that_it_had_before_when_followed) {
  const Files files;
  static std::array<int, 2> go{};
  const auto use_when_told = [&files] {
    char byte;
    if (::read(go[0], &byte, 1) == 1) use(files.mine);
  };
  const auto have_children = [&] {
    if (::pipe(go.data()) != 0) ::_exit(9);
    if (::fork() != 0) return;
    if (::fork() == 0) {
      use_when_told();
      ::_exit(0);
    }
    std::thread thread(use_when_told);
    use_when_told();
    thread.join();
    while (::wait(nullptr) > 0) continue;
    ::_exit(0);
  };
  const auto work = [] {
    if (::write(go[1], "...", 3) != 3) ::_exit(9);
    while (::wait(nullptr) > 0) continue;
  };
  const Traced alone = trace_child(work, {"-trace-syscalls", kSyscalls}, have_children);
  const Traced followed = trace_child(work, {"-f", "-trace-syscalls", kSyscalls}, have_children);
  EXPECT_EQ(uses(alone.records, files.mine), 0u);
  EXPECT_EQ(uses(followed.records, files.mine), 3 * 4u);
  EXPECT_EQ(counted(followed.recording, "in_flight_at_stop"), 0u);
}

// Runs `work` in a thread of its own, to its end.
template <typename Work>
void in_a_thread(const Work& work) {
  std::thread(work).join();
}

TEST(Target, of_tid_is_not_the_next_thread_of_its_number) {
  const Files files;
  const Gate go, number, over, end;
  const pid_t process = start_as(0, [&] {
    in_a_thread([&] {
      number.send(::gettid());
      go.pass();
      use(files.mine);
    });
    over.send('x');
    end.pass();
  });
  const auto target = number.receive<pid_t>();
  Running ior = trace({"-tid", std::to_string(target)}, files.directory);
  const auto end_target = [&] {
    go.open();
    over.receive<char>();
  };
  const Records records = outlive(ior, files.directory, target, end_target, files.next);
  EXPECT_EQ(uses(records, files.mine), 4u);
  EXPECT_EQ(uses(records, files.next), 0u);
  end.open();
  expect_success(process);
}

void read_by_another_program(const std::string& path) {
  ::execl("/usr/bin/head", "head", "-c1", path.c_str(), nullptr);
}

// A thread that calls exec gives its number up: its trace ends with the call.
TEST(Target, of_tid_ends_where_another_threads_exec_does) {
  const Files files;
  const Gate go, number;
  const pid_t process = start_as(0, [&] {
    in_a_thread([&] {
      number.send(::gettid());
      go.pass();
      use(files.mine);
      read_by_another_program(files.next);
    });
  });
  const auto target = number.receive<pid_t>();
  Running ior = trace({"-tid", std::to_string(target)}, files.directory);
  const auto end_target = [&] {
    go.open();
    expect_success(process);
  };
  const Records records = outlive(ior, files.directory, target, end_target, files.next);
  EXPECT_EQ(uses(records, files.mine), 4u);
  EXPECT_EQ(sum_of(records, "enter_execve", "/usr/bin/head").count, 1u);
  EXPECT_EQ(uses(records, files.next), 0u);
}

// And it takes that of the first thread, which the kernel goes on with as the same one.
TEST(Target, of_tid_goes_on_with_the_thread_that_takes_its_number_by_exec) {
  const Files files;
  const std::string other = files.directory.file("other");
  std::filesystem::copy(files.next, other);
  const Gate go;
  const pid_t target = start_as(0, [&] {
    in_a_thread([&] {
      go.pass();
      use(other);
      read_by_another_program(files.mine);
    });
  });
  Running ior = trace({"-tid", std::to_string(target)}, files.directory);
  const auto end_target = [&] {
    go.open();
    expect_success(target);
  };
  const Records records = outlive(ior, files.directory, target, end_target, files.next);
  EXPECT_EQ(uses(records, other), 0u);
  EXPECT_EQ(sum_of(records, "enter_openat", files.mine).count, 1u);
  EXPECT_EQ(uses(records, files.next), 0u);
}

bool has_pidfd(pid_t process) {
  std::error_code error;
  const auto fds = "/proc/" + std::to_string(process) + "/fd";
  for (const auto& fd : std::filesystem::directory_iterator(fds, error)) {
    if (std::filesystem::read_symlink(fd, error).string().contains("pidfd")) return true;
  }
  return false;
}

// A pipe that takes no more: whoever writes to it waits until it is read.
class FullPipe {
 public:
  FullPipe() {
    EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0);
    const std::vector<char> bytes(static_cast<std::size_t>(::fcntl(ends_[1], F_GETPIPE_SZ)));
    EXPECT_EQ(::write(ends_[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  ~FullPipe() {
    for (const int end : ends_) ::close(end);
  }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;
  int writer() const { return ends_[1]; }
  void drain() const {
    std::array<char, 4096> bytes;
    EXPECT_GT(::read(ends_[0], bytes.data(), bytes.size()), 0);
  }

 private:
  std::array<int, 2> ends_{};
};

// Whether the process is in a write() to this fd of its.
bool is_writing(pid_t process, int fd) {
  std::ifstream in("/proc/" + std::to_string(process) + "/syscall");
  int number = -1;
  std::string first;
  return in >> number >> first && number == SYS_write && std::stol(first, nullptr, 16) == fd;
}

void wait_until(const std::function<bool()>& holds) {
  while (!holds()) std::this_thread::yield();
}

// Between the look at the number and the first probe. The next process makes calls while all probes
// are attached and ior cannot go on to see that its target has ended.
TEST(Target, that_ends_before_it_is_traced_is_not_the_next_one) {
  const Files files;
  const FullPipe ready;
  auto* const calls = static_cast<std::atomic<int>*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const pid_t target = start_as(0, [] { ::pause(); });
  Running ior({IOR_BIN, "-ready-fd", std::to_string(ready.writer()), "-pid", std::to_string(target),
               "-trace-syscalls", kSyscalls, "-flamegraph", "-name", "target"},
              files.directory.path(), {ready.writer()});
  wait_until([&] { return has_pidfd(ior.pid()); });
  stop(ior);
  ::kill(target, SIGKILL);
  EXPECT_EQ(::waitpid(target, nullptr, 0), target);
  const pid_t next = start_as(target, [&] {
    for (;; ++*calls) ::close(::open(files.next.c_str(), O_RDONLY));
  });
  ior.send_signal(SIGCONT);
  wait_until([&] { return is_writing(ior.pid(), ready.writer()); });
  wait_until([calls, until = *calls + 100] { return *calls > until; });
  ready.drain();
  const Finished finished = ior.finish(60);
  ::kill(next, SIGKILL);
  ::waitpid(next, nullptr, 0);
  ::munmap(calls, 4096);
  EXPECT_FALSE(finished.hung);
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(uses(export_records(recording_in(files.directory.path())), files.next), 0u);
}

}  // namespace
}  // namespace ior::e2e
