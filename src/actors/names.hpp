// Makes names (model/call.hpp): of a batch, or to be kept until another takes their place. Free
// functions.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <string_view>

#include "actors/message.hpp"

namespace ior {

// A name of a text that lies in the batch, or for ever.
const Name* name_in(std::pmr::monotonic_buffer_resource& memory, std::string_view text);
// A name with a copy of the text.
const Name* copy_in(std::pmr::monotonic_buffer_resource& memory, std::string_view text,
                    const Name* root = nullptr);
// A name of a path as passed, from the directory where it starts (join_path).
const Name* join_in(std::pmr::monotonic_buffer_resource& memory, const Name& directory,
                    std::string_view path);

// A name by itself, at the front of its memory, with a copy of the text and numbers that are all
// kNoNumber.
Memory keep_name(std::string_view text, std::size_t numbers, const Name* root = nullptr);
inline const Name* name_at(const Memory& memory) {
  return reinterpret_cast<const Name*>(memory.get());
}
inline constexpr std::uint32_t kNoNumber = ~0u;

}  // namespace ior
