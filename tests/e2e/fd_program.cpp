// A program to be traced, which does with fds, paths, threads and processes what ordinary programs
// do seldom. Works in its working directory; what it calls may fail, as some of it has to.
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr const char* kStrange = "a \"b\", <c>\\d\n\377 -> e (deleted)";

template <typename... Arguments>
long call(long number, Arguments... arguments) {
  return ::syscall(number, arguments...);
}

int make(const char* path) {
  return ::open(path, O_RDWR | O_CREAT, 0600);
}

void put(int fd) {
  (void)!::write(fd, "text", 4);
}

void in_child(void (*work)()) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

void copy_fds() {
  const int fd = make("file");
  put(::dup(fd));
  ::dup2(fd, 100);
  put(100);
  ::dup3(fd, 101, O_CLOEXEC);
  put(::fcntl(fd, F_DUPFD, 200));
  ::fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK);
  ::fcntl(fd, F_GETFL);
  call(SYS_close_range, 100u, 150u, 0u);
  put(100);
  ::close(fd);
  put(fd);
  ::close(-1);
}

void odd_paths() {
  ::mkdir(kStrange, 0700);
  const int directory = ::open(kStrange, O_RDONLY | O_DIRECTORY);
  const int file = ::openat(directory, kStrange, O_RDWR | O_CREAT, 0600);
  put(file);
  ::linkat(directory, kStrange, AT_FDCWD, "second", 0);
  ::symlinkat(kStrange, directory, "link");
  std::array<char, 256> text{};  // a struct statx, too
  (void)!::readlinkat(directory, "link", text.data(), text.size());
  call(SYS_renameat2, directory, kStrange, AT_FDCWD, "moved", 0u);
  put(file);
  call(SYS_renameat, AT_FDCWD, "moved", directory, "back");
  put(file);
  ::unlinkat(directory, "link", 0);
  ::unlinkat(directory, "back", 0);
  ::unlink("second");
  put(file);
  (void)!::fchdir(directory);
  ::access("none", F_OK);
  ::rmdir("../none");
  (void)!::chdir("..");
  ::rmdir(kStrange);
  ::access("file", F_OK);
  ::openat(directory, "none", O_RDONLY);
  ::openat(directory, "/proc/self/exe", O_RDONLY);
  ::openat(999, "none", O_RDONLY);
  call(SYS_openat, directory, nullptr, 0);
  call(SYS_openat, directory, 16L, 0);
  call(SYS_open, "", O_RDONLY, 0);
  call(SYS_open, std::string(5000, 'x').c_str(), O_RDONLY, 0);
  call(SYS_open, std::string(300, 'x').c_str(), O_RDONLY, 0);
  call(SYS_statx, directory, "", AT_EMPTY_PATH, 0, text.data());
  ::close(directory);
}

void path_calls() {
  struct stat status {};
  struct statfs system {};
  std::array<char, 256> buffer{};
  ::close(make("plain"));
  call(SYS_stat, "plain", &status);
  call(SYS_lstat, "./plain", &status);
  call(SYS_creat, "created", 0600);
  call(SYS_rename, "created", "plain");
  call(SYS_link, "plain", "hard");
  call(SYS_symlink, "plain", "soft");
  call(SYS_readlink, "soft", buffer.data(), buffer.size());
  call(SYS_chmod, "plain", 0640);
  call(SYS_fchmodat, AT_FDCWD, "plain", 0600);
  call(SYS_chown, "plain", 0, 0);
  call(SYS_lchown, "soft", 0, 0);
  call(SYS_fchownat, AT_FDCWD, "soft", 0, 0, AT_SYMLINK_NOFOLLOW);
  call(SYS_truncate, "plain", 100L);
  call(SYS_statfs, "plain", &system);
  call(SYS_utime, "plain", nullptr);
  call(SYS_utimes, "plain", nullptr);
  call(SYS_utimensat, AT_FDCWD, "plain", nullptr, 0);
  call(SYS_futimesat, AT_FDCWD, "plain", nullptr);
  call(SYS_faccessat, AT_FDCWD, "plain", F_OK);
  call(SYS_faccessat2, AT_FDCWD, "plain", F_OK, 0);
  call(SYS_mknod, "node", S_IFIFO | 0600, 0);
  call(SYS_setxattr, "plain", "user.a", "b", 1L, 0);
  call(SYS_getxattr, "plain", "user.a", buffer.data(), buffer.size());
  call(SYS_llistxattr, "soft", buffer.data(), buffer.size());
  call(SYS_removexattr, "plain", "user.a");
  call(SYS_mount, "none", "absent", "tmpfs", 0L, nullptr);
  call(SYS_umount2, "absent", 0);
  call(SYS_chroot, "absent");
  call(SYS_acct, "absent/none");
  call(SYS_swapon, "absent", 0);
  call(SYS_pivot_root, "absent", "other");
  call(SYS_quotactl, 0x80000700, "absent", 0, buffer.data());
  call(SYS_move_mount, AT_FDCWD, "absent", AT_FDCWD, "other", 0);
  call(SYS_open_tree, AT_FDCWD, "absent", 0);
  call(SYS_fspick, AT_FDCWD, "absent", 0);
  call(SYS_fsopen, "nofs", 0);
  call(SYS_execveat, AT_FDCWD, "absent", nullptr, nullptr, 0);
  call(SYS_execve, "absent", nullptr, nullptr);
}

void file_calls() {
  struct stat status {};
  struct statfs system {};
  std::array<char, 256> buffer{};
  const std::array<std::uint64_t, 3> how = {O_RDWR, 0, 0};
  const auto fd = static_cast<int>(call(SYS_openat2, AT_FDCWD, "plain", how.data(), sizeof(how)));
  call(SYS_utimensat, fd, nullptr, nullptr, 0);
  call(SYS_futimesat, fd, nullptr, nullptr);
  call(SYS_fstat, fd, &status);
  call(SYS_fstatfs, fd, &system);
  call(SYS_fsetxattr, fd, "user.a", "b", 1L, 0);
  call(SYS_flistxattr, fd, buffer.data(), buffer.size());
  call(SYS_fchmod, fd, 0600);
  call(SYS_fchown, fd, 0, 0);
  call(SYS_ftruncate, fd, 10L);
  call(SYS_fallocate, fd, 0, 0L, 100L);
  call(SYS_fadvise64, fd, 0L, 0L, 0);
  call(SYS_readahead, fd, 0L, 10L);
  call(SYS_flock, fd, 2);
  call(SYS_fsync, fd);
  call(SYS_fdatasync, fd);
  call(SYS_sync_file_range, fd, 0L, 0L, 0u);
  call(SYS_syncfs, fd);
  call(SYS_ioctl, fd, FIONREAD, buffer.data());
  alignas(file_handle) std::array<char, sizeof(file_handle) + MAX_HANDLE_SZ> handle{};
  reinterpret_cast<file_handle*>(handle.data())->handle_bytes = MAX_HANDLE_SZ;
  int mount_id = 0;
  call(SYS_name_to_handle_at, fd, "", handle.data(), &mount_id, AT_EMPTY_PATH);
  put(static_cast<int>(call(SYS_open_by_handle_at, fd, handle.data(), O_WRONLY)));
  call(SYS_open_by_handle_at, -1, handle.data(), O_WRONLY);
  ::close(fd);
}

void move_data() {
  const int in = make("in"), out = make("out");
  for (int i = 0; i < 10; ++i) put(in);
  std::array<int, 2> pipe{}, second{};
  (void)!::pipe2(pipe.data(), 0);
  (void)!::pipe(second.data());
  off_t from = 0;
  ::sendfile(out, in, &from, 8);
  loff_t start = 0;
  ::copy_file_range(in, &start, out, nullptr, 8, 0);
  ::splice(in, &start, pipe[1], nullptr, 8, 0);
  ::tee(pipe[0], second[1], 8, 0);
  ::splice(pipe[0], nullptr, out, nullptr, 8, 0);
  std::array<char, 16> buffer{};
  iovec vector{buffer.data(), 4};
  ::vmsplice(pipe[1], &vector, 1, 0);
  ::readv(pipe[0], &vector, 1);
  ::preadv(in, &vector, 1, 0);
  ::pwritev(out, &vector, 1, 0);
  ::pwrite(out, "x", 1, 5);
  ::lseek(in, -1, SEEK_SET);
  void* mapped = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, in, 0);
  ::msync(mapped, 4096, MS_SYNC);
  ::munmap(mapped, 4096);
  ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, 777, 0);
  ::close_range(static_cast<unsigned>(pipe[0]), static_cast<unsigned>(pipe[0]), 0);
}

void kernel_objects() {
  const int memory = ::memfd_create("some memory, \"quoted\"", 0);
  put(memory);
  const int event = ::eventfd(0, EFD_NONBLOCK), poll = ::epoll_create1(0);
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, 0);
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGUSR2);
  const int signal = ::signalfd(-1, &signals, 0);
  put(signal);
  const int watch = ::inotify_init1(0);
  ::inotify_add_watch(watch, "file", IN_MODIFY);
  ::inotify_add_watch(watch, "none", IN_MODIFY);
  epoll_event wanted{.events = EPOLLIN, .data = {}};
  ::epoll_ctl(poll, EPOLL_CTL_ADD, event, &wanted);
  ::epoll_wait(poll, &wanted, 1, 1);
  std::uint64_t value = 1;
  (void)!::write(event, &value, sizeof(value));
  (void)!::read(event, &value, sizeof(value));
  (void)!::read(event, &value, sizeof(value));
  itimerspec when{};
  ::timerfd_settime(timer, 0, &when, nullptr);
  const auto process = static_cast<int>(call(SYS_pidfd_open, ::getpid(), 0));
  call(SYS_pidfd_send_signal, process, 0, nullptr, 0);
  call(SYS_pidfd_getfd, process, event, 0);
  std::array<char, 120> ring{};
  call(SYS_io_uring_setup, 4, ring.data());
  const int tty = ::open("/dev/ptmx", O_RDWR);
  ::ioctl(tty, TIOCGWINSZ, ring.data());
  call(SYS_umask, 022);
}

// Most fail: they have the wrong kind of fd.
void rare_fd_calls() {
  alignas(8) std::array<char, 256> buffer{};
  iovec vector{buffer.data(), 4};
  mmsghdr messages{};
  socklen_t size = 16;
  const int fd = make("rare"), directory = ::open(".", O_RDONLY | O_DIRECTORY);
  const int signals = ::signalfd(-1, reinterpret_cast<sigset_t*>(buffer.data()), 0);
  ::signalfd(signals, reinterpret_cast<sigset_t*>(buffer.data()), 0);
  call(SYS_preadv2, fd, &vector, 1, 0L, 0L, 0);
  call(SYS_pwritev2, fd, &vector, 1, 0L, 0L, 0);
  call(SYS_getdents64, directory, buffer.data(), buffer.size());
  call(SYS_getdents, directory, buffer.data(), buffer.size());
  call(SYS_fremovexattr, fd, "user.none");
  call(SYS_fgetxattr, fd, "user.none", buffer.data(), 4L);
  call(SYS_epoll_pwait, fd, buffer.data(), 1, 0, nullptr, 8L);
  call(SYS_epoll_pwait2, fd, buffer.data(), 1, nullptr, nullptr, 8L);
  call(SYS_sendmmsg, fd, &messages, 1u, 0u);
  call(SYS_recvmmsg, fd, &messages, 1u, 0u, nullptr);
  call(SYS_getsockname, fd, buffer.data(), &size);
  call(SYS_getpeername, fd, buffer.data(), &size);
  call(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, buffer.data(), 4u);
  call(SYS_getsockopt, fd, SOL_SOCKET, SO_REUSEADDR, buffer.data(), &size);
  call(SYS_accept, fd, nullptr, nullptr);
  call(SYS_timerfd_gettime, fd, buffer.data());
  call(SYS_inotify_rm_watch, fd, 1);
  call(SYS_mq_open, "name", O_RDONLY, 0, nullptr);
  call(SYS_mq_unlink, "name");
  call(SYS_mq_timedsend, fd, buffer.data(), 1L, 0u, nullptr);
  call(SYS_mq_timedreceive, fd, buffer.data(), 1L, nullptr, nullptr);
  call(SYS_mq_notify, fd, nullptr);
  call(SYS_mq_getsetattr, fd, nullptr, nullptr);
  call(SYS_io_uring_enter, fd, 0u, 0u, 0u, nullptr, 0L);
  call(SYS_io_uring_register, fd, 0u, nullptr, 0u);
  call(SYS_setns, fd, 0);
  call(SYS_fsconfig, fd, 0u, "key", nullptr, 0);
  call(SYS_fsmount, fd, 0u, 0u);
  call(SYS_mount_setattr, directory, "none", 0u, buffer.data(), 32L);
  call(SYS_move_mount, directory, "none", directory, "other", 0u);
  call(SYS_fanotify_init, 0u, 0u);
  call(SYS_fanotify_mark, fd, 1u, 1L, directory, "none");
  call(SYS_quotactl_fd, fd, 0x800007u << 8, 0, buffer.data());
  call(SYS_process_madvise, fd, &vector, 1L, 0, 0u);
  call(SYS_process_mrelease, fd, 0u);
  call(SYS_finit_module, fd, "", 0);
  call(SYS_landlock_add_rule, fd, 1, buffer.data(), 0u);
  call(SYS_landlock_restrict_self, fd, 0u);
  call(SYS_kcmp, ::getpid(), ::getpid(), 0, fd, directory);
  call(SYS_userfaultfd, 0);
  call(SYS_memfd_secret, 0u);
  call(SYS_perf_event_open, buffer.data(), 0, -1, fd, 0L);
  call(SYS_remap_file_pages, buffer.data(), 0L, 0L, 0L, 0L);
  call(SYS_uselib, "none");
  call(SYS_statx, AT_FDCWD, "rare", 0, 0u, nullptr);
  call(SYS_unlinkat, directory, "rare", 0);
  call(SYS_mkdirat, directory, "rare.d", 0700);
  call(SYS_rmdir, "rare.d");
  call(SYS_fchdir, directory);
}

// An fd goes to a child through a socket, under another number.
void pass_fd() {
  static std::array<int, 2> ends;
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data());
  const pid_t child = ::fork();
  char byte = 'x';
  iovec data{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (child == 0) {
    ::recvmsg(ends[1], &message, 0);
    int fd;
    __builtin_memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
    put(fd);
    ::_exit(0);
  }
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = make("passed");
  __builtin_memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  ::unlink("passed");
  ::sendmsg(ends[0], &message, 0);
  ::waitpid(child, nullptr, 0);
}

void use_sockets() {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const sockaddr_un address{.sun_family = AF_UNIX, .sun_path = "socket"};
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  ::bind(listener, name, sizeof(address));
  ::listen(listener, 1);
  const int client = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ::connect(client, name, sizeof(address));
  const int server = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  ::send(client, "x", 1, 0);
  char byte;
  ::recv(server, &byte, 1, 0);
  ::shutdown(server, SHUT_RDWR);
}

// Each thread in files of its own; one has a table, another a working directory to itself.
void use_threads() {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      const std::string name = "thread" + std::to_string(i);
      ::mkdir(name.c_str(), 0700);
      if (i == 1) ::unshare(CLONE_FILES);
      const int directory = ::open(name.c_str(), O_RDONLY);
      for (int k = 0; k < 20; ++k) {
        const int fd = ::openat(directory, std::to_string(k).c_str(), O_RDWR | O_CREAT, 0600);
        put(fd);
        ::close(fd);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

void interrupted_calls() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGALRM, &action, nullptr);
  std::array<int, 2> pipe{};
  (void)!::pipe(pipe.data());
  const itimerval soon{{}, {0, 20'000}};
  const pid_t child = ::fork();
  if (child == 0) {
    ::usleep(60'000);
    put(pipe[1]);
    ::_exit(0);
  }
  ::setitimer(ITIMER_REAL, &soon, nullptr);
  char byte;
  (void)!::read(pipe[0], &byte, 1);
  ::setitimer(ITIMER_REAL, &soon, nullptr);
  ::pause();
  ::setitimer(ITIMER_REAL, &soon, nullptr);
  ::usleep(40'000);
  ::waitpid(child, nullptr, 0);
}

// Stopped and continued in a sleep that then goes on.
void stopped() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::usleep(100'000);
    ::_exit(0);
  }
  ::usleep(20'000);
  ::kill(child, SIGSTOP);
  ::usleep(20'000);
  ::kill(child, SIGCONT);
  ::waitpid(child, nullptr, 0);
}

// A thread that is not the leader becomes another program, while others are in calls.
void exec_in_thread() {
  ::mkfifo("fifo", 0600);
  std::thread([] { (void)!::open("fifo", O_RDONLY); }).detach();
  std::thread([] {
    ::usleep(20'000);
    ::execl("/bin/echo", "echo", "text", nullptr);
  }).join();
}

void exit_with_threads() {
  for (int i = 0; i < 3; ++i) std::thread([] { ::pause(); }).detach();
  ::usleep(20'000);
  ::exit(0);
}

void die_of_a_signal() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  ::usleep(20'000);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

void spawn() {
  static const char* const arguments[] = {"true", nullptr};
  const pid_t child = ::vfork();
  if (child == 0) {
    ::execve("/bin/true", const_cast<char* const*>(arguments), nullptr);
    ::_exit(127);
  }
  ::waitpid(child, nullptr, 0);
}

// Files on a file system that is mounted, moved and unmounted under them.
void mounts() {
  ::unshare(CLONE_NEWNS);
  ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  ::mkdir("mounted", 0700);
  ::mount("memory", "mounted", "tmpfs", 0, nullptr);
  const int fd = make("mounted/file");
  put(fd);
  ::mkdir("elsewhere", 0700);
  ::mount("mounted", "elsewhere", nullptr, MS_MOVE, nullptr);
  put(fd);
  ::close(fd);
  ::umount("elsewhere");
}

}  // namespace

int main() {
  copy_fds();
  odd_paths();
  in_child(path_calls);
  in_child(file_calls);
  in_child(move_data);
  in_child(kernel_objects);
  in_child(rare_fd_calls);
  pass_fd();
  use_sockets();
  use_threads();
  interrupted_calls();
  stopped();
  spawn();
  die_of_a_signal();
  in_child(exec_in_thread);
  in_child(exit_with_threads);
  in_child(mounts);
}
