#include "worker.hpp"

#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <exception>
#include <new>
#include <stdexcept>

namespace ior::load {
namespace {

// A tracer can choose by this name: the forked and executed processes' names begin alike.
constexpr const char* kComm = "ior_load_work";

// A process under ptrace is told of its children's ends, and its wait4 begins anew each time.
void block_news_of_children() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
}

void wait(sem_t& semaphore) {
  while (::sem_wait(&semaphore) != 0) {
  }
}

}  // namespace

struct Worker::Channel {
  sem_t orders, answers;
  bool is_ending = false;
  Limit limit;
  Measured measured;
  std::array<char, 256> error{};
};

Worker::Worker(const std::function<std::unique_ptr<Workload>()>& make_workload) {
  void* memory =
      ::mmap(nullptr, sizeof(Channel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  channel_ = new (memory) Channel;
  ::sem_init(&channel_->orders, 1, 0);
  ::sem_init(&channel_->answers, 1, 0);
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) work(make_workload);
  wait_for_answer();
}

Worker::~Worker() {
  channel_->is_ending = true;
  ::sem_post(&channel_->orders);
  ::waitpid(pid_, nullptr, 0);
  ::munmap(channel_, sizeof(Channel));
}

Measured Worker::run(const Limit& limit) {
  channel_->limit = limit;
  ::sem_post(&channel_->orders);
  wait_for_answer();
  return channel_->measured;
}

void Worker::work(const std::function<std::unique_ptr<Workload>()>& make_workload) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NAME, kComm);
  block_news_of_children();
  try {
    const auto workload = make_workload();
    while (true) {
      ::sem_post(&channel_->answers);
      wait(channel_->orders);
      if (channel_->is_ending) break;
      channel_->measured = workload->run(channel_->limit);
    }
  } catch (const std::exception& error) {
    std::snprintf(channel_->error.data(), channel_->error.size(), "%s", error.what());
    ::sem_post(&channel_->answers);
  }
  ::_exit(0);
}

// A worker that was killed answers no more: it is looked after now and then.
void Worker::wait_for_answer() {
  while (true) {
    timespec until{};
    ::clock_gettime(CLOCK_MONOTONIC, &until);
    ++until.tv_sec;
    if (::sem_clockwait(&channel_->answers, CLOCK_MONOTONIC, &until) == 0) break;
    siginfo_t ended{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        ended.si_pid == pid_) {
      throw std::runtime_error("the workload's process died");
    }
  }
  if (channel_->error[0] != '\0') throw std::runtime_error(channel_->error.data());
}

}  // namespace ior::load
