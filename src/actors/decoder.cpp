#include "actors/decoder.hpp"

#include "bpf/ring_records.hpp"

namespace ior {
namespace {

// What a record has before its first text.
std::size_t fixed_bytes(const ior_head& head) {
  switch (head.kind) {
    case IOR_RECORD_NAME:
      return sizeof(ior_head) + sizeof(ior_name);
    case IOR_RECORD_PROCESS:
      return sizeof(ior_head) + sizeof(ior_process);
    case IOR_RECORD_END:
      return sizeof(ior_head);
    default:
      break;
  }
  std::size_t bytes = sizeof(ior_head) + 8u * head.nargs;
  if (head.kind != IOR_RECORD_ENTER) bytes += sizeof(ior_exit);
  if (head.sections & IOR_FILE) bytes += sizeof(ior_file);
  if (head.sections & IOR_OTHER) bytes += sizeof(ior_file);
  if (head.sections & IOR_INTRO) bytes += sizeof(ior_intro);
  return bytes;
}

// Walks over the texts of a record, from front to back.
class Texts {
 public:
  explicit Texts(std::span<const std::byte> rest) : rest_(rest) {}

  bool skip(std::size_t size) {
    if (size > rest_.size()) return false;
    rest_ = rest_.subspan(size);
    return true;
  }

  bool skip_text() {
    if (rest_.size() < sizeof(ior_text)) return false;
    const auto& text = *reinterpret_cast<const ior_text*>(rest_.data());
    return text.size <= IOR_TEXT_MAX && text.link <= text.size &&
           text.status <= IOR_TEXT_OVERWRITTEN && skip(sizeof(ior_text) + ((text.size + 7u) & ~7u));
  }

  bool is_done() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
};

bool ends_in_texts(const ior_head& head, std::span<const std::byte> rest) {
  Texts texts(rest);
  if (head.kind == IOR_RECORD_NAME) return texts.skip_text() && texts.is_done();
  if (head.kind == IOR_RECORD_PROCESS) {
    return texts.skip_text() && texts.skip_text() && texts.skip_text() && texts.is_done();
  }
  if (head.kind != IOR_RECORD_END) {
    if (head.sections & IOR_TEXT && !texts.skip_text()) return false;
    if (head.sections & IOR_TEXT_OTHER && !texts.skip_text()) return false;
    if (head.sections & IOR_TEXT_NAME && !(texts.skip(sizeof(ior_name)) && texts.skip_text())) {
      return false;
    }
    if (head.sections & IOR_ADDRESS && !texts.skip_text()) return false;
  }
  return texts.is_done();
}

}  // namespace

std::optional<WireRecord> decode_record(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < sizeof(ior_head)) return std::nullopt;
  const auto& head = *reinterpret_cast<const ior_head*>(bytes.data());
  if (head.kind < IOR_RECORD_ENTER || head.kind > IOR_RECORD_IN_FLIGHT ||
      head.nargs > IOR_ARGS_MAX || (head.sections & ~IOR_SECTIONS_ALL) != 0) {
    return std::nullopt;
  }
  const std::size_t fixed = fixed_bytes(head);
  if (fixed > bytes.size() || !ends_in_texts(head, bytes.subspan(fixed))) return std::nullopt;
  return WireRecord(bytes.data());
}

void Decoder::decode(Batch& batch) const noexcept {
  RingRecords records(batch.raw.bytes);
  while (const auto bytes = records.next()) {
    const auto record = decode_record(*bytes);
    if (!record) {
      ++batch.malformed;
      continue;
    }
    if (record->kind() != IOR_RECORD_NAME) {
      batch.shards[shard_of(record->head().task)].events.push_back(
          static_cast<std::uint32_t>(batch.events.size()));
    }
    batch.events.push_back({*record, nullptr, nullptr});
  }
  if (records.is_cut()) ++batch.malformed;
}

}  // namespace ior
