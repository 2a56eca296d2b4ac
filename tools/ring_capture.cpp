// Records the ring bytes of a command and what it forks, all syscalls: the input of golden tests
// and of the pipeline's benchmark. ring_capture FILE COMMAND [ARGS]
#include <cstdio>
#include <thread>

#include <fmt/format.h>

#include "bpf/recorded_rings.hpp"
#include "bpf/session.hpp"
#include "catalog/catalog.hpp"
#include "trace/target.hpp"
#include "trace/wait.hpp"

namespace {

constexpr std::size_t kChunkBytes = 1 << 20;
constexpr std::uint64_t kRingBytes = 128 << 20;  // room for what comes while the reader must wait

// Everything that is in the rings now, as chunks.
void drain(ior::RingSource& rings, std::vector<ior::RingChunk>& chunks) {
  std::vector<std::uint64_t> until(rings.ring_count());
  for (std::size_t ring = until.size(); ring-- > 0;) until[ring] = rings.produced(ring);
  for (std::size_t ring = 0; ring < until.size(); ++ring) {
    while (rings.consumed(ring) < until[ring]) {
      ior::RingChunk chunk{ring, {}};
      if (rings.consume(ring, until[ring], kChunkBytes, chunk.bytes) == 0) break;
      chunks.push_back(std::move(chunk));
    }
  }
}

ior::Result<void> capture(const std::string& file, const std::vector<std::string>& command_line) {
  const ior::StopSignals signals;
  auto command = ior::HeldCommand::start(command_line, [&signals] { signals.restore(); });
  if (!command) return std::unexpected(command.error());
  ior::SessionSettings settings;
  settings.target_tgid = static_cast<std::uint32_t>(command->pid());
  settings.follow = true;
  settings.from_exec = true;
  settings.ring_bytes = kRingBytes;
  settings.selected.fill(true);
  auto session = ior::Session::load(settings);
  if (!session) return std::unexpected(session.error());
  if (auto attached = session->attach(); !attached) return attached;
  if (auto released = command->release(); !released) return released;

  std::vector<ior::RingChunk> chunks;
  std::jthread reader([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      drain(session->rings(), chunks);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  command->wait();
  session->detach();
  reader.request_stop();
  reader.join();
  drain(session->rings(), chunks);
  const auto counts = session->counts();
  if (!counts) return std::unexpected(counts.error());
  const auto sums = counts->sums();
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const ior::Counter& counter = ior::counter_of(static_cast<ior_counter>(i));
    if (counter.severity == ior::Severity::lost && sums[i] != 0) {
      return ior::fail(fmt::format("lost {} calls: {}", sums[i], counter.sentence));
    }
  }
  return ior::write_ring_file(file, session->rings().ring_count(), chunks);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: ring_capture FILE COMMAND [ARGS]\n");
    return 2;
  }
  const auto captured = capture(argv[1], std::vector<std::string>(argv + 2, argv + argc));
  if (!captured) fmt::print(stderr, "ring_capture: {}\n", captured.error().message);
  return captured ? 0 : 1;
}
