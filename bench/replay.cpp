#include "replay.hpp"

#include "bpf/ring_records.hpp"
#include "bpf/wire.h"

namespace ior::bench {
namespace {

void count(std::span<const std::byte> record, Replay& replay) {
  ior_head head{};
  std::memcpy(&head, record.data(), std::min(record.size(), sizeof(head)));
  ++replay.records;
  if (head.kind == IOR_RECORD_ENTER) ++replay.halves;
  if (head.kind != IOR_RECORD_EXIT) return;
  ++replay.calls;
  replay.halves += head.sections & IOR_WHOLE ? 2 : 1;
}

}  // namespace

Result<Replay> load_replay(const std::string& path) {
  Replay replay;
  auto chunks = read_ring_file(path, replay.rings);
  if (!chunks) return std::unexpected(chunks.error());
  replay.chunks = std::move(*chunks);
  for (const RingChunk& chunk : replay.chunks) {
    replay.ring_bytes += chunk.bytes.size();
    RingRecords records(chunk.bytes);
    while (const auto record = records.next()) count(*record, replay);
  }
  return replay;
}

}  // namespace ior::bench
