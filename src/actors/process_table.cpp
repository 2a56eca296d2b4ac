#include "actors/process_table.hpp"

#include <string_view>

namespace ior {

std::uint32_t ProcessTable::add(Process process) {
  processes_.push_back(std::move(process));
  described_ns_.push_back(0);
  return static_cast<std::uint32_t>(processes_.size() - 1);
}

std::uint32_t ProcessTable::other() {
  if (other_ != kNone) return other_;
  Process process;
  process.executable = kOther;
  return other_ = add(std::move(process));
}

std::uint32_t ProcessTable::number_of(std::uint32_t pid, std::uint64_t start_ns) {
  const Id id{pid, start_ns};
  if (const auto found = numbers_.find(id); found != numbers_.end()) return found->second;
  if (!room_->take_process()) return other();
  Process process;
  process.pid = pid;
  process.start_ns = start_ns;
  const std::uint32_t number = add(std::move(process));
  numbers_.emplace(id, number);
  return number;
}

// A process that is described again has called exec, maybe on another CPU, whose ring was read
// first: the latest description holds.
void ProcessTable::describe(const WireRecord& record) {
  const ior_process& seen = record.process();
  const std::uint64_t time_ns = record.head().time_ns;
  const std::uint32_t number = number_of(record.head().tgid, seen.start_ns);
  if (is_other(number) || time_ns < described_ns_[number]) return;
  const std::string_view executable = record.executable().bytes;
  const std::string_view command_line = record.command_line().bytes;
  const std::string_view cgroup = record.cgroup().bytes;
  if (!room_->take_text(executable.size() + command_line.size() + cgroup.size())) return;
  described_ns_[number] = time_ns;
  Process& process = processes_[number];
  process.ppid = seen.ppid;
  process.uid = seen.uid;
  process.mount_namespace = seen.mount_namespace;
  process.executable = executable;
  process.command_line = command_line;
  process.cgroup = cgroup;
}

// Each thread's shard knows its process, but only one of them the description.
std::uint32_t ProcessTable::take_over(ProcessTable& table, std::uint32_t number) {
  Process& process = table.processes_[number];
  const std::uint64_t described_ns = table.described_ns_[number];
  const Id id{process.pid, process.start_ns};
  const auto [place, is_new] = numbers_.try_emplace(id, 0);
  if (is_new) {
    place->second = add(std::move(process));
  } else if (described_ns > described_ns_[place->second]) {
    processes_[place->second] = std::move(process);
  } else {
    return place->second;
  }
  described_ns_[place->second] = described_ns;
  return place->second;
}

std::vector<std::uint32_t> ProcessTable::absorb(ProcessTable& table) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(table.processes_.size());
  for (std::uint32_t i = 0; i < table.processes_.size(); ++i) {
    numbers.push_back(table.is_other(i) ? other() : take_over(table, i));
  }
  table.processes_.clear();
  return numbers;
}

}  // namespace ior
