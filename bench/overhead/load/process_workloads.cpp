// forkexec and counted: many processes.
#include <fcntl.h>
#include <sys/stat.h>

#include <stdexcept>

#include "base/unique_fd.hpp"
#include "processes.hpp"
#include "sliced.hpp"

namespace ior::load {
namespace {

constexpr std::uint64_t kCallsPerExecution = 11;

class ForkExec : public Workload {
 public:
  Measured run(const Limit& limit) override {
    return run_in_slices(limit, kCallsPerExecution, 20, [this](std::uint64_t units, Tally& tally) {
      for (std::uint64_t i = 0; i < units; ++i) fork_and_execute(tally, program_);
    });
  }

 private:
  std::string program_ = path_of_executed_program();
};

// Calls of one record and of two take turns, so that a loss of either kind shows.
class Counted : public Workload {
 public:
  explicit Counted(std::size_t processes) : processes_(processes), tallies_(processes) {}

  Measured run(const Limit& limit) override {
    Measured measured;
    const std::uint64_t start_ns = now_ns();
    run_processes(measured.calls, processes_,
                  [&](std::size_t i) { make_calls(tallies_[i], limit, start_ns); });
    measured.elapsed_ns = now_ns() - start_ns;
    measured.calls += tallies_.take();
    return measured;
  }

 private:
  void make_calls(Tally& tally, const Limit& limit, std::uint64_t start_ns) const {
    char byte = 0;
    struct stat status {};
    for (std::uint64_t i = 0; limit.calls == 0 || i < limit.calls; ++i) {
      if (limit.time_ns != 0 && i % 1000 == 0 && now_ns() - start_ns > limit.time_ns) return;
      if (i % 3 == 0) {
        must(tally, Call::read, zero_.get(), &byte, 1);
      } else if (i % 3 == 1) {
        must(tally, Call::write, null_.get(), &byte, 1);
      } else {
        must(tally, Call::newfstatat, AT_FDCWD, "/dev/null", &status, 0);
      }
    }
  }

  std::size_t processes_;
  SharedTallies tallies_;
  UniqueFd zero_{::open("/dev/zero", O_RDONLY | O_CLOEXEC)};
  UniqueFd null_{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
};

}  // namespace

std::unique_ptr<Workload> make_forkexec(const Settings&) {
  return std::make_unique<ForkExec>();
}

std::unique_ptr<Workload> make_counted(const Settings& settings) {
  return std::make_unique<Counted>(settings.processes);
}

}  // namespace ior::load
