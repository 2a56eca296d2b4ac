// Other tracers, each used as its users use it. Those that can be pointed at a process are; those
// of bpftrace see every process, as ior does.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "command_tracer.hpp"
#include "ior_output.hpp"

namespace ior::overhead {
namespace {

using namespace std::chrono_literals;

// perf and bpftrace do not tell when they trace.
constexpr auto kPerfPause = 700ms;
constexpr auto kBpftracePause = 1500ms;

// A busy host has more file descriptors than the usual 4096.
constexpr const char* kMapKeys = "BPFTRACE_MAP_KEYS_MAX=65536";

constexpr const char* kPerFdScript = R"(
tracepoint:raw_syscalls:sys_enter { @start[tid] = nsecs; @fd[tid] = args->args[0]; }
tracepoint:raw_syscalls:sys_exit /@start[tid]/ {
  @calls[pid, @fd[tid]] = count();
  @ns[pid, @fd[tid]] = sum(nsecs - @start[tid]);
  delete(@start[tid]);
  delete(@fd[tid]);
}
tracepoint:sched:sched_process_exit { delete(@start[tid]); delete(@fd[tid]); }
END { clear(@start); clear(@fd); clear(@ns); })";

// Without its own calls, which would call for more.
constexpr const char* kPrintfScript = R"(
tracepoint:raw_syscalls:sys_exit /comm != "bpftrace"/ {
  printf("%s %d %d\n", comm, args->id, args->ret);
})";

constexpr const char* kCountScript =
    "tracepoint:raw_syscalls:sys_enter { @calls[args->id] = count(); }";

// What a tool saw of any process cannot be more of the workload's calls than there were.
std::uint64_t at_most_made(std::uint64_t seen, const LoadResult& made) {
  return std::min(seen, made.total_calls);
}

// Lines of the log that begin with `head` and one of the workload's calls. The end of a call that
// another one interrupted has a line of another form.
void count_log_lines(const Output& output, const LoadResult& made, const std::string& head,
                     Observed& observed) {
  std::vector<std::string> names;
  for (const auto& [name, count] : made.calls) names.push_back(name);
  const std::regex call(fmt::format("^{}({})\\(", head, fmt::join(names, "|")));
  std::uint64_t kept = 0;
  std::ifstream in(output.directory + "/log");
  for (std::string line; std::getline(in, line);) kept += std::regex_search(line, call);
  observed.kept = kept;
}

void read_strace_log(const Output& output, const LoadResult& made, Observed& observed) {
  count_log_lines(output, made, R"(\d+ +)", observed);
}

void read_perf_trace_log(const Output& output, const LoadResult& made, Observed& observed) {
  count_log_lines(output, made, fmt::format(R"([^:]*: {}\w+/\d+ )", kLoadComm), observed);
}

void count_printed_lines(const Output& output, const LoadResult& made, Observed& observed) {
  std::uint64_t kept = 0;
  std::ifstream in(output.directory + "/log");
  for (std::string line; std::getline(in, line);) kept += line.starts_with(kLoadComm);
  observed.kept = at_most_made(kept, made);
}

// The samples in perf.data: of enters and of exits, of which the fewer count.
void count_samples(const Output& output, const LoadResult& made, Observed& observed) {
  const std::string stats =
      output_of({"perf", "report", "--stats", "-i", output.directory + "/perf.data"});
  const std::regex of_event(R"(:sys_(enter|exit)\w* stats:\s+SAMPLE events:\s+(\d+))");
  std::uint64_t enters = 0, exits = 0;
  for (std::sregex_iterator at(stats.begin(), stats.end(), of_event), end; at != end; ++at) {
    ((*at)[1] == "enter" ? enters : exits) += std::stoull((*at)[2]);
  }
  observed.kept = at_most_made(std::min(enters, exits), made);
}

// bpftrace's map @calls, as JSON.
void add_up_map(const Output& output, const LoadResult& made, Observed& observed) {
  std::uint64_t seen = 0;
  std::ifstream in(output.directory + "/log");
  for (std::string line; std::getline(in, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("data") || !json["data"].contains("@calls")) continue;
    for (const auto& [key, count] : json["data"]["@calls"].items())
      seen += count.get<std::uint64_t>();
  }
  observed.kept = at_most_made(seen, made);
}

void read_perf_stat(const Output& output, const LoadResult& made, Observed& observed) {
  observed.kept = at_most_made(std::stoull(read_file(output.err)), made);
}

std::string log_or_null(const Target& target) {
  return target.is_counting ? "log" : "/dev/null";
}

using ReadOutput = decltype(TracerCommand::read_output);

ReadOutput if_counting(const Target& target, ReadOutput read) {
  return target.is_counting ? std::move(read) : nullptr;
}

std::unique_ptr<Tracer> start_strace(const Target& target, int cpu) {
  return std::make_unique<CommandTracer>(TracerCommand{
      .words = {"strace", "-f", "-o", log_or_null(target), "-p", std::to_string(target.pid)},
      .cpu = cpu,
      .ready_text = "attached",
      .read_output = if_counting(target, read_strace_log)});
}

std::unique_ptr<Tracer> start_perf(const Target& target, std::vector<std::string> words,
                                   ReadOutput read) {
  words.insert(words.begin(), "perf");
  return std::make_unique<CommandTracer>(TracerCommand{.words = std::move(words),
                                                       .cpu = target.tracer_cpu,
                                                       .pause = kPerfPause,
                                                       .read_output = std::move(read)});
}

std::unique_ptr<Tracer> start_bpftrace(const Target& target, std::vector<std::string> words,
                                       ReadOutput read) {
  words.insert(words.begin(), {"env", kMapKeys, "bpftrace"});
  return std::make_unique<CommandTracer>(TracerCommand{.words = std::move(words),
                                                       .cpu = target.tracer_cpu,
                                                       .pause = kBpftracePause,
                                                       .read_output = std::move(read)});
}

std::string tracepoints_of(const Target& target) {
  std::vector<std::string> events;
  for (const std::string& name : target.call_names) {
    events.push_back("syscalls:sys_enter_" + name);
    events.push_back("syscalls:sys_exit_" + name);
  }
  return fmt::format("{}", fmt::join(events, ","));
}

std::unique_ptr<Tracer> start_perf_record(const Target& target, const std::string& events) {
  return start_perf(target,
                    {"record", "-q", "-m", "16M", "-e", events, "-p", std::to_string(target.pid)},
                    count_samples);
}

std::vector<Configuration> perf_configurations() {
  return {
      {.name = "perf_record_raw",
       .role = Role::peer,
       .about = "perf record -e raw_syscalls:sys_enter,raw_syscalls:sys_exit -m 16M -p",
       .program = "perf",
       .fewer = 4,
       .start =
           [](const Target& target) {
             return start_perf_record(target, "raw_syscalls:sys_enter,raw_syscalls:sys_exit");
           }},
      {.name = "perf_record_named",
       .role = Role::peer,
       .about = "perf record -e syscalls:sys_{enter,exit}_{the workload's} -m 16M -p",
       .program = "perf",
       .fewer = 4,
       .start =
           [](const Target& target) { return start_perf_record(target, tracepoints_of(target)); }},
      // With -p it does not follow forks.
      {.name = "perf_trace",
       .role = Role::peer,
       .about = "perf trace -a -o /dev/null",
       .program = "perf",
       .fewer = 200,
       .counts_apart = true,
       .start =
           [](const Target& target) {
             return start_perf(target, {"trace", "-a", "-o", log_or_null(target)},
                               if_counting(target, read_perf_trace_log));
           }},
      {.name = "perf_stat",
       .role = Role::counter,
       .about = "perf stat -e raw_syscalls:sys_enter -p",
       .program = "perf",
       .start =
           [](const Target& target) {
             return start_perf(target,
                               {"stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p",
                                std::to_string(target.pid)},
                               read_perf_stat);
           }},
  };
}

std::vector<Configuration> bpftrace_configurations() {
  return {
      {.name = "bpftrace_per_fd",
       .role = Role::peer,
       .about = "bpftrace: calls and time per process and file descriptor",
       .program = "bpftrace",
       .fewer = 2,
       .start =
           [](const Target& target) {
             return start_bpftrace(target, {"-f", "json", "-o", "log", "-e", kPerFdScript},
                                   add_up_map);
           }},
      {.name = "bpftrace_printf",
       .role = Role::peer,
       .about = "bpftrace: a line for each call, > /dev/null",
       .program = "bpftrace",
       .fewer = 40,
       .counts_apart = true,
       .start =
           [](const Target& target) {
             return start_bpftrace(target, {"-o", log_or_null(target), "-e", kPrintfScript},
                                   if_counting(target, count_printed_lines));
           }},
      {.name = "bpftrace_count",
       .role = Role::counter,
       .about = "bpftrace: calls per syscall",
       .program = "bpftrace",
       .start =
           [](const Target& target) {
             return start_bpftrace(target, {"-f", "json", "-o", "log", "-e", kCountScript},
                                   add_up_map);
           }},
  };
}

}  // namespace

std::vector<Configuration> peer_configurations() {
  std::vector<Configuration> all = {
      {.name = "strace",
       .role = Role::peer,
       .about = "strace -f -o /dev/null -p",
       .program = "strace",
       .fewer = 400,
       .counts_apart = true,
       .start = [](const Target& target) { return start_strace(target, target.tracer_cpu); }},
      {.name = "strace_same_cpu",
       .role = Role::peer,
       .about = "strace -f -o /dev/null -p, on the workload's CPU",
       .program = "strace",
       .fewer = 100,
       .counts_apart = true,
       .start = [](const Target& target) { return start_strace(target, target.load_cpu); }},
  };
  std::ranges::move(perf_configurations(), std::back_inserter(all));
  std::ranges::move(bpftrace_configurations(), std::back_inserter(all));
  return all;
}

}  // namespace ior::overhead
