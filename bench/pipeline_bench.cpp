// Rings to records, without a kernel: all the threads' time counts, and the clock on the wall.
#include "pipeline_bench.hpp"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "actors/pipeline.hpp"
#include "base/unique_fd.hpp"
#include "check.hpp"
#include "sinks/csv_rows.hpp"
#include "synthetic.hpp"

namespace ior::bench {
namespace {

constexpr std::size_t kPipelineCalls = 300'000;
constexpr std::size_t kMigratingCalls = 100'000;  // nearly all of them are held for a while

bool expect_all_calls(benchmark::State& state, const Pipeline& pipeline, const Replay& replay) {
  const PipelineCounts counts = pipeline.counts();
  return expect_equal(state, "calls seen", counts.calls.seen, replay.calls) &&
         expect_equal(state, "calls recorded", counts.calls.recorded, replay.calls) &&
         expect_equal(state, "calls given up", counts.calls.given_up, 0) &&
         expect_equal(state, "records unmatched", counts.calls.unmatched, 0) &&
         expect_equal(state, "records malformed", counts.malformed, 0) &&
         expect_equal(state, "calls folded", counts.folded.pid_tid + counts.folded.other, 0);
}

bool expect_all_records(benchmark::State& state, Pipeline& pipeline, const Replay& replay) {
  Recording recording;
  pipeline.collect(recording);
  std::uint64_t calls = 0;
  std::uint64_t bytes = 0;
  for (const Record& record : recording.records) {
    calls += record.count;
    bytes += record.bytes_read + record.bytes_written;
  }
  if (!expect_equal(state, "calls in records", calls, replay.calls)) return false;
  if (replay.processes == 0) return true;
  return expect_equal(state, "processes", recording.processes.size(), replay.processes) &&
         expect_equal(state, "bytes moved", bytes, replay.bytes_moved);
}

// From the first byte read to the last record summed; not what is made before and taken down after
// it.
void replay_rings(benchmark::State& state, const Replay& replay, CallSink* rows) {
  RecordedRings rings(replay.rings, replay.chunks, Pace::as_recorded);
  const PipelineOptions options{.threads = static_cast<int>(state.range(0)),
                                .filter = {},
                                .rows = rows,
                                .aggregate = rows == nullptr};
  for (auto _ : state) {
    state.PauseTiming();
    rings.rewind();
    std::optional<Pipeline> pipeline(std::in_place, rings, options);
    state.ResumeTiming();
    pipeline->start();
    pipeline->stop();
    state.PauseTiming();
    if (!expect_all_calls(state, *pipeline, replay)) break;
    if (options.aggregate && !expect_all_records(state, *pipeline, replay)) break;
    pipeline.reset();
    state.ResumeTiming();
  }
  report(state, replay, replay.records, replay.ring_bytes);
}

void settle(benchmark::internal::Benchmark* bench) {
  bench->ArgName("threads")->Arg(1)->Arg(2);
  bench->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
}

void pipeline(benchmark::State& state, Mix mix, std::size_t calls) {
  replay_rings(state, synthetic(mix, calls), nullptr);
}
BENCHMARK_CAPTURE(pipeline, read_heavy, Mix::read_heavy, kPipelineCalls)->Apply(settle);
BENCHMARK_CAPTURE(pipeline, metadata_heavy, Mix::metadata_heavy, kPipelineCalls)->Apply(settle);
BENCHMARK_CAPTURE(pipeline, fork_heavy, Mix::fork_heavy, kPipelineCalls)->Apply(settle);
BENCHMARK_CAPTURE(pipeline, all_kinds, Mix::all_kinds, kPipelineCalls)->Apply(settle);
BENCHMARK_CAPTURE(pipeline, migrating, Mix::migrating, kMigratingCalls)->Apply(settle);

// Instead of records, a row of CSV for each call.
void pipeline_rows(benchmark::State& state, Mix mix) {
  const UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  CsvRows rows(null.get());
  replay_rings(state, synthetic(mix, kPipelineCalls), &rows);
}
BENCHMARK_CAPTURE(pipeline_rows, read_heavy, Mix::read_heavy)->Apply(settle);

}  // namespace

Result<void> register_replay(const std::filesystem::path& file) {
  const auto replay = load_replay(file);
  if (!replay) return std::unexpected(replay.error());
  const auto run = [replay = *replay](benchmark::State& state) {
    replay_rings(state, replay, nullptr);
  };
  const std::string name = "pipeline/recorded:" + file.stem().string();
  settle(benchmark::RegisterBenchmark(name.c_str(), run));
  return {};
}

Result<void> register_recorded_replays() {
  std::vector<std::filesystem::path> files;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(IOR_RING_FILES, none)) {
    if (entry.path().extension() == ".rings") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    if (auto registered = register_replay(file); !registered) return registered;
  }
  return {};
}

}  // namespace ior::bench
