// What the kernel side keeps of each task, where one task gets what another has left.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <string>

#include "tests/e2e/trace.hpp"

namespace ior::e2e {
namespace {

constexpr int kProcesses = 3000;  // one after the other: the kernel gives them the same memory

TEST(TaskStates, of_processes_that_come_and_go_are_their_own) {
  auto* const pids =
      static_cast<pid_t*>(::mmap(nullptr, kProcesses * sizeof(pid_t), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pids, MAP_FAILED);
  const Traced traced = trace_child(
      [pids] {
        const int fd = ::open("/etc/passwd", O_RDONLY);
        for (int i = 0; i < kProcesses; ++i) {
          const pid_t child = ::fork();
          if (child == 0) {
            ::prctl(PR_SET_NAME, ("n" + std::to_string(i)).c_str());
            char byte;
            for (int call = 0; call < 3; ++call) (void)!::pread(fd, &byte, 1, 0);
            ::_exit(0);
          }
          ::waitpid(child, nullptr, 0);
          pids[i] = child;
        }
      },
      {"-f", "-trace-syscalls", "pread64"});
  std::map<std::string, const nlohmann::json*> by_comm;
  for (const auto& record : traced.records) {
    if (record.at("tracepoint") == "enter_pread64") by_comm[record.at("comm")] = &record;
  }
  EXPECT_EQ(by_comm.size(), static_cast<std::size_t>(kProcesses));
  for (int i = 0; i < kProcesses; ++i) {
    const auto found = by_comm.find("n" + std::to_string(i));
    ASSERT_NE(found, by_comm.end()) << i;
    const nlohmann::json& record = *found->second;
    EXPECT_EQ(record.at("pid"), pids[i]);
    EXPECT_EQ(record.at("tid"), pids[i]);
    EXPECT_EQ(record.at("count"), 3);
    EXPECT_EQ(record.at("path"), "/etc/passwd");
  }
  for (const char* counter : {"given_up", "unmatched", "task_storage_full", "not_followed"}) {
    EXPECT_EQ(counted(traced.recording, counter), 0u) << counter;
  }
  ::munmap(pids, kProcesses * sizeof(pid_t));
}

}  // namespace
}  // namespace ior::e2e
