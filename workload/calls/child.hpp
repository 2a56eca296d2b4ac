// Child processes of exercises and the names of fds: made with as few other syscalls as can be,
// because a tracer sees them all.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace ioworkload {

// The thread id of this process, known without a call in every child of start_child.
int own_tid();

// Forks by a bare clone. In the child `work` runs, and then the child ends: with status 0, or with
// 1 after saying on stderr what `work` threw.
pid_t start_child(const std::function<void()>& work);

// Waits for the end of a child and says how it ended: empty for status 0. One that takes longer
// than some seconds is killed.
std::string end_of_child(pid_t child);

// The same; throws UnexpectedResult unless it ended well.
void expect_good_end(pid_t child);

// start_child and expect_good_end.
void run_child(const std::function<void()>& work);

// What /proc/self/fd says that the fd is; a readlink.
std::string name_of(int fd);

}  // namespace ioworkload
