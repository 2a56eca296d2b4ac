#include "actors/names.hpp"

#include <algorithm>
#include <new>

#include "model/path.hpp"

namespace ior {
namespace {

using BatchMemory = std::pmr::monotonic_buffer_resource;

}  // namespace

const Name* name_in(BatchMemory& memory, std::string_view text) {
  return new (memory.allocate(sizeof(Name), alignof(Name))) Name{text};
}

const Name* copy_in(BatchMemory& memory, std::string_view text, const Name* root) {
  return join_in(memory, {.text = {}, .root = root}, text);
}

const Name* join_in(BatchMemory& memory, const Name& directory, std::string_view path) {
  const std::size_t size = joined_bytes(directory.text, path);
  auto* const place = static_cast<std::byte*>(memory.allocate(sizeof(Name) + size, alignof(Name)));
  auto* const text = reinterpret_cast<char*>(place + sizeof(Name));
  join_path(directory.text, path, text);
  return new (place) Name{{text, size}, nullptr, directory.root};
}

Memory keep_name(std::string_view text, std::size_t numbers, const Name* root) {
  const std::size_t text_at = sizeof(Name) + numbers * sizeof(std::uint32_t);
  Memory memory(new std::byte[text_at + text.size()]);
  auto* const first = reinterpret_cast<std::uint32_t*>(memory.get() + sizeof(Name));
  std::fill_n(first, numbers, kNoNumber);
  auto* const copy = reinterpret_cast<char*>(memory.get() + text_at);
  std::ranges::copy(text, copy);
  new (memory.get()) Name{{copy, text.size()}, first, root};
  return memory;
}

}  // namespace ior
