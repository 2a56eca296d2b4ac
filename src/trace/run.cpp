#include "trace/run.hpp"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <memory>

#include <fmt/format.h>

#include "actors/pipeline.hpp"
#include "actors/threads.hpp"
#include "base/clock.hpp"
#include "base/message.hpp"
#include "bpf/session.hpp"
#include "model/ledger.hpp"
#include "sinks/csv_rows.hpp"
#include "sinks/recording_writer.hpp"
#include "sinks/report.hpp"
#include "trace/distress.hpp"
#include "trace/ledger.hpp"
#include "trace/open_files.hpp"
#include "trace/recording_access.hpp"
#include "trace/silence.hpp"
#include "trace/target.hpp"
#include "trace/version.hpp"
#include "trace/wait.hpp"

namespace ior {
namespace {

// By the closest of a few looks at both clocks: others may run in between.
Moment now() {
  Moment closest;
  std::uint64_t least = ~std::uint64_t{0};
  for (int look = 0; look < 5; ++look) {
    const std::uint64_t before = clock_ns(CLOCK_BOOTTIME), wall = clock_ns(CLOCK_REALTIME);
    const std::uint64_t took = clock_ns(CLOCK_BOOTTIME) - before;
    if (took >= least) continue;
    least = took;
    closest = {.boot_ns = before + took / 2, .wall_ns = wall};
  }
  return closest;
}

RecordingHeader make_header(const Options& options) {
  utsname system{};
  ::uname(&system);
  RecordingHeader header;
  header.ior_version = kVersion;
  header.host = system.nodename;
  header.kernel = std::string(system.sysname) + " " + system.release;
  header.wall_ns = clock_ns(CLOCK_REALTIME);
  header.command_line = options.arguments;
  header.filters = options.filters;
  return header;
}

// A trace under way, from the first check to the exit code. Its members are what has been set up so
// far.
class Trace {
 public:
  explicit Trace(const Options& options) : options_(options) {}
  // Also where something failed: the pipeline's end needs the probes to be gone.
  ~Trace() {
    if (session_) session_->detach();
  }

  // Everything that can fail without a trace of it.
  Result<void> prepare();
  Result<void> attach();
  // Lets the target go.
  Result<void> begin();
  void wait();
  Result<int> finish();

 private:
  Result<void> set_up_ends();
  Result<void> find_target();
  Result<void> load();
  int target_pidfd() const { return command_ ? command_->pidfd() : target_.get(); }
  Result<void> announce();
  void wait_for_exec();
  void say(std::string_view message) const { ior::say(message, options_.escape); }
  Result<void> show();
  int finish_command();

  const Options& options_;
  OpenFileLimit open_files_;
  StopSignals signals_;
  UniqueFd timer_;
  UniqueFd target_;
  std::optional<HeldCommand> command_;
  std::optional<RecordingFile> file_;
  std::optional<Session> session_;
  std::optional<CsvRows> rows_;
  std::optional<Pipeline> pipeline_;
  std::optional<CaughtSignal> signal_;
  Recording recording_;
};

Result<void> Trace::prepare() {
  if (options_.ready_fd > STDERR_FILENO && ::fcntl(options_.ready_fd, F_SETFD, FD_CLOEXEC) != 0) {
    return fail_errno(fmt::format("cannot use -ready-fd {}", options_.ready_fd), errno);
  }
  if (auto allowed = check_privileges(); !allowed) return allowed;
  if (auto counted = check_pid_namespace(); !counted) return counted;
  if (auto ends = set_up_ends(); !ends) return ends;
  recording_.header = make_header(options_);
  if (options_.flamegraph) {
    auto file =
        RecordingFile::create(".", recording_.header.host, options_.name,
                              static_cast<std::time_t>(recording_.header.wall_ns / 1'000'000'000u),
                              recording_access(options_.mode));
    if (!file) return std::unexpected(file.error());
    file_.emplace(std::move(*file));
  }
  if (auto found = find_target(); !found) return found;
  return load();
}

// What a trace ends by.
Result<void> Trace::set_up_ends() {
  if (signals_.fd() < 0) return fail_errno("cannot wait for signals", EMFILE);
  if (!options_.duration_s) return {};
  auto timer = make_timer();
  if (!timer) return std::unexpected(timer.error());
  timer_ = std::move(*timer);
  return {};
}

Result<void> Trace::find_target() {
  if (options_.pid != 0) {
    auto process = open_process(options_.pid);
    if (!process) return std::unexpected(process.error());
    target_ = std::move(*process);
  }
  if (options_.tid != 0) {
    auto thread = open_thread(options_.pid, options_.tid);
    if (!thread) return std::unexpected(thread.error());
    target_ = std::move(*thread);
  }
  if (!options_.command_line.empty()) {
    auto command = HeldCommand::start(options_.command_line, [this] {
      signals_.restore();
      open_files_.restore();
    });
    if (!command) return std::unexpected(command.error());
    command_.emplace(std::move(*command));
  }
  return {};
}

Result<void> Trace::load() {
  SessionSettings settings;
  settings.target_tgid = command_ ? static_cast<std::uint32_t>(command_->pid()) : options_.pid;
  settings.target_tid = options_.tid;
  settings.follow = options_.follow;
  settings.from_exec = command_.has_value();
  settings.arguments = options_.row_options.arguments;
  settings.ring_bytes = options_.ring_bytes;
  settings.selected.fill(options_.selection.unknown);
  for (const ior_table table : {IOR_TABLE_64, IOR_TABLE_32, IOR_TABLE_URING, IOR_TABLE_AIO}) {
    for (const Syscall& row : rows_of(table)) {
      settings.selected[IOR_ROW_OF(row.number, table)] =
          options_.selection.syscalls[row.selected_by];
    }
  }
  auto session = Session::load(settings);
  if (!session) return std::unexpected(session.error());
  session_.emplace(std::move(*session));
  const auto level = session_->pid_namespace_level();
  if (!level) return std::unexpected(level.error());
  if (*level != 0) return fail_in_container();
  for (const std::string& loss : session_->losses()) say(loss);
  if (options_.plain) {
    RowOptions rows = options_.row_options;
    rows.escaped = escapes(options_.escape, STDOUT_FILENO);
    rows_.emplace(STDOUT_FILENO, rows);
  }
  pipeline_.emplace(
      session_->rings(),
      PipelineOptions{
          .threads = options_.threads != 0 ? options_.threads : default_threads(),
          .filter = {options_.comm, options_.path},
          .rows = rows_ ? &*rows_ : nullptr,
          .aggregate = options_.flamegraph || !options_.plain,
          .max_keys = options_.max_keys != 0 ? options_.max_keys : TableRoom::kRecords});
  return {};
}

Result<void> Trace::attach() {
  const Moment start = now();
  recording_.header.boot_ns = start.boot_ns;
  recording_.header.wall_ns = start.wall_ns;
  if (rows_) rows_->begin(start);
  if (auto started = pipeline_->start(); !started) return started;
  return session_->attach(target_pidfd());
}

Result<void> Trace::begin() {
  if (auto announced = announce(); !announced) return announced;
  return command_ ? command_->release() : Result<void>{};
}

Result<void> Trace::announce() {
  say("tracing");
  if (options_.ready_fd < 0) return {};
  const char ready = '\n';
  if (::write(options_.ready_fd, &ready, 1) != 1) {
    return fail_errno(fmt::format("cannot write to -ready-fd {}", options_.ready_fd), errno);
  }
  if (options_.ready_fd > STDERR_FILENO) ::close(options_.ready_fd);
  return {};
}

void Trace::wait() {
  signal_ = wait_for_end(signals_, {.target_pidfd = target_pidfd(),
                                    .rows_fd = options_.plain ? STDOUT_FILENO : -1,
                                    .rows_failed_fd = rows_ ? rows_->failed_fd() : -1,
                                    .timer_fd = timer_.get(),
                                    .duration_s = options_.duration_s});
  if (options_.tid != 0 && !signal_) wait_for_exec();
}

// A thread that calls exec is gone, under its old id, before the call returns.
void Trace::wait_for_exec() {
  for (int i = 0; i < 100 && session_->count_in_flight().value_or(0) != 0; ++i) ::usleep(10'000);
}

// A command that still runs is waited for: its status is ior's. A signal that only ior got is
// passed on.
int Trace::finish_command() {
  if (!command_) return 0;
  const auto pass_on = [this](CaughtSignal signal) {
    if (!signal.from_terminal) command_->send_signal(signal.number);
  };
  if (signal_) pass_on(*signal_);
  wait_for_exit(signals_, command_->pidfd(), pass_on);
  return command_->wait();
}

// The recording first: a terminal or a reader that takes no more holds up what follows.
Result<void> Trace::show() {
  const auto path = file_ ? file_->commit(recording_) : Result<std::string>{};
  const auto rows = rows_ ? rows_->finish() : Result<void>{};
  SummaryOptions summary{.rows_not_written = {}, .escaped = options_.escape != Escape::never};
  if (rows_) summary.rows_not_written = rows_->not_written();
  std::fputs(format_summary(recording_, summary).c_str(), stderr);
  if (const std::uint64_t left = count_of(recording_, "children_left"); left != 0) {
    say(fmt::format("{} children were made and not followed: -f does", left));
  }
  const std::uint32_t target = options_.tid != 0 ? options_.tid : options_.pid;
  if (recording_.calls_seen == 0 && target != 0) {
    for (const std::string& line : explain_silence(target, options_.selection, options_.follow)) {
      say(line);
    }
  }
  if (!path) return std::unexpected(path.error());
  if (file_) say("recording written to " + *path);
  if (options_.flamegraph || options_.plain) return rows;
  // The command's output has stdout for itself.
  std::FILE* out = command_ ? stderr : stdout;
  ReportOptions report{.weight = options_.weight,
                       .rows = options_.rows,
                       .escaped = options_.escape != Escape::never,
                       .shortened = ::isatty(::fileno(out)) == 1};
  if (!options_.fields.empty()) report.fields = options_.fields;
  if (std::fputs(format_report(recording_, report).c_str(), out) < 0 || std::fflush(out) != 0) {
    return fail_errno("cannot write the table", errno);
  }
  return {};
}

Result<int> Trace::finish() {
  if (rows_) rows_->expect_end();
  session_->detach();
  recording_.header.duration_ns = clock_ns(CLOCK_BOOTTIME) - recording_.header.boot_ns;
  const auto calls = session_->list_in_flight(), requests = session_->settle_requests();
  pipeline_->stop();
  const auto kernel = session_->counts();
  if (!kernel) return std::unexpected(kernel.error());
  pipeline_->collect(recording_);
  for (const auto& counted : {calls, requests}) {
    if (!counted) say(counted.error().message);
  }
  draw_up_ledger(*kernel, pipeline_->counts(), calls.value_or(0) + requests.value_or(0),
                 recording_);
  const auto shown = show();
  if (!shown) say(shown.error().message);  // now, as a command may take long to end
  const int exit_code = finish_command();
  return shown ? exit_code : 1;
}

}  // namespace

std::expected<int, TraceError> run_trace(const Options& options) {
  Trace trace(options);
  auto set_up = trace.prepare();
  if (set_up) set_up = trace.attach();
  if (!set_up) return std::unexpected(TraceError{set_up.error().message, true});
  note_tracing_began();
  if (auto begun = trace.begin(); !begun) {
    return std::unexpected(TraceError{begun.error().message, false});
  }
  trace.wait();
  const auto exit_code = trace.finish();
  if (!exit_code) return std::unexpected(TraceError{exit_code.error().message, false});
  return *exit_code;
}

}  // namespace ior
