// rw1, pread4k and socket: calls on file descriptors that are open before the run.
#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "base/unique_fd.hpp"
#include "sliced.hpp"

namespace ior::load {
namespace {

UniqueFd open_or_throw(const std::string& path, int flags) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd) throw std::system_error(errno, std::generic_category(), "cannot open " + path);
  return fd;
}

void expect_bytes(std::uint64_t moved, std::uint64_t wanted) {
  if (moved != wanted) throw std::runtime_error("a call moved fewer bytes than it should");
}

class ReadWriteOne : public Workload {
 public:
  Measured run(const Limit& limit) override {
    return run_in_slices(limit, 2, 20'000, [this](std::uint64_t units, Tally& tally) {
      char byte = 0;
      std::uint64_t moved = 0;
      for (std::uint64_t i = 0; i < units; ++i) {
        moved += static_cast<std::uint64_t>(make(tally, Call::read, zero_.get(), &byte, 1));
        moved += static_cast<std::uint64_t>(make(tally, Call::write, null_.get(), &byte, 1));
      }
      expect_bytes(moved, 2 * units);
    });
  }

 private:
  UniqueFd zero_ = open_or_throw("/dev/zero", O_RDONLY);
  UniqueFd null_ = open_or_throw("/dev/null", O_WRONLY);
};

class ReadPages : public Workload {
 public:
  explicit ReadPages(const std::string& path) : page_(kPageBytes) {
    std::ofstream(path) << std::string(kPages * kPageBytes, 'x');
    file_ = open_or_throw(path, O_RDONLY);
  }

  Measured run(const Limit& limit) override {
    return run_in_slices(limit, 1, 10'000, [this](std::uint64_t units, Tally& tally) {
      std::uint64_t moved = 0;
      for (std::uint64_t i = 0; i < units; ++i) {
        next_page_ = (next_page_ + 7) % kPages;
        moved += static_cast<std::uint64_t>(make(tally, Call::pread64, file_.get(), page_.data(),
                                                 kPageBytes, next_page_ * kPageBytes));
      }
      expect_bytes(moved, units * kPageBytes);
    });
  }

 private:
  static constexpr std::size_t kPageBytes = 4096;
  static constexpr std::size_t kPages = 256;

  std::vector<char> page_;
  UniqueFd file_;
  std::size_t next_page_ = 0;
};

// The other thread is there from the start, so that a tracer of the process has it from the start.
class PingPong : public Workload {
 public:
  PingPong() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    here_.reset(ends[0]);
    there_.reset(ends[1]);
    peer_ = std::thread([this] { answer(); });
  }

  ~PingPong() override {
    order(kEnd);
    peer_.join();
  }

  Measured run(const Limit& limit) override {
    return run_in_slices(limit, 4, 500, [this](std::uint64_t units, Tally& tally) {
      order(units);
      for (std::uint64_t i = 0; i < units; ++i) {
        send(here_.get(), tally);
        receive(here_.get(), tally);
      }
      ordered_.wait(units);
      tally += std::exchange(answered_, {});
    });
  }

 private:
  static constexpr std::uint64_t kEnd = ~std::uint64_t{0};

  static void send(int fd, Tally& tally) {
    const char byte = 'x';
    must(tally, Call::sendto, fd, &byte, 1, 0, nullptr, 0);
  }

  static void receive(int fd, Tally& tally) {
    char byte = 0;
    must(tally, Call::recvfrom, fd, &byte, 1, 0, nullptr, nullptr);
  }

  void order(std::uint64_t units) {
    ordered_ = units;
    ordered_.notify_one();
  }

  void answer() {
    while (true) {
      ordered_.wait(0);
      const std::uint64_t units = ordered_;
      if (units == kEnd) return;
      for (std::uint64_t i = 0; i < units; ++i) {
        receive(there_.get(), answered_);
        send(there_.get(), answered_);
      }
      ordered_ = 0;
      ordered_.notify_one();
    }
  }

  UniqueFd here_, there_;
  std::atomic<std::uint64_t> ordered_{0};  // what the peer has to answer; 0: nothing more
  Tally answered_;                         // the peer's, while something is ordered
  std::thread peer_;
};

}  // namespace

std::unique_ptr<Workload> make_rw1(const Settings&) {
  return std::make_unique<ReadWriteOne>();
}

std::unique_ptr<Workload> make_pread4k(const Settings& settings) {
  return std::make_unique<ReadPages>(settings.directory + "/pages");
}

std::unique_ptr<Workload> make_socket(const Settings&) {
  return std::make_unique<PingPong>();
}

}  // namespace ior::load
