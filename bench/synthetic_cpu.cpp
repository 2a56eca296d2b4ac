#include "synthetic_cpu.hpp"

#include <fcntl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>

#include "bpf/ring_records.hpp"
#include "catalog/catalog.hpp"

namespace ior::bench {
namespace {

constexpr std::int32_t kFd = 5;
constexpr std::uint64_t kCallNs = 700;
constexpr std::uint64_t kBetweenCallsNs = 300;

}  // namespace

// A record in the making.
class Cpu::Record {
 public:
  explicit Record(const ior_head& head) : head_(head) {}

  template <typename T>
  void put(const T& part, int sections = 0) {
    head_.sections |= static_cast<std::uint16_t>(sections);
    body_.append(reinterpret_cast<const char*>(&part), sizeof(part));
  }

  void put_text(std::string_view text, int sections = 0) {
    put(ior_text{static_cast<std::uint16_t>(text.size()), IOR_TEXT_OK, 0}, sections);
    body_ += text;
    body_.resize((body_.size() + 7) & ~std::size_t{7});
  }

  void put_args(std::uint16_t nr) {
    head_.nargs = find_syscall(nr)->args;
    for (std::uint64_t i = 0; i < head_.nargs; ++i) put(i);
  }

  void put_intro(Task& task) {
    if (task.introduced) return;
    ior_intro intro{task.process_start_ns, {}};
    std::memcpy(intro.comm, task.comm.data(), std::min<std::size_t>(task.comm.size(), 15));
    put(intro, IOR_INTRO);
    task.introduced = true;
  }

  const ior_head& head() const { return head_; }
  const std::string& body() const { return body_; }

 private:
  ior_head head_;
  std::string body_;
};

ior_head Cpu::head_of(const Task& task, ior_record_kind kind, std::uint16_t nr) const {
  ior_head head{};
  head.kind = kind;
  head.cpu = number_;
  head.nr = nr;
  head.task = task.task;
  head.seq = task.seq;
  head.tgid = task.tgid;
  head.tid = task.tid;
  head.time_ns = now_ns_;
  return head;
}

void Cpu::write(const Record& record) {
  const auto header = static_cast<std::uint32_t>(sizeof(ior_head) + record.body().size());
  std::size_t place = bytes_.size();
  bytes_.resize(place + ring_record_bytes(header));
  std::memcpy(bytes_.data() + place, &header, sizeof(header));
  std::memcpy(bytes_.data() + (place += kRingHeaderBytes), &record.head(), sizeof(ior_head));
  std::memcpy(bytes_.data() + place + sizeof(ior_head), record.body().data(), record.body().size());
  ++replay_.records;
}

std::uint32_t Cpu::name_id(std::string_view path) {
  const auto next = static_cast<std::uint32_t>(name_ids_.size());
  const auto [known, is_new] = name_ids_.try_emplace(std::string(path), next);
  if (is_new) {
    Record record(head_of(Task{}, IOR_RECORD_NAME));
    record.put(ior_name{next, IOR_NAME_PATH, IOR_ROOT_OWN, 100'000 + next});
    record.put_text(path);
    write(record);
  }
  return known->second;
}

ior_file Cpu::file_of(std::string_view path, std::int32_t fd) {
  return {name_id(path), fd, O_RDONLY, IOR_FILE_NAMED};
}

void Cpu::describe(const Task& task, std::string_view executable) {
  Record record(head_of(task, IOR_RECORD_PROCESS));
  record.put(ior_process{task.process_start_ns, 1, 1000, 4026531841});
  record.put_text(executable);
  record.put_text(executable);
  record.put_text("/user.slice/session-1.scope");
  write(record);
  ++replay_.processes;
}

void Cpu::path_call(Task& task, const PathCall& call) {
  ++task.seq;
  const std::uint64_t enter_ns = now_ns_ += kBetweenCallsNs;
  const ior_file directory = file_of(call.directory, kFd);
  Record enter(head_of(task, IOR_RECORD_ENTER, call.nr));
  enter.put_args(call.nr);
  enter.put(directory, IOR_FILE);
  if (!call.old_path.empty()) enter.put(directory, IOR_OTHER);
  enter.put_intro(task);
  enter.put_text(call.path, IOR_TEXT);
  if (!call.old_path.empty()) enter.put_text(call.old_path, IOR_TEXT_OTHER);
  write(enter);

  now_ns_ += kCallNs;
  const ior_file opened = call.opened.empty() ? ior_file{} : file_of(call.opened, kFd);
  Record exit(head_of(task, IOR_RECORD_EXIT, call.nr));
  exit.put(ior_exit{enter_ns, call.ret});
  if (!call.opened.empty()) exit.put(opened, IOR_FILE);
  write(exit);
  ++replay_.calls;
  replay_.halves += 2;
}

void Cpu::fd_call(Task& task, std::uint16_t nr, std::string_view file, std::int64_t ret) {
  ++task.seq;
  const std::uint64_t enter_ns = now_ns_ += kBetweenCallsNs;
  const ior_file open = file_of(file, kFd);
  now_ns_ += kCallNs;
  Record record(head_of(task, IOR_RECORD_EXIT, nr));
  record.put(ior_exit{enter_ns, ret}, IOR_WHOLE);
  record.put_args(nr);
  record.put(open, IOR_FILE);
  record.put_intro(task);
  write(record);
  ++replay_.calls;
  replay_.halves += 2;
  if (find_syscall(nr)->bytes.kind != ByteClass::none) {
    replay_.bytes_moved += static_cast<std::uint64_t>(std::max<std::int64_t>(ret, 0));
  }
}

void Cpu::exit(Task& task) {
  ++task.seq;
  now_ns_ += kBetweenCallsNs;
  Record record(head_of(task, IOR_RECORD_EXIT, SYS_exit_group));
  record.put(ior_exit{now_ns_, 0}, IOR_WHOLE | IOR_NO_RETURN);
  record.put_args(SYS_exit_group);
  record.put_intro(task);
  write(record);
  write(Record(head_of(task, IOR_RECORD_END)));
  ++replay_.calls;
  replay_.halves += 2;
}

}  // namespace ior::bench
