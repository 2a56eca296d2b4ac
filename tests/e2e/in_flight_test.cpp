// Calls that have not ended when tracing does: counted, and listed with their file and their age.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <regex>
#include <thread>

#include "tests/e2e/ring.hpp"
#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

// A child process, killed when its owner goes.
class Child {
 public:
  explicit Child(const std::function<void()>& work) : pid_(::fork()) {
    if (pid_ != 0) return;
    work();
    ::_exit(0);
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  pid_t pid() const { return pid_; }

  // What /proc says that it is in: "257 0xffffff9c ...", "running", or "-1 ..." in none.
  std::string call() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/syscall");
    std::string line;
    std::getline(file, line);
    return line;
  }
  bool is_in(long number) const { return call().starts_with(std::to_string(number) + " "); }
  char state() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
    std::string line;
    std::getline(file, line);
    const std::size_t end = line.rfind(") ");
    return end == line.npos ? '?' : line[end + 2];
  }

 private:
  pid_t pid_;
};

void wait_until(const std::function<bool()>& holds) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds() && std::chrono::steady_clock::now() < limit) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ASSERT_TRUE(holds());
}

// In no call, for ever.
[[noreturn]] void spin() {
  for (;;) asm volatile("");
}

class InFlight : public testing::Test {
 protected:
  // Traces for so long, with `options`, and gives the summary; `meanwhile` is done when it traces.
  std::string trace(
      std::vector<std::string> options, const std::string& duration = "0.3",
      const std::function<void()>& meanwhile = [] {}) {
    options.insert(options.end(), {"-plain", "-duration", duration});
    Running ior = start_tracing(options, directory_.path());
    meanwhile();
    const Finished finished = ior.finish(60);
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return finished.err;
  }
  static std::vector<std::string> of(const Child& child, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"-pid", std::to_string(child.pid())});
    return more;
  }
  static std::string counted(const std::string& name, int count) {
    return name + " +" + std::to_string(count) + " ";
  }
  static std::string line(const std::string& call, pid_t pid, const std::string& age,
                          const std::string& file) {
    const std::string id = std::to_string(pid);
    return "ior:   " + call + " +[^ ]+ " + id + "[.]" + id + " +" + age + " +" + file + "\n";
  }
  static constexpr const char* kBefore = "since before the trace, over [0-9.]+ m?s";

  std::string fifo(const std::string& name = "fifo") {
    std::string path = directory_.file(name);
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path;
  }

  const TempDir directory_;
};

TEST_F(InFlight, a_call_since_before_the_trace_is_counted_and_listed_with_its_path) {
  const std::string path = fifo();
  const Child reader([&] { ::open(path.c_str(), O_RDONLY); });
  wait_until([&] { return reader.is_in(SYS_openat) && reader.state() == 'S'; });
  const std::string summary = trace(of(reader));
  EXPECT_THAT(summary, ContainsRegex(counted("in_flight_at_start", 1)));
  EXPECT_THAT(summary, ContainsRegex(counted("in_flight_at_stop", 1)));
  EXPECT_THAT(summary, ContainsRegex(line("openat", reader.pid(), kBefore, path)));
}

TEST_F(InFlight, a_path_that_crosses_a_page_is_read_to_its_end) {
  const std::string path = fifo("a_name_that_is_long_enough_to_lie_on_two_pages");
  const Child reader([&] {
    char* pages = static_cast<char*>(
        ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ::open(std::strcpy(pages + 4096 - path.size() + 5, path.c_str()), O_RDONLY);
  });
  wait_until([&] { return reader.is_in(SYS_openat) && reader.state() == 'S'; });
  EXPECT_THAT(trace(of(reader)), ContainsRegex(line("openat", reader.pid(), kBefore, path)));
}

TEST_F(InFlight, a_relative_path_begins_at_the_directory_of_its_own_process) {
  const std::string path = fifo();
  const Child reader([&] {
    must(::chdir(directory_.path().c_str()) == 0);
    ::open("fifo", O_RDONLY);
  });
  wait_until([&] { return reader.is_in(SYS_openat) && reader.state() == 'S'; });
  EXPECT_THAT(trace(of(reader)), ContainsRegex(line("openat", reader.pid(), kBefore, path)));
}

TEST_F(InFlight, an_fd_is_the_file_of_its_own_process_under_that_processs_root) {
  const std::string path = fifo();
  const Child reader([&] {
    const int fd = ::open(path.c_str(), O_RDWR);
    must(::chroot(directory_.path().c_str()) == 0);
    char byte;
    (void)!::read(fd, &byte, 1);
  });
  wait_until([&] { return reader.is_in(SYS_read) && reader.state() == 'S'; });
  EXPECT_THAT(trace(of(reader)), ContainsRegex(line("read", reader.pid(), kBefore, "/fifo")));
}

TEST_F(InFlight, a_call_of_the_trace_is_listed_with_its_age_once_it_is_old) {
  const std::string path = fifo(), other = fifo("other");
  for (const std::string& duration : {std::string("0.3"), std::string("1.6")}) {
    std::array<int, 2> go{};
    ASSERT_EQ(::pipe(go.data()), 0);
    const Child reader([&] {
      char byte;
      must(::read(go[0], &byte, 1) == 1);
      ::open(path.c_str(), O_RDONLY);
    });
    wait_until([&] { return reader.is_in(SYS_read) && reader.state() == 'S'; });
    const std::string summary =
        trace(of(reader), duration, [&] { ASSERT_EQ(::write(go[1], "x", 1), 1); });
    EXPECT_THAT(summary, ContainsRegex(counted("in_flight_at_start", 1))) << "the read";
    EXPECT_THAT(summary, ContainsRegex(counted("in_flight_at_stop", 1))) << "the open";
    const auto listed = ContainsRegex(line("openat", reader.pid(), "for 1.[0-9]+ s", path));
    if (duration == "1.6")
      EXPECT_THAT(summary, listed);
    else
      EXPECT_THAT(summary, Not(HasSubstr("in flight for over")));
    ::close(go[0]);
    ::close(go[1]);
  }
}

TEST_F(InFlight, a_call_that_ends_in_the_trace_was_in_flight_at_its_start_alone) {
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe(go.data()), 0);
  const Child reader([&] {
    char byte;
    must(::read(go[0], &byte, 1) == 1);
    spin();
  });
  wait_until([&] { return reader.is_in(SYS_read) && reader.state() == 'S'; });
  const std::string summary =
      trace(of(reader), "0.3", [&] { ASSERT_EQ(::write(go[1], "x", 1), 1); });
  EXPECT_THAT(summary, ContainsRegex(counted("in_flight_at_start", 1)));
  EXPECT_THAT(summary, ContainsRegex(counted("in_flight_at_stop", 0)));
  EXPECT_THAT(summary, Not(HasSubstr("in flight for over")));
}

// A stopped process is in the call that the signal interrupts, whose restart it waits for; where
// the call has a result, it is in none.
TEST_F(InFlight, a_process_that_was_stopped_in_a_call_waits_in_it) {
  const std::string path = fifo();
  const auto read = [&] {
    const int fd = ::open(path.c_str(), O_RDWR);
    char byte;
    (void)!::read(fd, &byte, 1);
  };
  for (const bool is_stopped_before : {true, false}) {
    const Child reader(read);
    wait_until([&] { return reader.is_in(SYS_read) && reader.state() == 'S'; });
    const auto stop = [&] {
      ::kill(reader.pid(), SIGSTOP);
      wait_until([&] { return reader.state() == 'T'; });
    };
    if (is_stopped_before) stop();
    const std::string summary =
        trace(of(reader), "0.3", is_stopped_before ? std::function<void()>([] {}) : stop);
    EXPECT_THAT(summary, ContainsRegex(counted("in_flight_at_start", 1)));
    EXPECT_THAT(summary, ContainsRegex(counted("in_flight_at_stop", 1)));
    EXPECT_THAT(summary, ContainsRegex(line("read", reader.pid(), kBefore, path)));
  }
}

TEST_F(InFlight, who_runs_its_program_or_has_stopped_itself_is_in_no_call) {
  const Child spinner([] { spin(); });
  const Child stopped([] { ::raise(SIGSTOP); });
  wait_until([&] { return stopped.state() == 'T'; });
  for (const Child* child : {&spinner, &stopped}) {
    const std::string summary = trace(of(*child, {"-trace-families", "all"}));
    EXPECT_THAT(summary, ContainsRegex(counted("in_flight_at_start", 0)));
    EXPECT_THAT(summary, ContainsRegex(counted("in_flight_at_stop", 0)));
  }
}

TEST_F(InFlight, calls_that_are_not_selected_or_filtered_are_not_listed) {
  const std::string path = fifo();
  const Child reader([&] { ::open(path.c_str(), O_RDONLY); });
  const Child other([&] { ::open(path.c_str(), O_RDONLY); });
  wait_until([&] { return reader.is_in(SYS_openat) && reader.state() == 'S'; });
  wait_until([&] { return other.is_in(SYS_openat) && other.state() == 'S'; });
  EXPECT_THAT(trace(of(reader, {"-trace-syscalls", "read"})),
              ContainsRegex(counted("in_flight_at_stop", 0)));
  EXPECT_THAT(trace(of(reader, {"-comm", "nobody"})), Not(HasSubstr("in flight for over")));
  EXPECT_THAT(trace(of(reader, {"-path", "/else"})), Not(HasSubstr("in flight for over")));
  const std::string all = trace({"-comm", "e2e_tests", "-path", path});
  EXPECT_THAT(all, ContainsRegex(line("openat", reader.pid(), kBefore, path)));
  EXPECT_THAT(all, ContainsRegex(line("openat", other.pid(), kBefore, path)));
}

TEST_F(InFlight, a_thread_is_found_by_its_id) {
  const std::string path = fifo();
  const Child process([&] {
    std::thread([&] { ::open(path.c_str(), O_RDONLY); }).detach();
    ::poll(nullptr, 0, -1);
  });
  pid_t tid = 0;
  const std::string tasks = "/proc/" + std::to_string(process.pid()) + "/task";
  wait_until([&] {
    for (const auto& entry : std::filesystem::directory_iterator(tasks)) {
      std::ifstream call(entry.path() / "syscall");
      std::string number;
      call >> number;
      if (number == std::to_string(SYS_openat)) tid = std::stoi(entry.path().filename());
    }
    return tid != 0;
  });
  const std::string summary = trace({"-tid", std::to_string(tid), "-trace-families", "all"});
  EXPECT_THAT(summary, ContainsRegex(counted("in_flight_at_stop", 1))) << "not the poll";
  EXPECT_THAT(summary, ContainsRegex(std::to_string(process.pid()) + "[.]" + std::to_string(tid) +
                                     " +" + kBefore + " +" + path));
}

TEST_F(InFlight, a_32_bit_call_has_the_name_of_its_table) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const Child reader([&] {
    void* low = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    long result = 3;  // read
    asm volatile("int $0x80"
                 : "+a"(result)
                 : "b"(ends[0]), "c"(low), "d"(1)
                 : "memory", "cc", "r8", "r9", "r10", "r11");
  });
  wait_until([&] { return reader.state() == 'S'; });
  EXPECT_THAT(trace(of(reader)),
              ContainsRegex(line("i386_read", reader.pid(), kBefore, "pipe:\\[[0-9]+\\]")));
}

// What ior starts is traced from its exec on; it lists the calls of a command that still runs.
TEST_F(InFlight, a_command_that_hangs_says_where) {
  const std::string path = fifo();
  const Finished finished = run({IOR_BIN, "-f", "-plain", "-trace-syscalls", "openat,read",
                                 "-duration", "1.6", "--", "timeout", "4", "cat", path},
                                directory_.path());
  EXPECT_EQ(finished.exit_code, 124) << "of timeout";
  EXPECT_THAT(finished.err, ContainsRegex("ior:   openat +cat [0-9]+[.][0-9]+ +for 1[.][0-9]+ s +" +
                                          path + "\n"));
}

TEST_F(InFlight, a_recording_says_it_again) {
  const std::string path = fifo();
  const Child reader([&] { ::open(path.c_str(), O_RDONLY); });
  wait_until([&] { return reader.is_in(SYS_openat) && reader.state() == 'S'; });
  const Finished traced = run({IOR_BIN, "-pid", std::to_string(reader.pid()), "-duration", "0.3",
                               "-flamegraph", "-name", "e2e"},
                              directory_.path());
  ASSERT_EQ(traced.exit_code, 0) << traced.err;
  const std::string recording = recording_in(directory_.path());
  const auto listed = ContainsRegex(line("openat", reader.pid(), kBefore, path));
  EXPECT_THAT(traced.err, listed);
  const Finished report = run({IOR_BIN, "report", recording}, directory_.path());
  EXPECT_THAT(report.out + report.err, listed);
  const Finished json = run({IOR_BIN, "report", "-json", recording}, directory_.path());
  const auto calls = nlohmann::json::parse(json.out)["in_flight"];
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0]["name"], "openat");
  EXPECT_EQ(calls[0]["pid"], reader.pid());
  EXPECT_EQ(calls[0]["path"], path);
  EXPECT_EQ(calls[0]["since_before_start"], true);
  EXPECT_GE(calls[0]["age_ns"], 300'000'000u);
}

TEST_F(InFlight, a_request_of_io_uring_is_listed_with_its_file) {
  const std::string path = fifo();
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe(go.data()), 0);
  const Child process([&] {
    char byte;
    Ring ring;
    const int fd = ::open(path.c_str(), O_RDWR);
    must(::read(go[0], &byte, 1) == 1);
    ::io_uring_prep_poll_add(ring.next(), fd, POLLIN);
    ring.submit();
    __kernel_timespec minute = {.tv_sec = 60, .tv_nsec = 0};
    ::io_uring_prep_timeout(ring.next(), &minute, 0, 0);
    ring.submit();
    ::pause();
  });
  wait_until([&] { return process.is_in(SYS_read) && process.state() == 'S'; });
  const std::string summary = trace(of(process, {"-trace-families", "all"}), "1.6",
                                    [&] { ASSERT_EQ(::write(go[1], "x", 1), 1); });
  EXPECT_THAT(summary, ContainsRegex(counted("in_flight_at_stop", 3)));
  EXPECT_THAT(summary,
              ContainsRegex(line("io_uring_poll_add", process.pid(), "for 1.[0-9]+ s", path)));
  EXPECT_THAT(summary,
              ContainsRegex(line("io_uring_timeout", process.pid(), "for 1.[0-9]+ s", "-")));
}

}  // namespace
}  // namespace ior::e2e
