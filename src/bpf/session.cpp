#include "bpf/session.hpp"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "bpf/kernel_errors.hpp"
#include "bpf/kernel_settings.hpp"
#include "bpf/kernel_support.hpp"
#include "bpf/live_rings.hpp"

// Needs settings.h before it.
#include <ior.skel.h>

namespace ior {
namespace {

constexpr const char* kKernelTypes = "/sys/kernel/btf/vmlinux";
constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::size_t kLoadBytes = 32 * kMiB;  // the kernel's types, and the probes
constexpr std::size_t kPassingFiles = 5;       // that are closed soon after

struct SkeletonDeleter {
  void operator()(ior_bpf* skeleton) const { ior_bpf::destroy(skeleton); }
};

struct LinkDeleter {
  void operator()(bpf_link* link) const { ::bpf_link__destroy(link); }
};

struct BtfDeleter {
  void operator()(btf* types) const { ::btf__free(types); }
};

using Link = std::unique_ptr<bpf_link, LinkDeleter>;

// libbpf's warnings of the step under way: the last ones go into its error message.
std::string g_libbpf_log;

int keep_warning(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  std::array<char, 512> line{};
  ::vsnprintf(line.data(), line.size(), format, arguments);
  g_libbpf_log = line.data();
  while (!g_libbpf_log.empty() && g_libbpf_log.back() == '\n') g_libbpf_log.pop_back();
  return 0;
}

std::string libbpf_detail() {
  return g_libbpf_log.empty() ? "" : " (" + g_libbpf_log + ")";
}

std::unexpected<Error> fail_libbpf(const std::string& attempt, int error) {
  return fail_bpf(attempt + libbpf_detail(), error);
}

bool has_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return true;  // the load will tell
  const auto has = [&data](int capability) {
    return (data[capability / 32].effective >> (capability % 32) & 1) != 0;
  };
  return has(CAP_SYS_ADMIN) || (has(CAP_BPF) && has(CAP_PERFMON));
}

// One more than the highest number of a CPU that can be there: numbers may have gaps. The file is a
// list such as 0-3,8-11.
Result<std::size_t> cpu_numbers() {
  constexpr const char* kList = "/sys/devices/system/cpu/possible";
  std::ifstream file(kList);
  if (!file) return fail_errno(std::string("cannot open ") + kList, errno);
  std::string list;
  std::getline(file, list);
  const std::size_t last = list.find_last_of("-,") + 1;  // npos + 1 is 0
  std::size_t number = 0;
  const auto parsed = std::from_chars(list.data() + last, list.data() + list.size(), number);
  if (parsed.ec != std::errc{}) return fail("cannot tell how many CPUs there are");
  return number + 1;
}

// In one call, because each ends in a grace period.
Result<void> give_moved_rings(int map, const LiveRings& rings) {
  std::vector<__u32> cpus(rings.cpu_count());
  std::vector<int> fds(cpus.size());
  for (__u32 cpu = 0; cpu < cpus.size(); ++cpu) {
    cpus[cpu] = cpu;
    fds[cpu] = rings.moved_map_fd(cpu);
  }
  auto count = static_cast<__u32>(cpus.size());
  if (::bpf_map_update_batch(map, cpus.data(), fds.data(), &count, nullptr) != 0) {
    return fail_libbpf("cannot give the probes their rings", errno);
  }
  return {};
}

using Skeleton = std::unique_ptr<ior_bpf, SkeletonDeleter>;

// io_uring's programs where its tracepoints are those that they were written for.
int choose_uring_programs(const ior_bpf& skeleton, const KernelSupport& support) {
  const auto& programs = skeleton.progs;
  const bool traced = !support.request_tracepoint.empty();
  const bool whole = support.completion == Completion::whole;
  ::bpf_program__set_autoload(programs.on_request, traced);
  ::bpf_program__set_autoload(programs.on_refused_request, traced);
  ::bpf_program__set_autoload(programs.on_overflow, traced);
  ::bpf_program__set_autoload(programs.on_completion, traced && whole);
  ::bpf_program__set_autoload(programs.on_completion_members, traced && !whole);
  if (!traced || support.request_tracepoint == "io_uring_submit_req") return 0;
  return ::bpf_program__set_attach_target(programs.on_request, 0,
                                          support.request_tracepoint.c_str());
}

// One for each map, and for each program and what attaches it.
std::size_t file_count(const ior_bpf& skeleton) {
  std::size_t count = 0;
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton.obj)++ count;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton.obj) {
    if (::bpf_program__autoload(program)) count += 2;
  }
  return count;
}

Result<Skeleton> load_probes(ior_settings settings, std::size_t cpus,
                             const KernelSupport& support) {
  Skeleton skeleton(ior_bpf::open());
  if (!skeleton) return fail_libbpf("cannot open the embedded BPF object", errno);
  settings.can_cast = support.can_cast;
  skeleton->rodata->settings = settings;
  ::bpf_map__set_max_entries(skeleton->maps.rings, static_cast<__u32>(cpus));
  ::bpf_map__set_value_size(skeleton->maps.rings,
                            static_cast<__u32>(ring_map_bytes(settings.ring_bytes)));
  ::bpf_map__set_max_entries(skeleton->maps.moved_rings, static_cast<__u32>(cpus));
  ::bpf_map__set_max_entries(skeleton->maps.names, static_cast<__u32>(cpus));
  if (!support.has_seats) ::bpf_map__set_max_entries(skeleton->maps.seats, 1);
  int error = choose_uring_programs(*skeleton, support);
  ::bpf_program__set_autoload(skeleton->progs.read_rings, support.can_read_rings);
  ::bpf_program__set_autoload(skeleton->progs.follow_children, settings.follow);
  const std::size_t files = file_count(*skeleton) + cpus + kPassingFiles;
  if (auto room = check_open_files(files); !room) return std::unexpected(room.error());
  if (error == 0) error = ior_bpf::load(skeleton.get());
  if (error == -ENOMEM) {
    return fail_libbpf(
        "no memory for rings of " + std::to_string(settings.ring_bytes) + " bytes on each CPU",
        ENOMEM);
  }
  if (error != 0) return fail_load(libbpf_detail(), -error);
  return skeleton;
}

// With all that ior can use; where the kernel refuses that, with what its types say that it has.
Result<Skeleton> load_probes(const ior_settings& settings, std::size_t cpus,
                             std::vector<std::string>& losses) {
  KernelSupport support = without_disowned({});
  auto skeleton = load_probes(settings, cpus, support);
  if (!skeleton) {
    const std::unique_ptr<btf, BtfDeleter> types(::btf__load_vmlinux_btf());
    if (!types) return skeleton;
    const KernelSupport found = without_disowned(kernel_support(*types));
    if (found == support) return skeleton;
    support = found;
    g_libbpf_log.clear();
    skeleton = load_probes(settings, cpus, support);
  }
  losses = losses_of(support);
  return skeleton;
}

Result<void> attach_all(std::initializer_list<bpf_program*> programs, std::vector<Link>& links) {
  for (bpf_program* program : programs) {
    if (!::bpf_program__autoload(program)) continue;
    g_libbpf_log.clear();
    Link link(::bpf_program__attach(program));
    if (!link) {
      const int error = errno;
      return fail_libbpf(std::string("cannot attach ") + ::bpf_program__name(program), error);
    }
    links.push_back(std::move(link));
  }
  return {};
}

std::uint64_t recursion_misses_of(const bpf_program* program) {
  bpf_prog_info info{};
  __u32 size = sizeof(info);
  const int fd = ::bpf_program__fd(program);
  if (fd < 0 || ::bpf_obj_get_info_by_fd(fd, &info, &size) != 0) return 0;
  return info.recursion_misses;
}

}  // namespace

struct Session::State {
  Skeleton skeleton;
  std::unique_ptr<LiveRings> rings;
  std::vector<Link> links;
  std::vector<Link> late;  // about requests, and of tasks that are gone: these go last
  std::vector<std::string> losses;
};

std::uint64_t default_ring_bytes(std::size_t possible_cpus) {
  const std::uint64_t cpus = std::max<std::size_t>(possible_cpus, 1);
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return std::max(page, std::bit_floor(std::min(16 * kMiB, 256 * kMiB / cpus)));
}

Result<void> check_privileges() {
  if (!has_capabilities()) {
    return fail(
        "not permitted to trace: run ior as root (sudo ior ...), or give it the capabilities: "
        "setcap cap_bpf,cap_perfmon=ep /path/to/ior");
  }
  if (::access(kKernelTypes, R_OK) != 0) {
    return fail_errno(std::string("this kernel has no readable type information (") + kKernelTypes +
                          "): use a kernel built with CONFIG_DEBUG_INFO_BTF=y",
                      errno);
  }
  return {};
}

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::load(const SessionSettings& settings) {
  ::libbpf_set_print(keep_warning);
  g_libbpf_log.clear();
  const auto cpus = cpu_numbers();
  if (!cpus) return std::unexpected(cpus.error());
  const std::uint64_t ring_bytes =
      settings.ring_bytes != 0 ? settings.ring_bytes : default_ring_bytes(*cpus);

  if (auto room = check_memory(kLoadBytes + *cpus * ring_map_bytes(ring_bytes)); !room) {
    return std::unexpected(room.error());
  }
  auto state = std::make_unique<State>();
  auto skeleton = load_probes(kernel_settings(settings, ring_bytes), *cpus, state->losses);
  if (!skeleton) return std::unexpected(skeleton.error());
  state->skeleton = std::move(*skeleton);
  const auto& maps = state->skeleton->maps;
  auto rings = LiveRings::create(::bpf_map__fd(maps.rings), *cpus, ring_bytes);
  if (!rings) return std::unexpected(rings.error());
  state->rings = std::move(*rings);
  if (settings.poison) state->rings->fill(std::byte{IOR_POISON});
  if (auto mapped = state->rings->map_roots(::bpf_map__fd(maps.roots)); !mapped) {
    return std::unexpected(mapped.error());
  }
  if (auto given = give_moved_rings(::bpf_map__fd(maps.moved_rings), *state->rings); !given) {
    return std::unexpected(given.error());
  }
  Session session(std::move(state));
  auto run = session.run(session.state_->skeleton->progs.prepare, "cannot prepare the probes");
  if (!run) return std::unexpected(run.error());
  return session;
}

const std::vector<std::string>& Session::losses() const {
  return state_->losses;
}

RingSource& Session::rings() {
  return *state_->rings;
}

// A process that was found after the probes were attached cannot end unseen by them, and as long as
// its pidfd tells of no end nobody else has its number.
Result<void> Session::confirm_target(int pidfd) {
  const auto found = count_by(state_->skeleton->progs.find_target);
  if (!found) return std::unexpected(found.error());
  pollfd end{pidfd, POLLIN, 0};
  if (*found == 0 || ::poll(&end, 1, 0) != 0) return {};
  __u32 awaited = IOR_TARGET_AWAITED;
  std::atomic_ref(state_->skeleton->bss->target_phase)
      .compare_exchange_strong(awaited, IOR_TARGET_TRACED);
  return {};
}

// Ends, for new children are followed by then: each pass finds those of parents that were not yet.
Result<void> Session::follow_children() {
  while (true) {
    const auto found = count_by(state_->skeleton->progs.follow_children);
    if (!found) return std::unexpected(found.error());
    if (*found == 0) return {};
  }
}

Result<void> Session::attach(int target_pidfd) {
  auto& programs = state_->skeleton->progs;
  const std::initializer_list<bpf_program*> lasting = {programs.on_free, programs.on_completion,
                                                       programs.on_completion_members,
                                                       programs.on_overflow};
  if (auto done = attach_all(lasting, state_->late); !done) return done;
  // The exits before the enters: a call whose enter is seen must not miss its exit.
  const std::initializer_list<bpf_program*> others = {
      programs.on_suspend_step, programs.on_fork,
      programs.on_rename,       programs.on_exec,
      programs.on_exit,         programs.on_signal,
      programs.on_request,      programs.on_refused_request,
      programs.on_sys_exit,     programs.on_sys_enter};
  if (auto done = attach_all(others, state_->links); !done) return done;
  const volatile auto& settings = state_->skeleton->rodata->settings;
  if (settings.has_target && !settings.from_exec) {
    if (auto confirmed = confirm_target(target_pidfd); !confirmed) return confirmed;
    const bool is_there = state_->skeleton->bss->target_phase == IOR_TARGET_TRACED;
    if (settings.follow && is_there) {
      if (auto followed = follow_children(); !followed) return followed;
    }
  }
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  state_->skeleton->bss->tracing_since_ns = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
                                            static_cast<std::uint64_t>(now.tv_nsec);
  return {};
}

Result<std::uint32_t> Session::pid_namespace_level() {
  bpf_test_run_opts run{};
  run.sz = sizeof(run);
  const int program = ::bpf_program__fd(state_->skeleton->progs.own_pid_namespace_level);
  if (const int error = ::bpf_prog_test_run_opts(program, &run); error != 0) {
    return fail_bpf("cannot tell whether this is a container", -error);
  }
  return run.retval;
}

void Session::detach() {
  if (state_->links.empty()) return;
  // What cannot be told is not counted; list_in_flight() says so, for it fails, too.
  (void)count_by(state_->skeleton->progs.mark_older_calls);
  if (state_->skeleton->bss->aio_marks != 0) {
    (void)attach_all({state_->skeleton->progs.on_late_submit}, state_->late);
  }
  state_->skeleton->bss->is_ending = true;
  while (!state_->links.empty()) state_->links.pop_back();
  // Probes run with preemption off: after a grace period none is left that began before.
  if (::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0) ::usleep(100'000);
}

Result<std::uint64_t> Session::count_in_flight() {
  return count_by(state_->skeleton->progs.count_in_flight);
}

Result<std::uint64_t> Session::list_in_flight() {
  return count_by(state_->skeleton->progs.list_in_flight);
}

Result<std::uint64_t> Session::settle_requests() {
  auto& programs = state_->skeleton->progs;
  if (::bpf_program__autoload(programs.read_rings) && state_->skeleton->bss->aio_marks != 0) {
    if (auto read = count_by(programs.read_rings); !read) return read;
  }
  auto requests = count_by(programs.settle_requests);
  state_->late.clear();
  return requests;
}

// What an iterator adds to in_flight.
Result<std::uint64_t> Session::count_by(bpf_program* program) {
  state_->skeleton->bss->in_flight = 0;
  if (auto done = run(program, "cannot list the calls in flight"); !done) {
    return std::unexpected(done.error());
  }
  return state_->skeleton->bss->in_flight;
}

// An iterator over all tasks, from its first to its last.
Result<void> Session::run(bpf_program* program, std::string_view failure) {
  Link link(::bpf_program__attach_iter(program, nullptr));
  if (!link) return fail_libbpf(std::string(failure), errno);
  UniqueFd iterator(::bpf_iter_create(::bpf_link__fd(link.get())));
  if (!iterator) return fail_libbpf(std::string(failure), errno);
  char unused;
  while (::read(iterator.get(), &unused, 1) > 0) {
  }
  return {};
}

Result<KernelCounts> Session::counts() const {
  const auto cpus = static_cast<std::size_t>(::libbpf_num_possible_cpus());
  KernelCounts counts;
  counts.by_cpu.resize(cpus);
  std::vector<std::uint64_t> per_cpu(cpus);
  for (__u32 counter = 0; counter < IOR_COUNTER_COUNT; ++counter) {
    if (::bpf_map_lookup_elem(::bpf_map__fd(state_->skeleton->maps.counters), &counter,
                              per_cpu.data()) != 0) {
      return fail_errno("cannot read the kernel side's counters", errno);
    }
    for (std::size_t cpu = 0; cpu < cpus; ++cpu) counts.by_cpu[cpu][counter] = per_cpu[cpu];
  }
  for (std::size_t cpu = 0; cpu < state_->rings->cpu_count(); ++cpu) {
    const auto totals = state_->rings->totals(cpu);
    for (std::size_t row = 0; row < totals.size(); ++row) {
      counts.totals[row].calls += totals[row].calls;
      counts.totals[row].errors += totals[row].errors;
      counts.totals[row].bytes += totals[row].bytes;
      counts.totals[row].either_read += totals[row].either_read;
    }
  }
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, state_->skeleton->obj) {
    counts.recursion_misses += recursion_misses_of(program);
  }
  return counts;
}

KernelCounts::Counters KernelCounts::sums() const {
  Counters sums{};
  for (const Counters& cpu : by_cpu) {
    std::ranges::transform(sums, cpu, sums.begin(), std::plus<>());
  }
  return sums;
}

}  // namespace ior
