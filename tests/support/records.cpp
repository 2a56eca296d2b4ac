#include "tests/support/records.hpp"

#include <algorithm>
#include <cstring>

#include "bpf/ring_records.hpp"

namespace ior::test {
namespace {

template <typename T>
void append_value(Bytes& to, const T& value) {
  to.resize(to.size() + sizeof(value));
  std::memcpy(to.data() + to.size() - sizeof(value), &value, sizeof(value));
}

void pad(Bytes& bytes) {
  bytes.resize((bytes.size() + 7) & ~std::size_t{7});
}

void append_text(Bytes& to, std::string_view text, ior_text_status status, std::uint32_t link = 0) {
  append_value(to, ior_text{static_cast<__u16>(text.size()), static_cast<__u16>(status), link});
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  to.insert(to.end(), first, first + text.size());
  pad(to);
}

}  // namespace

RecordBuilder& RecordBuilder::of(const Ids& ids) {
  head_.task = ids.task;
  head_.tgid = ids.tgid;
  head_.tid = ids.tid;
  return *this;
}

RecordBuilder& RecordBuilder::cpu(std::uint16_t cpu) {
  head_.cpu = cpu;
  return *this;
}

RecordBuilder& RecordBuilder::nr(std::uint16_t nr) {
  head_.nr = nr;
  return *this;
}

RecordBuilder& RecordBuilder::seq(std::uint32_t seq) {
  head_.seq = seq;
  return *this;
}

RecordBuilder& RecordBuilder::at(std::uint64_t time_ns) {
  head_.time_ns = time_ns;
  return *this;
}

RecordBuilder& RecordBuilder::mark(unsigned sections) {
  head_.sections = static_cast<__u16>(head_.sections | sections);
  return *this;
}

RecordBuilder& RecordBuilder::args(std::initializer_list<std::uint64_t> values) {
  head_.nargs = static_cast<__u8>(values.size());
  parts_[kArgs].clear();
  for (const std::uint64_t value : values) append_value(parts_[kArgs], value);
  return *this;
}

RecordBuilder& RecordBuilder::exit(std::uint64_t enter_ns, std::int64_t ret) {
  parts_[kExit].clear();
  append_value(parts_[kExit], ior_exit{enter_ns, ret});
  return *this;
}

RecordBuilder& RecordBuilder::file(const ior_file& file) {
  parts_[kFile].clear();
  append_value(parts_[kFile], file);
  return mark(IOR_FILE);
}

RecordBuilder& RecordBuilder::other(const ior_file& file) {
  parts_[kOther].clear();
  append_value(parts_[kOther], file);
  return mark(IOR_OTHER);
}

RecordBuilder& RecordBuilder::intro(std::string_view comm, std::uint64_t process_start_ns,
                                    std::uint32_t root) {
  ior_intro intro{process_start_ns, {}, root, 0};
  std::memcpy(intro.comm, comm.data(), std::min<std::size_t>(comm.size(), IOR_COMM_SIZE));
  parts_[kIntro].clear();
  append_value(parts_[kIntro], intro);
  return mark(IOR_INTRO);
}

RecordBuilder& RecordBuilder::text(std::string_view text, ior_text_status status,
                                   std::uint32_t link) {
  parts_[kText].clear();
  append_text(parts_[kText], text, status, link);
  return mark(IOR_TEXT);
}

RecordBuilder& RecordBuilder::other_text(std::string_view text, ior_text_status status,
                                         std::uint32_t link) {
  parts_[kOtherText].clear();
  append_text(parts_[kOtherText], text, status, link);
  return mark(IOR_TEXT_OTHER);
}

RecordBuilder& RecordBuilder::inline_name(std::string_view text, ior_name_kind kind,
                                          std::uint64_t inode, std::uint16_t root) {
  parts_[kName].clear();
  append_value(parts_[kName], ior_name{0, static_cast<__u16>(kind), root, inode});
  append_text(parts_[kName], text, IOR_TEXT_OK);
  return mark(IOR_TEXT_NAME);
}

RecordBuilder& RecordBuilder::name(std::uint32_t id, ior_name_kind kind, std::uint64_t inode,
                                   std::uint16_t root) {
  append_value(parts_[kBody], ior_name{id, static_cast<__u16>(kind), root, inode});
  return *this;
}

RecordBuilder& RecordBuilder::process(const ior_process& process) {
  append_value(parts_[kBody], process);
  return *this;
}

RecordBuilder& RecordBuilder::body_text(std::string_view text) {
  append_text(parts_[kBody], text, IOR_TEXT_OK);
  return *this;
}

RecordBuilder& RecordBuilder::damage() {
  head_.kind = 0;
  return *this;
}

Bytes RecordBuilder::record() const {
  Bytes bytes;
  append_value(bytes, head_);
  for (const Bytes& part : parts_) append(bytes, part);
  return bytes;
}

Bytes RecordBuilder::bytes() const {
  return ring_bytes_of(record());
}

RecordBuilder enter_record(std::uint16_t nr) {
  return RecordBuilder(IOR_RECORD_ENTER).of({}).nr(nr).seq(1);
}

RecordBuilder exit_record(std::uint16_t nr, std::uint64_t enter_ns, std::int64_t ret) {
  return RecordBuilder(IOR_RECORD_EXIT).of({}).nr(nr).seq(1).exit(enter_ns, ret);
}

RecordBuilder whole_record(std::uint16_t nr, std::uint64_t enter_ns, std::int64_t ret) {
  return exit_record(nr, enter_ns, ret).mark(IOR_WHOLE);
}

RecordBuilder name_record(std::uint32_t id, std::string_view text, ior_name_kind kind,
                          std::uint64_t inode, std::uint16_t root) {
  return RecordBuilder(IOR_RECORD_NAME).name(id, kind, inode, root).body_text(text);
}

RecordBuilder process_record(const ior_process& process, std::string_view executable,
                             std::string_view command_line, std::string_view cgroup) {
  return RecordBuilder(IOR_RECORD_PROCESS)
      .of({.task = 0})
      .process(process)
      .body_text(executable)
      .body_text(command_line)
      .body_text(cgroup);
}

RecordBuilder end_record(std::uint32_t last_seq) {
  return RecordBuilder(IOR_RECORD_END).of({}).seq(last_seq);
}

ior_file named_file(std::uint32_t name_id, std::int32_t fd, std::uint32_t f_flags) {
  return {name_id, fd, f_flags, IOR_FILE_NAMED};
}

ior_file file_with(ior_file_status status, std::int32_t fd, std::uint32_t f_flags) {
  return {0, fd, f_flags, static_cast<__u32>(status)};
}

Bytes ring_bytes_of(const Bytes& payload, std::uint32_t flags) {
  Bytes bytes;
  append_value(bytes, static_cast<std::uint32_t>(payload.size()) | flags);
  append_value(bytes, std::uint32_t{0});
  append(bytes, payload);
  pad(bytes);
  return bytes;
}

void append(Bytes& to, const Bytes& more) {
  to.insert(to.end(), more.begin(), more.end());
}

Bytes concatenated(const std::vector<Bytes>& parts) {
  Bytes bytes;
  for (const Bytes& part : parts) append(bytes, part);
  return bytes;
}

}  // namespace ior::test
