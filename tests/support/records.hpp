// Ring bytes for tests, as the kernel side writes them (bpf/wire.h): a builder with one function
// per section, in any order; the record gets them in the wire's order. Values, used by one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "bpf/wire.h"

namespace ior::test {

using Bytes = std::vector<std::byte>;

// Whose call it is.
struct Ids {
  std::uint32_t task = 1;
  std::uint32_t tgid = 100;
  std::uint32_t tid = 100;
};

class RecordBuilder {
 public:
  explicit RecordBuilder(ior_record_kind kind) { head_.kind = kind; }

  RecordBuilder& of(const Ids& ids);
  RecordBuilder& cpu(std::uint16_t cpu);
  RecordBuilder& nr(std::uint16_t nr);
  RecordBuilder& seq(std::uint32_t seq);
  RecordBuilder& at(std::uint64_t time_ns);
  RecordBuilder& mark(unsigned sections);  // sets bits that stand for no bytes: IOR_COMPAT, ...
  RecordBuilder& args(std::initializer_list<std::uint64_t> values);
  RecordBuilder& exit(std::uint64_t enter_ns, std::int64_t ret);
  RecordBuilder& file(const ior_file& file);
  RecordBuilder& other(const ior_file& file);
  RecordBuilder& intro(std::string_view comm, std::uint64_t process_start_ns = 1,
                       std::uint32_t root = IOR_ROOT_OWN);
  RecordBuilder& text(std::string_view text, ior_text_status status = IOR_TEXT_OK,
                      std::uint32_t link = 0);
  RecordBuilder& other_text(std::string_view text, ior_text_status status = IOR_TEXT_OK,
                            std::uint32_t link = 0);
  RecordBuilder& inline_name(std::string_view text, ior_name_kind kind = IOR_NAME_PATH,
                             std::uint64_t inode = 0, std::uint16_t root = IOR_ROOT_OWN);
  // What a NAME record starts with, and a PROCESS record; their texts follow from body_text().
  RecordBuilder& name(std::uint32_t id, ior_name_kind kind, std::uint64_t inode,
                      std::uint16_t root = IOR_ROOT_OWN);
  RecordBuilder& process(const ior_process& process);
  RecordBuilder& body_text(std::string_view text);

  // Makes it a record that nobody understands.
  RecordBuilder& damage();

  Bytes record() const;  // as decode_record takes it
  Bytes bytes() const;   // as it lies in a ring, behind its header

 private:
  enum Part { kBody, kExit, kArgs, kFile, kOther, kIntro, kText, kOtherText, kName, kPartCount };

  ior_head head_{};
  std::array<Bytes, kPartCount> parts_;
};

// The enter half of a call that carries paths.
RecordBuilder enter_record(std::uint16_t nr);
// The exit half of such a call.
RecordBuilder exit_record(std::uint16_t nr, std::uint64_t enter_ns, std::int64_t ret);
// A call that is one record.
RecordBuilder whole_record(std::uint16_t nr, std::uint64_t enter_ns, std::int64_t ret);
RecordBuilder name_record(std::uint32_t id, std::string_view text,
                          ior_name_kind kind = IOR_NAME_PATH, std::uint64_t inode = 0,
                          std::uint16_t root = IOR_ROOT_OWN);
RecordBuilder process_record(const ior_process& process, std::string_view executable,
                             std::string_view command_line, std::string_view cgroup);
// The end of a thread, whose last call was `last_seq`.
RecordBuilder end_record(std::uint32_t last_seq);

// An open file with the name `name_id` of its ring.
ior_file named_file(std::uint32_t name_id, std::int32_t fd = 3, std::uint32_t f_flags = 0);
ior_file file_with(ior_file_status status, std::int32_t fd = 3, std::uint32_t f_flags = 0);

// What lies in a ring: `payload` behind its header, padded. `flags`: kRingBusy, kRingDiscarded.
Bytes ring_bytes_of(const Bytes& payload, std::uint32_t flags = 0);
void append(Bytes& to, const Bytes& more);
Bytes concatenated(const std::vector<Bytes>& parts);

}  // namespace ior::test
