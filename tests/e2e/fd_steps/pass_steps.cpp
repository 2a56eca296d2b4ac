#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>

#include "tests/e2e/fd_steps/steps.hpp"

namespace fd_steps {
namespace {

// A message of one byte that carries one fd.
struct Message {
  char byte = 'x';
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};

  Message() {
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
};

void send_fd(int socket, int fd) {
  Message message;
  cmsghdr* control = CMSG_FIRSTHDR(&message.header);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(control), &fd, sizeof(fd));
  call_on_fd(call::sendmsg_, socket, arguments(socket, &message.header, MSG_DONTWAIT));
}

// -1 where none came.
int receive_fd(int socket, Choice& choice) {
  Message message;
  const int flags = MSG_DONTWAIT | choice.flag(MSG_CMSG_CLOEXEC);
  const long size = call_on_fd(call::recvmsg_, socket, arguments(socket, &message.header, flags));
  const cmsghdr* control = size < 0 ? nullptr : CMSG_FIRSTHDR(&message.header);
  int fd = -1;
  if (control) std::memcpy(&fd, CMSG_DATA(control), sizeof(fd));
  return fd;
}

}  // namespace

void pass_to_itself(Actor& actor, Choice& choice) {
  const int fd = some_fd(actor, choice);
  std::array<int, 2> sockets = {-1, -1};
  if (fd < 0) return;
  call_plain(call::socketpair_, arguments(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()));
  send_fd(sockets[0], fd);
  const int copy = receive_fd(sockets[1], choice);
  for (const int socket : sockets) call_on_fd(call::close_, socket, arguments(socket));
  keep(actor, choice, copy);
}

void post_fd(Actor& actor, Choice& choice) {
  const int fd = some_fd(actor, choice);
  if (actor.takes_turns && fd >= 0) send_fd(kMailOut, fd);
}

void take_posted_fd(Actor& actor, Choice& choice) {
  if (actor.takes_turns) keep(actor, choice, receive_fd(kMailIn, choice));
}

// From another process where both take turns, else from its own.
void take_fd_of_process(Actor& actor, Choice& choice) {
  if (!actor.takes_turns && !actor.has_process) return;
  const Actor& other = shared().actors[static_cast<std::size_t>(choice.below(4))];
  const pid_t pid = actor.takes_turns
                        ? shared().processes[static_cast<std::size_t>(choice.below(2))]
                        : ::getpid();
  const int wanted = some_fd(actor.takes_turns ? other : actor, choice);
  const int process = static_cast<int>(call_for_fd(call::pidfd_open_, "", arguments(pid, 0)));
  if (process < 0) return;
  const long copy = call_on_fd(call::pidfd_getfd_, process, arguments(process, wanted, 0));
  call_on_fd(call::close_, process, arguments(process));
  keep(actor, choice, static_cast<int>(copy));
}

}  // namespace fd_steps
