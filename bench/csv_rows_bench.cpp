#include "sinks/csv_rows.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "base/unique_fd.hpp"
#include "check.hpp"
#include "stages.hpp"

namespace ior::bench {
namespace {

bool write_rows(int fd, const Batches& batches) {
  CsvRows rows(fd);
  for (const auto& batch : batches) rows.write(batch->shards.front().calls);
  return rows.finish().has_value();
}

// All rows as text; empty where writing failed.
std::string rows_of(const Batches& batches) {
  const UniqueFd file(::memfd_create("rows", MFD_CLOEXEC));
  if (!write_rows(file.get(), batches)) return {};
  std::string text(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_CUR)), '\0');
  const ssize_t size = ::pread(file.get(), text.data(), text.size(), 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return text;
}

// Items are calls, bytes those of the rows. The rows go to /dev/null.
void csv_rows(benchmark::State& state, Mix mix) {
  const Replay& replay = synthetic(mix, kUnitCalls);
  const TrackedBatches paired = pair_batches(replay);
  const std::string text = rows_of(paired.batches);
  const auto lines = static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
  const UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  for (auto _ : state) {
    if (!expect_equal(state, "lines", lines, replay.calls + 1)) break;
    if (!expect_equal(state, "batches written", write_rows(null.get(), paired.batches), true))
      break;
  }
  report(state, replay, replay.calls, text.size());
}
IOR_BENCHMARK_MIXES(csv_rows);

}  // namespace
}  // namespace ior::bench
