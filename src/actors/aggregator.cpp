#include "actors/aggregator.hpp"

#include "catalog/catalog.hpp"

namespace ior {
namespace {

constexpr std::uint32_t kUnused = ~0u;
constexpr std::string_view kOther = "[other]";

}  // namespace

std::uint32_t StringTable::add(std::string_view text) {
  if (const auto found = numbers_.find(text); found != numbers_.end()) return found->second;
  const auto number = static_cast<std::uint32_t>(strings_.size());
  numbers_.emplace(strings_.emplace_back(text), number);
  return number;
}

std::optional<std::uint32_t> StringTable::find(std::string_view text) const {
  const auto found = numbers_.find(text);
  return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

bool TableRoom::take(std::atomic<std::size_t>& left, std::size_t wanted) {
  std::size_t now = left.load(std::memory_order_relaxed);
  while (now >= wanted) {
    if (left.compare_exchange_weak(now, now - wanted, std::memory_order_relaxed)) return true;
  }
  return false;
}

void Aggregator::add(const CallBatch& batch) noexcept {
  for (const ProcessSeen& seen : batch.processes) describe(seen);
  for (const Call& call : batch.calls) add(call);
}

void Aggregator::add(const Call& call) {
  Sums& sums = sums_of(call);
  sums.count += 1;
  sums.errors += call.is_error();
  sums.duration_ns += call.duration_ns;
  sums.gap_ns += call.gap_ns;
  sums.bytes += bytes_of(call);
  sums.after_loss += call.after_loss;
}

// Full tables take no new string, either.
std::optional<std::uint32_t> Aggregator::string_of(std::string_view text) {
  if (const auto known = strings_.find(text)) return known;
  if (room_->is_full() || !room_->take_text(text.size())) return std::nullopt;
  return strings_.add(text);
}

std::optional<Aggregator::Key> Aggregator::key_of(const Call& call) {
  const auto path = string_of(call.path);
  const auto old_path = string_of(call.old_path);
  const auto comm = string_of(call.comm_view());
  const auto tracepoint = tracepoint_of(call);
  if (!path || !old_path || !comm || !tracepoint) return std::nullopt;
  const std::uint32_t process = process_of(call.tgid, call.process_start_ns);
  return Key{.path = *path,
             .old_path = *old_path,
             .tracepoint = *tracepoint,
             .comm = *comm,
             .process = process,
             .tid = call.tid,
             .flags = call.has_flags ? call.flags : kNoFlags};
}

Aggregator::Sums& Aggregator::sums_of(const Call& call) {
  if (const auto key = key_of(call)) {
    const auto [record, is_new] = records_.try_emplace(*key);
    if (!is_new || room_->take_record()) {
      folded_ += key->process == other_process_;
      return record->second;
    }
    records_.erase(record);
  }
  ++folded_;
  const std::uint32_t other = strings_.add(kOther);
  return records_[Key{.path = other,
                      .old_path = strings_.add(""),
                      .tracepoint = tracepoint_of(call).value_or(other),
                      .comm = other,
                      .process = process_of(0, 0),
                      .tid = 0,
                      .flags = kNoFlags}];
}

// Numbers that the catalogue can't have are as many as a program likes: bounded like other strings.
std::optional<std::uint32_t> Aggregator::tracepoint_of(const Call& call) {
  const std::size_t row = IOR_ROW_OF(call.number, call.table);
  if (row == IOR_NO_ROW) return string_of(tracepoint_name(call.number, call.table));
  if (tracepoints_.empty()) tracepoints_.assign(IOR_ROWS, kUnused);
  std::uint32_t& number = tracepoints_[row];
  if (number == kUnused) number = strings_.add(tracepoint_name(call.number, call.table));
  return number;
}

std::uint32_t Aggregator::process_of(std::uint32_t pid, std::uint64_t start_ns) {
  if (const auto found = process_numbers_.find({pid, start_ns}); found != process_numbers_.end()) {
    return found->second;
  }
  if (pid != 0 && !room_->take_process()) return process_of(0, 0);
  const auto number = static_cast<std::uint32_t>(processes_.size());
  Process process;
  process.pid = pid;
  process.start_ns = start_ns;
  if (pid == 0) {
    process.executable = kOther;
    other_process_ = number;
  }
  processes_.push_back(std::move(process));
  described_ns_.push_back(0);
  process_numbers_.emplace(ProcessId{pid, start_ns}, number);
  return number;
}

// A process that is described again has called exec, maybe on another CPU, whose ring was read
// first: the latest description holds.
void Aggregator::describe(const ProcessSeen& seen) {
  const std::uint32_t number = process_of(seen.pid, seen.start_ns);
  Process& process = processes_[number];
  const Event& event = *seen.event;
  if (number == other_process_ || event.time_ns < described_ns_[number]) return;
  const std::size_t text_bytes =
      event.text.bytes.size() + event.other_text.bytes.size() + event.name_text.bytes.size();
  if (!room_->take_text(text_bytes)) return;
  described_ns_[number] = event.time_ns;
  process.ppid = event.process->ppid;
  process.uid = event.process->uid;
  process.mount_namespace = event.process->mount_namespace;
  process.executable = event.text.bytes;
  process.command_line = event.other_text.bytes;
  process.cgroup = event.name_text.bytes;
}

void Aggregator::append_to(Recording& recording, StringTable& strings) const {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(strings_.strings().size());
  for (const std::string& text : strings_.strings()) numbers.push_back(strings.add(text));
  const auto first_process = static_cast<std::uint32_t>(recording.processes.size());
  recording.processes.insert(recording.processes.end(), processes_.begin(), processes_.end());
  recording.records.reserve(recording.records.size() + records_.size());
  for (const auto& [key, sums] : records_) {
    recording.records.push_back({.path = numbers[key.path],
                                 .old_path = numbers[key.old_path],
                                 .tracepoint = numbers[key.tracepoint],
                                 .comm = numbers[key.comm],
                                 .process = first_process + key.process,
                                 .tid = key.tid,
                                 .flags = key.flags,
                                 .count = sums.count,
                                 .errors = sums.errors,
                                 .duration_ns = sums.duration_ns,
                                 .gap_ns = sums.gap_ns,
                                 .bytes = sums.bytes,
                                 .after_loss = sums.after_loss});
  }
}

}  // namespace ior
