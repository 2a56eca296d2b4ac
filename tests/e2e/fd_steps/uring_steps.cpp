#include <fcntl.h>
#include <liburing.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "tests/e2e/fd_steps/steps.hpp"

namespace fd_steps {
namespace {

constexpr int kFixedFdInstall = 54;  // newer than liburing's headers
constexpr unsigned kSlots = 4;
constexpr int kBytesMax = 4096;

// A request by what it does and its name in ior's rows.
constexpr Call kOpenat{IORING_OP_OPENAT, "io_uring_openat"};
constexpr Call kOpenat2{IORING_OP_OPENAT2, "io_uring_openat2"};
constexpr Call kClose{IORING_OP_CLOSE, "io_uring_close"};
constexpr Call kRead{IORING_OP_READ, "io_uring_read"};
constexpr Call kWrite{IORING_OP_WRITE, "io_uring_write"};
constexpr Call kRenameat{IORING_OP_RENAMEAT, "io_uring_renameat"};
constexpr Call kUnlinkat{IORING_OP_UNLINKAT, "io_uring_unlinkat"};
constexpr Call kInstall{kFixedFdInstall, "io_uring_fixed_fd_install"};

// Lives for one step, because a forked child must not use it. Some are polled by a thread of the
// kernel's, whose requests are the process's first thread's.
class Ring {
 public:
  Ring(Actor& actor, Choice& choice)
      : thread_(choice.one_in(8) ? ::getpid() : 0), sqe_flags_(choice.one_in(3) ? IOSQE_ASYNC : 0) {
    if (::io_uring_queue_init(4, &ring_, thread_ ? IORING_SETUP_SQPOLL : 0) != 0) fail("no ring");
    actor.has_workers = true;
  }
  ~Ring() {
    log_call(call::close_, 0, file_of(ring_.ring_fd).view());
    ::io_uring_queue_exit(&ring_);
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  io_uring* get() { return &ring_; }
  bool is_async() const { return sqe_flags_ != 0; }
  // To be prepared, and then run.
  io_uring_sqe* next() { return sqe_ = ::io_uring_get_sqe(&ring_); }
  long run() {
    sqe_->flags |= sqe_flags_;
    io_uring_cqe* done = nullptr;
    if (::io_uring_submit(&ring_) < 0 || ::io_uring_wait_cqe(&ring_, &done) != 0) fail("no result");
    const long result = done->res;
    ::io_uring_cqe_seen(&ring_, done);
    return result;
  }
  void log(const Call& request, long result, std::string_view file) const {
    log_call_of(thread_ ? thread_ : ::gettid(), request, result, file);
  }
  // Runs a request that makes no fd.
  long run_logged(const Call& request, const Text& file) {
    const long result = run();
    log(request, result, file.view());
    return result;
  }

 private:
  io_uring ring_{};
  io_uring_sqe* sqe_ = nullptr;
  pid_t thread_;
  std::uint8_t sqe_flags_;
};

struct Opening {
  Place place;
  open_how how{};

  Opening(const Actor& actor, Choice& choice) {
    constexpr std::array kKinds = {O_RDWR | O_CREAT, O_RDWR, O_RDONLY | O_DIRECTORY,
                                   O_WRONLY | O_CREAT | O_TRUNC, O_RDWR | O_TMPFILE};
    const int flags = kKinds[static_cast<std::size_t>(choice.below(kKinds.size()))];
    how.flags = static_cast<unsigned>(flags);
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) how.mode = 0600;
    const bool is_new = flags & O_CREAT && !choice.one_in(4);
    place = some_place_at(actor, choice, is_new ? Wanted::missing : Wanted::existing);
  }
};

// With which request it was prepared.
const Call& prepare_open(io_uring_sqe* sqe, Opening& opening, Choice& choice) {
  const char* path = opening.place.path.c_str();
  if (choice.one_in(2)) {
    ::io_uring_prep_openat2(sqe, opening.place.dirfd, path, &opening.how);
    return kOpenat2;
  }
  ::io_uring_prep_openat(sqe, opening.place.dirfd, path, static_cast<int>(opening.how.flags),
                         static_cast<mode_t>(opening.how.mode));
  return kOpenat;
}

bool is_file_or_directory(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

// Reads or writes, most often with a result that no other request of the actor has.
void use(Actor& actor, Choice& choice, Ring& ring, int fd, std::uint8_t flags, const Text& file) {
  static std::array<char, kBytesMax> bytes{};
  const bool is_read = choice.one_in(3);
  const auto size = static_cast<unsigned>(++actor.marks % kBytesMax);
  io_uring_sqe* sqe = ring.next();
  if (is_read)
    ::io_uring_prep_read(sqe, fd, bytes.data(), size, 0);
  else
    ::io_uring_prep_write(sqe, fd, bytes.data(), size, 0);
  sqe->flags |= flags;
  ring.run_logged(is_read ? kRead : kWrite, file);
}

// Closes a direct descriptor. Which file that was is not known where a worker does it.
void close_slot(Ring& ring, unsigned slot, const Text& file) {
  ::io_uring_prep_close_direct(ring.next(), slot);
  ring.run_logged(kClose, ring.is_async() ? "[unknown: file looked up later]" : file);
}

int install(Ring& ring, int slot, Choice& choice) {
  io_uring_sqe* sqe = ring.next();
  ::io_uring_prep_rw(kFixedFdInstall, sqe, slot, nullptr, 0, 0);
  sqe->flags |= IOSQE_FIXED_FILE;
  sqe->rw_flags = choice.flag(1);  // without close-on-exec
  const long fd = ring.run();
  ring.log(kInstall, fd, file_of(static_cast<int>(fd)).view());
  return static_cast<int>(fd);
}

void open_by_request(Actor& actor, Choice& choice) {
  Ring ring(actor, choice);
  Opening opening(actor, choice);
  const Text otherwise = name_of(opening.place);
  const Call& request = prepare_open(ring.next(), opening, choice);
  const long fd = ring.run();
  ring.log(request, fd, (fd < 0 ? otherwise : file_of(static_cast<int>(fd))).view());
  keep(actor, choice, static_cast<int>(fd));
}

void close_by_request(Actor& actor, Choice& choice) {
  const int fd = choice.one_in(8) ? zone_fd(actor, choice) : some_fd(actor, choice);
  if (fd < 0) return;
  Ring ring(actor, choice);
  const Text file = file_of(fd);
  ::io_uring_prep_close(ring.next(), fd);
  ring.run_logged(kClose, file);
  std::ranges::replace(actor.fds, fd, -1);
  if (is_settled(actor, fd)) check(actor, fd);
}

void use_by_request(Actor& actor, Choice& choice) {
  const int fd = some_fd(actor, choice);
  if (fd < 0 || !is_file_or_directory(fd)) return;
  Ring ring(actor, choice);
  const Text file = file_of(fd);
  if (choice.one_in(2) && ::io_uring_register_files(ring.get(), &fd, 1) == 0) {
    if (choice.one_in(2)) close_fd(actor, fd);
    use(actor, choice, ring, 0, IOSQE_FIXED_FILE, file);
  } else {
    use(actor, choice, ring, fd, 0, file);
  }
}

void use_direct_descriptor(Actor& actor, Choice& choice) {
  Ring ring(actor, choice);
  const auto slot = static_cast<unsigned>(choice.below(kSlots));
  const int fixed = static_cast<int>(slot);
  if (::io_uring_register_files_sparse(ring.get(), kSlots) != 0) fail("no direct descriptors");
  Opening opening(actor, choice);
  const Text name = name_of(opening.place);
  io_uring_sqe* sqe = ring.next();
  const Call& request = prepare_open(sqe, opening, choice);
  sqe->file_index = slot + 1;
  const long opened = ring.run_logged(request, name);
  const int fd = install(ring, fixed, choice);
  const Text file = file_of(fd);
  if (fd >= 0 && is_file_or_directory(fd)) use(actor, choice, ring, fixed, IOSQE_FIXED_FILE, file);
  close_slot(ring, slot, file);
  if (opened >= 0) close_slot(ring, slot, file_of(-1));
  keep(actor, choice, fd);
}

void rename_by_request(Actor& actor, Choice& choice) {
  const unsigned flags = choice.one_in(2) ? RENAME_EXCHANGE : 0;
  const Place from = some_place_at(actor, choice);
  const Place to = some_place_at(actor, choice, flags ? Wanted::existing : Wanted::missing);
  {
    Ring ring(actor, choice);
    Text names = name_of(from);
    names += " -> ";
    names += name_of(to).view();
    ::io_uring_prep_renameat(ring.next(), from.dirfd, from.path.c_str(), to.dirfd, to.path.c_str(),
                             flags);
    ring.run_logged(kRenameat, names);
  }
  check_some(actor, choice);
}

void remove_by_request(Actor& actor, Choice& choice) {
  const Place place = some_place_at(actor, choice);
  {
    Ring ring(actor, choice);
    ::io_uring_prep_unlinkat(ring.next(), place.dirfd, place.path.c_str(),
                             choice.flag(AT_REMOVEDIR));
    ring.run_logged(kUnlinkat, name_of(place));
  }
  check_some(actor, choice);
}

}  // namespace

void make_requests(Actor& actor, Choice& choice) {
  constexpr std::array<Step, 10> kSteps = {
      open_by_request,       open_by_request,      close_by_request,  use_by_request,
      use_by_request,        rename_by_request,    rename_by_request, remove_by_request,
      use_direct_descriptor, use_direct_descriptor};
  if (actor.left_workers) return;
  kSteps[static_cast<std::size_t>(choice.below(kSteps.size()))](actor, choice);
}

}  // namespace fd_steps
