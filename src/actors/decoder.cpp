#include "actors/decoder.hpp"

#include <span>
#include <utility>

#include "bpf/ring_records.hpp"

namespace ior {
namespace {

// Takes a record apart from front to back; once something does not fit, everything after it is
// missing, too.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> rest) : rest_(rest) {}

  // The address of `size` bytes, null when there are fewer left.
  const std::byte* take(std::size_t size) {
    if (failed_ || size > rest_.size()) {
      failed_ = true;
      return nullptr;
    }
    const std::byte* taken = rest_.data();
    rest_ = rest_.subspan(size);
    return taken;
  }

  // Records lie at multiples of 8 in a batch, and so does everything in them.
  template <typename T>
  const T* take() {
    return reinterpret_cast<const T*>(take(sizeof(T)));
  }

  std::span<const std::uint64_t> take_numbers(std::size_t count) {
    const auto* numbers = reinterpret_cast<const std::uint64_t*>(take(count * 8));
    if (!numbers) return {};
    return {numbers, count};
  }

  Text take_text() {
    const auto* text = take<ior_text>();
    if (!text || text->size > IOR_TEXT_MAX || text->status > IOR_TEXT_UNREAD) {
      failed_ = true;
      return {};
    }
    const std::byte* bytes = take((text->size + 7u) & ~7u);
    if (!bytes) return {};
    return {{reinterpret_cast<const char*>(bytes), text->size},
            static_cast<ior_text_status>(text->status)};
  }

  bool done() const { return !failed_ && rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
  bool failed_ = false;
};

void take_call(Cursor& cursor, std::size_t count, Event& event) {
  if (event.kind == IOR_RECORD_EXIT) {
    if (const auto* exit = cursor.take<ior_exit>()) {
      event.enter_ns = exit->enter_ns;
      event.ret = exit->ret;
    }
  }
  event.args = cursor.take_numbers(count);
  if (event.nr == IOR_NR_WIDE && !event.args.empty()) {
    event.nr = static_cast<std::uint32_t>(event.args.front());
  }
  if (event.sections & IOR_FILE) event.file = cursor.take<ior_file>();
  if (event.sections & IOR_OTHER) event.other = cursor.take<ior_file>();
  if (event.sections & IOR_INTRO) event.intro = cursor.take<ior_intro>();
  if (event.sections & IOR_TEXT) event.text = cursor.take_text();
  if (event.sections & IOR_TEXT_OTHER) event.other_text = cursor.take_text();
  if (event.sections & IOR_TEXT_NAME) {
    event.name = cursor.take<ior_name>();
    event.name_text = cursor.take_text();
  }
}

}  // namespace

bool decode_record(std::span<const std::byte> record, Event& event) noexcept {
  Cursor cursor(record);
  const auto* head = cursor.take<ior_head>();
  if (!head || head->kind < IOR_RECORD_ENTER || head->kind > IOR_RECORD_END ||
      head->nargs > IOR_ARGS_MAX || head->sections > IOR_SECTIONS_ALL) {
    return false;
  }
  event = Event{};
  event.kind = static_cast<ior_record_kind>(head->kind);
  event.sections = head->sections;
  event.cpu = head->cpu;
  event.nr = head->nr;
  event.task = head->task;
  event.seq = head->seq;
  event.tgid = head->tgid;
  event.tid = head->tid;
  event.time_ns = head->time_ns;
  switch (event.kind) {
    case IOR_RECORD_ENTER:
    case IOR_RECORD_EXIT:
      take_call(cursor, head->nargs, event);
      break;
    case IOR_RECORD_NAME:
      event.name = cursor.take<ior_name>();
      event.text = cursor.take_text();
      break;
    case IOR_RECORD_PROCESS:
      event.process = cursor.take<ior_process>();
      event.text = cursor.take_text();
      event.other_text = cursor.take_text();
      event.name_text = cursor.take_text();
      break;
    case IOR_RECORD_END:
      break;
  }
  return cursor.done();
}

void Decoder::decode(EventBatch& batch) const noexcept {
  batch.by_shard.resize(shards_);
  RingRecords records(batch.raw.bytes);
  Event event;
  while (const auto record = records.next()) {
    if (!decode_record(*record, event)) {
      ++batch.malformed;
      continue;
    }
    if (event.kind != IOR_RECORD_NAME) {
      batch.by_shard[shard_of(event.tgid, shards_)].push_back(
          static_cast<std::uint32_t>(batch.events.size()));
    }
    batch.events.push_back(event);
  }
  if (records.is_cut()) ++batch.malformed;
}

}  // namespace ior
