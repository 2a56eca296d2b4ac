// A record where it lies: finds its parts by what its head says of them (bpf/wire.h draws the
// layout). Nothing is checked here: decode_record() has done that, once, for each record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "bpf/wire.h"
#include "catalog/catalog.h"

namespace ior {

struct Text {
  std::string_view bytes;
  ior_text_status status = IOR_TEXT_OK;
  std::uint32_t link = 0;  // ior_text's
};

inline ior_table table_of(unsigned sections) {
  if (sections & IOR_REQUEST) return sections & IOR_AIO ? IOR_TABLE_AIO : IOR_TABLE_URING;
  return sections & IOR_COMPAT ? IOR_TABLE_32 : IOR_TABLE_64;
}

// A pointer to the record's head. Lifetime: that of the bytes. Parts that the record does not have
// are null or empty.
class WireRecord {
 public:
  WireRecord() = default;
  explicit WireRecord(const std::byte* bytes) : bytes_(bytes) {}

  const std::byte* bytes() const { return bytes_; }
  const ior_head& head() const { return at<ior_head>(0); }
  ior_record_kind kind() const { return static_cast<ior_record_kind>(head().kind); }
  bool has(unsigned sections) const { return (head().sections & sections) != 0; }
  ior_table table() const { return table_of(head().sections); }
  std::uint32_t nr() const {
    if (head().nr != IOR_NR_WIDE || head().nargs == 0) return head().nr;
    return static_cast<std::uint32_t>(at<std::uint64_t>(args_at()));
  }

  // ENTER, EXIT and IN_FLIGHT.
  const ior_exit& exit() const { return at<ior_exit>(sizeof(ior_head)); }
  std::span<const std::uint64_t> args() const {
    return {&at<std::uint64_t>(args_at()), head().nargs};
  }
  const ior_file* file() const { return part<ior_file>(IOR_FILE, file_at()); }
  const ior_file* other() const { return part<ior_file>(IOR_OTHER, other_at()); }
  const ior_intro* intro() const { return part<ior_intro>(IOR_INTRO, intro_at()); }
  Text path() const { return has(IOR_TEXT) ? text_at(paths_at()) : Text(); }
  Text old_path() const { return has(IOR_TEXT_OTHER) ? text_at(old_path_at()) : Text(); }
  const ior_name* inline_name() const { return part<ior_name>(IOR_TEXT_NAME, name_at()); }
  Text inline_text() const {
    return has(IOR_TEXT_NAME) ? text_at(name_at() + sizeof(ior_name)) : Text();
  }
  Text address() const { return has(IOR_ADDRESS) ? text_at(address_at()) : Text(); }

  // NAME.
  const ior_name& name() const { return at<ior_name>(sizeof(ior_head)); }
  Text name_text() const { return text_at(sizeof(ior_head) + sizeof(ior_name)); }

  // PROCESS.
  const ior_process& process() const { return at<ior_process>(sizeof(ior_head)); }
  Text executable() const { return text_at(executable_at()); }
  Text command_line() const { return text_at(behind_text(executable_at())); }
  Text cgroup() const { return text_at(behind_text(behind_text(executable_at()))); }

  // Of an ENTER, EXIT, END or IN_FLIGHT: the whole record's.
  std::size_t size() const {
    if (kind() == IOR_RECORD_END) return sizeof(ior_head);
    return has(IOR_ADDRESS) ? behind_text(address_at()) : address_at();
  }

 private:
  template <typename T>
  const T& at(std::size_t offset) const {
    return *reinterpret_cast<const T*>(bytes_ + offset);
  }
  template <typename T>
  const T* part(unsigned section, std::size_t offset) const {
    return has(section) ? &at<T>(offset) : nullptr;
  }
  Text text_at(std::size_t offset) const {
    const auto& text = at<ior_text>(offset);
    return {{reinterpret_cast<const char*>(&text + 1), text.size},
            static_cast<ior_text_status>(text.status),
            text.link};
  }
  std::size_t behind_text(std::size_t offset) const {
    return offset + sizeof(ior_text) + ((at<ior_text>(offset).size + 7u) & ~7u);
  }

  std::size_t args_at() const {
    return sizeof(ior_head) + (head().kind == IOR_RECORD_ENTER ? 0 : sizeof(ior_exit));
  }
  std::size_t file_at() const { return args_at() + 8u * head().nargs; }
  std::size_t other_at() const { return file_at() + (has(IOR_FILE) ? sizeof(ior_file) : 0); }
  std::size_t intro_at() const { return other_at() + (has(IOR_OTHER) ? sizeof(ior_file) : 0); }
  std::size_t paths_at() const { return intro_at() + (has(IOR_INTRO) ? sizeof(ior_intro) : 0); }
  std::size_t old_path_at() const { return has(IOR_TEXT) ? behind_text(paths_at()) : paths_at(); }
  std::size_t name_at() const {
    return has(IOR_TEXT_OTHER) ? behind_text(old_path_at()) : old_path_at();
  }
  std::size_t address_at() const {
    return has(IOR_TEXT_NAME) ? behind_text(name_at() + sizeof(ior_name)) : name_at();
  }
  static constexpr std::size_t executable_at() { return sizeof(ior_head) + sizeof(ior_process); }

  const std::byte* bytes_ = nullptr;
};

}  // namespace ior
