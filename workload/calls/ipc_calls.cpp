// Exercises of family IPC: pipes, SysV IPC, POSIX message queues and futexes.
#include <linux/futex.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>

#include "calls/child.hpp"
#include "calls/exercise.hpp"
#include "calls/files.hpp"
#include "calls/isolate.hpp"
#include "sys.hpp"

namespace ioworkload::exercise {
namespace {

constexpr int kMode = 0600;
constexpr int kAbsentKey = 4711;
constexpr int kAbsentId = 4711;
constexpr int kBadOption = 9999;
constexpr long kMessageBytes = 5;

std::array<char, 1 << 14> buffer;  // holds the largest message

struct Message {
  long type = 1;
  char text[kMessageBytes] = {'h', 'e', 'l', 'l', 'o'};
};

constexpr timespec kNoTime = {0, 0};

int checked(const char* call, int result) {
  if (result < 0) throw SyscallError(call, errno);
  return result;
}

int new_segment() {
  return checked("shmget", ::shmget(IPC_PRIVATE, 4096, kMode));
}

int new_semaphore() {
  return checked("semget", ::semget(IPC_PRIVATE, 1, kMode));
}

int new_message_queue() {
  return checked("msgget", ::msgget(IPC_PRIVATE, kMode));
}

// Of the kernel's own name: the slash is the library's.
OpenFile new_posix_queue() {
  return adopt(::syscall(SYS_mq_open, "queue", O_RDWR | O_CREAT | O_NONBLOCK, kMode, nullptr),
               O_RDWR | O_NONBLOCK);
}

// A futex word that child processes share.
std::uint32_t* new_futex() {
  void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw SyscallError("mmap", errno);
  return static_cast<std::uint32_t*>(memory);
}

// Wakes the child that `wait` puts to sleep on the futex.
void wake_child(std::uint32_t* futex, const std::function<void()>& wait) {
  const pid_t child = start_child(wait);
  constexpr timespec kPause = {0, 1'000'000};
  while (::syscall(SYS_futex, futex, FUTEX_WAKE, 1, nullptr, nullptr, 0) == 0) {
    ::nanosleep(&kPause, nullptr);
  }
  expect_good_end(child);
}

::futex_waitv waiter(const std::uint32_t* futex, std::uint32_t value) {
  ::futex_waitv entry{};
  entry.val = value;
  entry.uaddr = reinterpret_cast<std::uint64_t>(futex);
  entry.flags = FUTEX_32;
  return entry;
}

}  // namespace

void pipe(const Calls& calls) {
  std::array<int, 2> ends{};
  calls.returns(0, {ends.data()});
  calls.fails(EFAULT, {kBadAddress});
}

void pipe2(const Calls& calls) {
  std::array<int, 2> ends{};
  calls.returns(0, {ends.data(), O_CLOEXEC});
  calls.fails(EINVAL, {ends.data(), O_RDWR});
}

void shmget(const Calls& calls) {
  leave_ipc_alone();
  calls.succeeds({IPC_PRIVATE, 4096, kMode});
  calls.fails(ENOENT, {kAbsentKey, 4096, 0});
}

void shmat(const Calls& calls) {
  leave_ipc_alone();
  calls.succeeds({new_segment(), nullptr, 0});
  calls.fails(EINVAL, {kAbsentId, nullptr, 0});
}

void shmdt(const Calls& calls) {
  leave_ipc_alone();
  void* address = ::shmat(new_segment(), nullptr, 0);
  calls.returns(0, {address});
  calls.fails(EINVAL, {address});
}

void shmctl(const Calls& calls) {
  leave_ipc_alone();
  const int id = new_segment();
  calls.returns(0, {id, IPC_STAT, buffer.data()});
  calls.returns(0, {id, IPC_RMID, nullptr});
  calls.fails(EINVAL, {id, IPC_STAT, buffer.data()});
}

void semget(const Calls& calls) {
  leave_ipc_alone();
  calls.succeeds({IPC_PRIVATE, 1, kMode});
  calls.fails(ENOENT, {kAbsentKey, 1, 0});
}

void semop(const Calls& calls) {
  leave_ipc_alone();
  const int id = new_semaphore();
  sembuf add = {.sem_num = 0, .sem_op = 1, .sem_flg = 0};
  sembuf take = {.sem_num = 0, .sem_op = -2, .sem_flg = IPC_NOWAIT};
  calls.returns(0, {id, &add, 1});
  calls.fails(EAGAIN, {id, &take, 1});
}

void semtimedop(const Calls& calls) {
  leave_ipc_alone();
  const int id = new_semaphore();
  sembuf add = {.sem_num = 0, .sem_op = 1, .sem_flg = 0};
  sembuf take = {.sem_num = 0, .sem_op = -2, .sem_flg = 0};
  calls.returns(0, {id, &add, 1, nullptr});
  calls.fails(EAGAIN, {id, &take, 1, &kNoTime});
}

void semctl(const Calls& calls) {
  leave_ipc_alone();
  const int id = new_semaphore();
  calls.returns(0, {id, 0, SETVAL, 3});
  calls.returns(3, {id, 0, GETVAL, 0});
  calls.fails(EINVAL, {kAbsentId, 0, GETVAL, 0});
}

void msgget(const Calls& calls) {
  leave_ipc_alone();
  calls.succeeds({IPC_PRIVATE, kMode});
  calls.fails(ENOENT, {kAbsentKey, 0});
}

void msgsnd(const Calls& calls) {
  leave_ipc_alone();
  const int id = new_message_queue();
  const Message message;
  calls.returns(0, {id, &message, kMessageBytes, IPC_NOWAIT});
  calls.fails(EINVAL, {kAbsentId, &message, kMessageBytes, IPC_NOWAIT});
}

void msgrcv(const Calls& calls) {
  leave_ipc_alone();
  const int id = new_message_queue();
  Message message;
  checked("msgsnd", ::msgsnd(id, &message, kMessageBytes, 0));
  calls.returns(kMessageBytes, {id, &message, kMessageBytes, 0, IPC_NOWAIT},
                Shown().moving(kMessageBytes));
  calls.fails(ENOMSG, {id, &message, kMessageBytes, 0, IPC_NOWAIT});
}

void msgctl(const Calls& calls) {
  leave_ipc_alone();
  const int id = new_message_queue();
  calls.returns(0, {id, IPC_STAT, buffer.data()});
  calls.returns(0, {id, IPC_RMID, nullptr});
  calls.fails(EINVAL, {id, IPC_STAT, buffer.data()});
}

void mq_open(const Calls& calls) {
  leave_ipc_alone();
  calls.opens({"queue", O_RDWR | O_CREAT, kMode, nullptr}, O_RDWR | O_CREAT);
  calls.fails(ENOENT, {"absent", O_WRONLY, 0, nullptr}, opened("absent", O_WRONLY));
}

void mq_unlink(const Calls& calls) {
  leave_ipc_alone();
  new_posix_queue();
  calls.returns(0, {"queue"}, at("queue"));
  calls.fails(ENOENT, {"queue"}, at("queue"));
}

void mq_timedsend(const Calls& calls) {
  leave_ipc_alone();
  const OpenFile queue = new_posix_queue();
  calls.returns(0, {queue.fd, "hello", kMessageBytes, 0, nullptr}, on(queue));
  calls.fails(EMSGSIZE, {queue.fd, buffer.data(), buffer.size(), 0, nullptr}, on(queue));
}

void mq_timedreceive(const Calls& calls) {
  leave_ipc_alone();
  const OpenFile queue = new_posix_queue();
  checked("mq_timedsend", static_cast<int>(::syscall(SYS_mq_timedsend, queue.fd, "hello",
                                                     kMessageBytes, 0, nullptr)));
  calls.returns(kMessageBytes, {queue.fd, buffer.data(), buffer.size(), nullptr, nullptr},
                on(queue).moving(kMessageBytes));
  calls.fails(EAGAIN, {queue.fd, buffer.data(), buffer.size(), nullptr, nullptr}, on(queue));
}

void mq_notify(const Calls& calls) {
  leave_ipc_alone();
  const OpenFile queue = new_posix_queue();
  const OpenFile file = new_file(calls, "file");
  calls.returns(0, {queue.fd, nullptr}, on(queue));
  calls.fails(EBADF, {file.fd, nullptr}, on(file));
}

void mq_getsetattr(const Calls& calls) {
  leave_ipc_alone();
  const OpenFile queue = new_posix_queue();
  const OpenFile file = new_file(calls, "file");
  calls.returns(0, {queue.fd, nullptr, buffer.data()}, on(queue));
  calls.fails(EBADF, {file.fd, nullptr, buffer.data()}, on(file));
}

void futex(const Calls& calls) {
  const std::uint32_t word = 1;
  calls.returns(0, {&word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0});
  calls.fails(EAGAIN, {&word, FUTEX_WAIT_PRIVATE, 2, nullptr, nullptr, 0});
  calls.fails(ETIMEDOUT, {&word, FUTEX_WAIT_PRIVATE, 1, &kNoTime, nullptr, 0});
}

void futex_waitv(const Calls& calls) {
  std::uint32_t* word = new_futex();
  const ::futex_waitv entry = waiter(word, 0);
  wake_child(word, [&] { calls.returns(0, {&entry, 1, 0, nullptr, CLOCK_MONOTONIC}); });
  *word = 1;
  calls.fails(EAGAIN, {&entry, 1, 0, nullptr, CLOCK_MONOTONIC});
}

void futex_wait(const Calls& calls) {
  std::uint32_t* word = new_futex();
  wake_child(word, [&] { calls.returns(0, {word, 0, ~0u, FUTEX_32, nullptr, CLOCK_MONOTONIC}); });
  calls.fails(EAGAIN, {word, 1, ~0u, FUTEX_32, nullptr, CLOCK_MONOTONIC});
}

void futex_wake(const Calls& calls) {
  const std::uint32_t word = 0;
  calls.returns(0, {&word, ~0u, 1, FUTEX_32});
  calls.fails(EINVAL, {&word, ~0u, 1, kBadOption});
}

void futex_requeue(const Calls& calls) {
  const std::array<std::uint32_t, 2> words = {0, 0};
  const std::array entries = {waiter(&words[0], 0), waiter(&words[1], 0)};
  calls.returns(0, {entries.data(), 0, 1, 1});
  calls.fails(EINVAL, {entries.data(), kBadOption, 1, 1});
}

}  // namespace ioworkload::exercise
