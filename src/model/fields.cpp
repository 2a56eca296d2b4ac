#include "model/fields.hpp"

#include <array>
#include <cstddef>

#include "model/recording.hpp"

namespace ior {
namespace {

// In the order of the enums.
constexpr std::array<std::string_view, 7> kFields = {"path", "comm",  "tracepoint", "pid",
                                                     "tid",  "flags", "root"};
constexpr std::array<std::string_view, 6> kWeights = {"count", "duration",   "durationToPrev",
                                                      "bytes", "bytes_read", "bytes_written"};

static_assert(kFields.size() == static_cast<std::size_t>(kLastField) + 1);
static_assert(kWeights.size() == static_cast<std::size_t>(kLastWeight) + 1);

template <typename Enum, std::size_t kSize>
std::optional<Enum> parse(const std::array<std::string_view, kSize>& names, std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Field field) {
  return kFields[static_cast<std::size_t>(field)];
}
std::string_view name_of(Weight weight) {
  return kWeights[static_cast<std::size_t>(weight)];
}

std::optional<Field> parse_field(std::string_view name) {
  return parse<Field>(kFields, name);
}
std::optional<Weight> parse_weight(std::string_view name) {
  return parse<Weight>(kWeights, name);
}

std::uint64_t weight_of(const Record& record, Weight weight) {
  switch (weight) {
    case Weight::count:
      return record.count;
    case Weight::duration:
      return record.duration_ns;
    case Weight::duration_to_prev:
      return record.gap_ns;
    case Weight::bytes:
      return record.bytes_read + record.bytes_written;
    case Weight::bytes_read:
      return record.bytes_read;
    case Weight::bytes_written:
      return record.bytes_written;
  }
  return 0;
}

}  // namespace ior
