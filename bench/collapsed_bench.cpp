#include "sinks/collapsed.hpp"

#include <charconv>
#include <sstream>

#include "check.hpp"
#include "recordings.hpp"

namespace ior::bench {
namespace {

std::uint64_t sum_of_weights(std::string_view stacks) {
  std::uint64_t sum = 0;
  for (std::size_t end; (end = stacks.find('\n')) != stacks.npos; stacks.remove_prefix(end + 1)) {
    const std::string_view line = stacks.substr(0, end);
    std::uint64_t weight = 0;
    std::from_chars(line.data() + line.rfind(' ') + 1, line.data() + line.size(), weight);
    sum += weight;
  }
  return sum;
}

// Items are the recording's records, bytes those of the stacks.
void collapsed(benchmark::State& state, Mix mix) {
  constexpr std::array kFields = {Field::comm, Field::tracepoint, Field::path};
  const Recording recording = recording_of(mix);
  std::string stacks;
  for (auto _ : state) {
    std::ostringstream out;
    write_collapsed(recording, kFields, Weight::count, out);
    stacks = std::move(out).str();
  }
  expect_equal(state, "calls", sum_of_weights(stacks), recording.calls_recorded);
  report(state, recording.records.size(), stacks.size());
}
IOR_BENCHMARK_MIXES(collapsed);

}  // namespace
}  // namespace ior::bench
