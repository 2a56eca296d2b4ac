#include "probes.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <system_error>
#include <thread>
#include <vector>

#include "base/unique_fd.hpp"
#include "process.hpp"

#include <overhead_probes.skel.h>

namespace ior::overhead {
namespace {

constexpr std::size_t kRingBytes = 16 << 20;
constexpr auto kNap = std::chrono::milliseconds(1);

struct SkeletonDeleter {
  void operator()(overhead_probes_bpf* skeleton) const { overhead_probes_bpf::destroy(skeleton); }
};
struct LinkDeleter {
  void operator()(bpf_link* link) const { ::bpf_link__destroy(link); }
};
using Skeleton = std::unique_ptr<overhead_probes_bpf, SkeletonDeleter>;
using Link = std::unique_ptr<bpf_link, LinkDeleter>;

[[noreturn]] void fail_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

Skeleton load_probes(bool bare, std::size_t cpus) {
  ::libbpf_set_print(nullptr);
  Skeleton skeleton(overhead_probes_bpf::open());
  if (!skeleton) fail_errno("cannot open the harness's probes");
  ::bpf_program__set_autoload(skeleton->progs.bare_enter, bare);
  ::bpf_program__set_autoload(skeleton->progs.bare_exit, bare);
  ::bpf_program__set_autoload(skeleton->progs.empty_enter, !bare);
  ::bpf_program__set_autoload(skeleton->progs.empty_exit, !bare);
  ::bpf_map__set_max_entries(skeleton->maps.rings, static_cast<__u32>(cpus));
  if (overhead_probes_bpf::load(skeleton.get()) != 0)
    fail_errno("cannot load the harness's probes");
  return skeleton;
}

Link attach(bpf_program* program) {
  Link link(::bpf_program__attach(program));
  if (!link) fail_errno("cannot attach the harness's probes");
  return link;
}

// A ring buffer of one CPU, seen from the reader (kernel/bpf/ringbuf.c has its layout).
class Ring {
 public:
  Ring() : fd_(::bpf_map_create(BPF_MAP_TYPE_RINGBUF, "bare_ring", 0, 0, kRingBytes, nullptr)) {
    if (!fd_) fail_errno("cannot create a ring buffer");
    consumer_ = map(page_bytes(), PROT_READ | PROT_WRITE, 0);
    producer_ = map(page_bytes() + 2 * kRingBytes, PROT_READ, page_bytes());
  }
  ~Ring() {
    ::munmap(consumer_, page_bytes());
    ::munmap(producer_, page_bytes() + 2 * kRingBytes);
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  int fd() const { return fd_.get(); }

  // Walks over all records that are there, up to one that is still being written, and frees their
  // room at once. Returns how many.
  std::uint64_t discard() {
    const std::uint64_t until = load<std::uint64_t>(producer_);
    std::uint64_t position = load<std::uint64_t>(consumer_), records = 0;
    for (; position < until; ++records) {
      const auto header =
          load<std::uint32_t>(producer_ + page_bytes() + (position & (kRingBytes - 1)));
      if (header & BPF_RINGBUF_BUSY_BIT) break;
      position += (header + BPF_RINGBUF_HDR_SZ + 7) & ~std::uint64_t{7};
    }
    std::atomic_ref(*reinterpret_cast<std::uint64_t*>(consumer_))
        .store(position, std::memory_order_release);
    return records;
  }

 private:
  static std::size_t page_bytes() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

  std::byte* map(std::size_t bytes, int protection, std::size_t offset) const {
    void* memory =
        ::mmap(nullptr, bytes, protection, MAP_SHARED, fd_.get(), static_cast<off_t>(offset));
    if (memory == MAP_FAILED) fail_errno("cannot map a ring buffer");
    return static_cast<std::byte*>(memory);
  }

  template <typename T>
  static T load(std::byte* address) {
    return std::atomic_ref(*reinterpret_cast<T*>(address)).load(std::memory_order_acquire);
  }

  UniqueFd fd_;
  std::byte* consumer_ = nullptr;
  std::byte* producer_ = nullptr;
};

std::vector<std::unique_ptr<Ring>> make_rings(int map, std::size_t cpus) {
  std::vector<std::unique_ptr<Ring>> rings;
  for (__u32 cpu = 0; cpu < cpus; ++cpu) {
    rings.push_back(std::make_unique<Ring>());
    const int fd = rings.back()->fd();
    if (::bpf_map_update_elem(map, &cpu, &fd, BPF_ANY) != 0) fail_errno("cannot give out a ring");
  }
  return rings;
}

double thread_cpu_s() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

}  // namespace

struct EmptyProbes::State {
  Skeleton skeleton = load_probes(false, 1);
  Link exit = attach(skeleton->progs.empty_exit);
  Link enter = attach(skeleton->progs.empty_enter);
};

EmptyProbes::EmptyProbes() : state_(std::make_unique<State>()) {}
EmptyProbes::~EmptyProbes() = default;

struct BareTracer::State {
  explicit State(int cpu) {
    reader = std::jthread([this, cpu](const std::stop_token& stop) {
      pin_to_cpu(0, cpu);
      while (!stop.stop_requested()) {
        discard();
        std::this_thread::sleep_for(kNap);
      }
      discard();
      counts.cpu_s = thread_cpu_s();
    });
    exit = attach(skeleton->progs.bare_exit);
    enter = attach(skeleton->progs.bare_enter);
  }

  void discard() {
    for (const auto& ring : rings) counts.records += ring->discard();
  }

  std::size_t cpus = static_cast<std::size_t>(::libbpf_num_possible_cpus());
  Skeleton skeleton = load_probes(true, cpus);
  std::vector<std::unique_ptr<Ring>> rings = make_rings(::bpf_map__fd(skeleton->maps.rings), cpus);
  BareCounts counts;
  std::jthread reader;
  Link exit, enter;
};

BareTracer::BareTracer(int cpu) : state_(std::make_unique<State>(cpu)) {}
BareTracer::~BareTracer() = default;

BareCounts BareTracer::stop() {
  state_->enter.reset();
  state_->exit.reset();
  // Probes run with preemption off: after a grace period none is left that began before.
  ::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
  state_->reader.request_stop();
  state_->reader.join();
  state_->counts.lost = state_->skeleton->bss->lost_records;
  return state_->counts;
}

}  // namespace ior::overhead
