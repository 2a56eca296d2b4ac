// Random changes of roots and mount namespaces: each call shows the root that /proc said at that
// moment. The test's own thread drives some processes, which do what it says, and asks /proc
// between; the processes are traced.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <iostream>
#include <random>
#include <thread>

#include "tests/e2e/roots.hpp"

namespace ior::e2e {
namespace {

constexpr std::size_t kProcesses = 4;
constexpr int kSteps = 120;

enum class Step { chroot, chroot_in_thread, unshare, join, fork, clone, pivot, mark, last = pivot };

// What a process is told to do.
struct Order {
  Step step;
  pid_t other;     // whose namespace to join
  char path[128];  // a directory's from the top, or to ask for
};

// One process: does as it is told, and answers with its id.
class Actor {
 public:
  explicit Actor(int orders) : orders_(orders), top_(::open("/", O_PATH | O_DIRECTORY)) {}

  void run() {
    answer();
    for (Order order{}; ::read(orders_, &order, sizeof(order)) == sizeof(order);) {
      carry_out(order);
      answer();
    }
  }

 private:
  void answer() const {
    const pid_t pid = ::getpid();
    must(::write(orders_, &pid, sizeof(pid)) == sizeof(pid));
  }

  void carry_out(const Order& order) {
    switch (order.step) {
      case Step::chroot:
        return change_root(order.path);
      case Step::chroot_in_thread:
        return std::thread([&] { change_root(order.path); }).join();
      case Step::unshare:
        to_top();
        must(::chroot(".") == 0 && ::unshare(CLONE_NEWNS) == 0);
        return begin_namespace();
      case Step::join:
        return join(order.other);
      case Step::fork:
        return go_on_in(::fork());
      case Step::clone:
        to_top();
        must(::chroot(".") == 0);
        go_on_in(static_cast<pid_t>(
            ::syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, nullptr, nullptr, nullptr, nullptr)));
        return begin_namespace();
      case Step::pivot:
        return pivot(order.path);
      case Step::mark:
        must(::access(order.path, F_OK) != 0);
    }
  }

  void to_top() const { must(::fchdir(top_) == 0); }
  // The working directory is it, as the namespace that the process is in now has it.
  void take_top() {
    ::close(top_);
    top_ = ::open(".", O_PATH | O_DIRECTORY);
  }

  void begin_namespace() {
    take_top();
    has_namespace_ = true;
    must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
  }

  // Or fails, where there is no such directory at the moment.
  void change_root(const char* path) const {
    to_top();
    if (::chroot(path) != 0) return;
    must(::chdir("/") == 0);
  }

  void join(pid_t other) {
    const std::string path = "proc/" + std::to_string(other) + "/ns/mnt";
    const int fd = ::openat(top_, path.c_str(), O_RDONLY);
    if (fd < 0) return;  // hidden by a root that was pivoted to
    must(::setns(fd, CLONE_NEWNS) == 0);
    ::close(fd);
    has_namespace_ = true;  // it may be the first one's, too: no more pivots there
    may_pivot_ = false;
    take_top();
  }

  static void go_on_in(pid_t child) {
    must(child >= 0);
    if (child == 0) return;
    int status = 0;
    must(::waitpid(child, &status, 0) == child && status == 0);
    ::_exit(0);
  }

  void pivot(const char* path) {
    if (!has_namespace_ || !may_pivot_) return;
    to_top();
    if (::mount("none", path, "tmpfs", 0, nullptr) != 0) return;
    const std::string old = std::string(path) + "/old";
    must(::mkdir(old.c_str(), 0700) == 0);
    ::syscall(SYS_pivot_root, path, old.c_str());  // fails where the root is no mount
  }

  int orders_;
  int top_;
  bool has_namespace_ = false;
  bool may_pivot_ = true;
};

// As the kernel spells it for a reader in ior's place.
std::string root_by_proc(pid_t pid) {
  std::array<char, 4096> path{};
  const std::string link = "/proc/" + std::to_string(pid) + "/root";
  must(::readlink(link.c_str(), path.data(), path.size() - 1) > 0);
  const std::string root = path.data() == std::string("/") ? "" : path.data();
  const std::string name = namespace_of(pid);
  return name == own_namespace() ? root : name + root;
}

class Driver {
 public:
  Driver(std::string directory, unsigned seed) : directory_(std::move(directory)), random_(seed) {
    for (auto& ends : sockets_) must(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()) == 0);
  }

  // In the traced process.
  void run_actors() {
    for (const auto& ends : sockets_) {
      if (::fork() != 0) continue;
      for (const auto& others : sockets_) ::close(others[0]);
      Actor(ends[1]).run();
      ::_exit(0);
    }
    for (const auto& ends : sockets_) {
      ::close(ends[0]);
      ::close(ends[1]);
    }
    for (std::size_t i = 0; i < kProcesses; ++i) {
      int status = 0;
      must(::wait(&status) > 0 && status == 0);
    }
  }

  // In the test's own.
  void drive() {
    for (std::size_t i = 0; i < kProcesses; ++i) take_answer(i);
    for (int step = 0; step < kSteps; ++step) {
      if (draw(8) == 0)
        move_a_directory();
      else
        tell_one();
      for (std::size_t i = 0; i < kProcesses; ++i) mark(i, step);
    }
    for (const auto& ends : sockets_) ::shutdown(ends[0], SHUT_RDWR);
  }

  const std::vector<std::pair<std::string, std::string>>& marks() const { return marks_; }

 private:
  std::size_t draw(std::size_t below) { return random_() % below; }

  void take_answer(std::size_t i) {
    must(::read(sockets_[i][0], &pids_[i], sizeof(pids_[i])) == sizeof(pids_[i]));
  }
  void tell(std::size_t i, const Order& order) {
    must(::write(sockets_[i][0], &order, sizeof(order)) == sizeof(order));
    take_answer(i);
  }

  void tell_one() {
    static constexpr std::array kPlaces = {"/a", "/b", "/c", "/a/data", "/b/data"};
    Order order{.step = static_cast<Step>(draw(static_cast<std::size_t>(Step::last) + 1)),
                .other = pids_[draw(kProcesses)],
                .path = "."};
    const std::string place = directory_.substr(1) + kPlaces[draw(kPlaces.size())];
    if (draw(4) != 0) std::ranges::copy(place, order.path);
    if (order.step == Step::pivot) std::ranges::copy(directory_.substr(1) + "/b", order.path);
    tell(draw(kProcesses), order);
  }

  void move_a_directory() {
    const std::string a = directory_ + "/a", c = directory_ + "/c";
    if (::rename(a.c_str(), c.c_str()) != 0) must(::rename(c.c_str(), a.c_str()) == 0);
  }

  void mark(std::size_t i, int step) {
    Order order{.step = Step::mark, .other = 0, .path = {}};
    const std::string path = "/mark-" + std::to_string(step) + "-" + std::to_string(i);
    std::ranges::copy(path, order.path);
    marks_.emplace_back(path, root_by_proc(pids_[i]));
    tell(i, order);
  }

  const std::string directory_;
  std::mt19937 random_;
  std::array<std::array<int, 2>, kProcesses> sockets_{};
  std::array<pid_t, kProcesses> pids_{};
  std::vector<std::pair<std::string, std::string>> marks_;
};

using RootStates = Roots;

TEST_F(RootStates, random_steps_show_the_roots_that_proc_gave_at_each) {
  std::size_t others = 0, marks = 0;
  for (unsigned seed = 1; seed <= 3; ++seed) {
    Driver driver(directory_.path(), seed);
    std::jthread drives([&] { driver.drive(); });
    trace([&] { driver.run_actors(); });
    drives.join();
    for (const auto& [path, root] : driver.marks()) {
      EXPECT_EQ(count("access", -ENOENT, path, root), 1) << "seed " << seed;
      ++marks;
      others += !root.empty();
    }
  }
  EXPECT_EQ(marks, 3 * kSteps * kProcesses);
  EXPECT_GT(others, marks / 2) << "roots other than ior's own";
}

}  // namespace
}  // namespace ior::e2e
