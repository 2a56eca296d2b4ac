#include "cli/values.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <optional>

#include "cli/suggest.hpp"
#include "cli/text.hpp"
#include "sinks/recording_format.hpp"

namespace ior {
namespace {

constexpr int kThreadsMax = 1024;
constexpr std::size_t kMaxKeysMax = format::kMaxRecords;
constexpr double kDurationMaxS = 1e9;
constexpr std::uint64_t kRingBytesMin = 4096;
constexpr std::uint64_t kRingBytesMax = std::uint64_t{1} << 29;
// With host and date around it, it must fit into a file name of 255.
constexpr std::size_t kNameBytesMax = 128;
constexpr std::array<std::string_view, 3> kEscapes = {"auto", "always", "never"};
static_assert(kEscapes.size() == static_cast<std::size_t>(Escape::never) + 1);
constexpr std::size_t kCommBytesMax = 15;  // as the kernel keeps it

// The whole text as a number.
template <typename Number>
std::optional<Number> to_number(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

std::unexpected<Error> bad_value(std::string_view option, std::string_view text,
                                 std::string_view wanted) {
  return fail(fmt::format("{} takes {}, not '{}'", option, wanted, text));
}

// The names of an enum's values, up to its last.
template <typename Enum>
std::vector<std::string_view> names_up_to(Enum last) {
  std::vector<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(last); ++i) names.push_back(name_of(static_cast<Enum>(i)));
  return names;
}

// By how many bits a size with that last letter is shifted.
int suffix_shift(char suffix) {
  static constexpr std::string_view kSuffixes = "KkMmGg";
  const std::size_t at = kSuffixes.find(suffix);
  return at == std::string_view::npos ? 0 : 10 * static_cast<int>(at / 2 + 1);
}

}  // namespace

Result<std::uint32_t> parse_id(std::string_view option, std::string_view text) {
  const auto id = to_number<std::int32_t>(text);
  if (!id || *id < 1)
    return bad_value(option, text, "the number of a process or thread, 1 or more");
  return static_cast<std::uint32_t>(*id);
}

Result<double> parse_duration_s(std::string_view text) {
  const auto seconds = to_number<double>(text);
  if (!seconds || !(*seconds > 0 && *seconds <= kDurationMaxS)) {
    return bad_value("-duration", text, "seconds, more than 0, such as 10 or 0.5");
  }
  return *seconds;
}

Result<std::size_t> parse_rows(std::string_view text) {
  const auto rows = to_number<std::size_t>(text);
  if (!rows) return bad_value("-rows", text, "a number, 0 for all rows");
  return *rows;
}

Result<int> parse_threads(std::string_view text) {
  const auto threads = to_number<int>(text);
  if (!threads || *threads < 1 || *threads > kThreadsMax) {
    return bad_value("-threads", text, fmt::format("a number from 1 to {}", kThreadsMax));
  }
  return *threads;
}

Result<std::uint64_t> parse_ring_bytes(std::string_view text) {
  std::string_view digits = text;
  const int shift = text.empty() ? 0 : suffix_shift(text.back());
  if (shift != 0) digits.remove_suffix(1);
  const auto number = to_number<std::uint64_t>(digits);
  const bool fits = number && *number <= kRingBytesMax >> shift;
  const std::uint64_t bytes = fits ? *number << shift : 0;
  if (bytes < kRingBytesMin || !std::has_single_bit(bytes)) {
    return bad_value("-mapSize", text, "a power of two from 4K to 512M, such as 4194304 or 4M");
  }
  return bytes;
}

Result<std::size_t> parse_max_keys(std::string_view text) {
  const auto keys = to_number<std::size_t>(text);
  if (!keys || *keys < 1 || *keys > kMaxKeysMax) {
    return bad_value("-max-keys", text, fmt::format("a number from 1 to {}", kMaxKeysMax));
  }
  return *keys;
}

Result<int> parse_ready_fd(std::string_view text) {
  const auto fd = to_number<int>(text);
  if (!fd || *fd < 0) return bad_value("-ready-fd", text, "the number of an open fd");
  const int flags = ::fcntl(*fd, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
    return bad_value("-ready-fd", text, "an fd that is open for writing when ior starts");
  }
  return *fd;
}

Result<std::string> parse_recording_name(std::string_view text) {
  const bool usable =
      std::ranges::none_of(text, [](unsigned char c) { return c == '/' || c < ' ' || c == 0x7f; });
  if (!usable || text.size() > kNameBytesMax) {
    return bad_value(
        "-name", text,
        fmt::format("a part of a file name, without '/' and at most {} bytes long", kNameBytesMax));
  }
  return std::string(text);
}

Result<std::uint32_t> parse_mode(std::string_view text) {
  std::uint32_t mode = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, mode, 8);
  if (error != std::errc() || rest != end || mode > 0777) {
    return bad_value("-mode", text, "permissions in octal, at most 0777, such as 0640");
  }
  return mode;
}

Result<std::string> parse_comm(std::string_view text) {
  if (text.size() > kCommBytesMax) {
    return bad_value("-comm", text,
                     fmt::format("at most {} bytes, as no thread's name is longer", kCommBytesMax));
  }
  return std::string(text);
}

Result<std::vector<Field>> parse_fields(std::string_view text) {
  std::vector<Field> fields;
  for (const std::string_view name : split_list(text)) {
    const std::optional<Field> field = parse_field(name);
    if (!field) {
      return fail(fmt::format("-fields: unknown field '{}'{} (fields: {})", name,
                              did_you_mean(name, names_up_to(kLastField)), field_names()));
    }
    if (std::ranges::find(fields, *field) != fields.end()) {
      return fail(fmt::format("-fields: '{}' is named twice", name));
    }
    fields.push_back(*field);
  }
  return fields;
}

Result<Weight> parse_count(std::string_view text) {
  const std::optional<Weight> weight = parse_weight(text);
  if (!weight) {
    return fail(fmt::format("-count: unknown weight '{}'{} (weights: {})", text,
                            did_you_mean(text, names_up_to(kLastWeight)), weight_names()));
  }
  return *weight;
}

Result<Escape> parse_escape(std::string_view text) {
  const auto found = std::ranges::find(kEscapes, text);
  if (found == kEscapes.end()) {
    return fail(fmt::format("-escape: unknown case '{}'{} (cases: {})", text,
                            did_you_mean(text, kEscapes), fmt::join(kEscapes, ", ")));
  }
  return static_cast<Escape>(found - kEscapes.begin());
}

Result<TimeColumn> parse_time_column(std::string_view text) {
  const auto names = names_up_to(TimeColumn::none);
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) {
    return fail(fmt::format("-time: unknown clock '{}'{} (clocks: {})", text,
                            did_you_mean(text, names), time_column_names()));
  }
  return static_cast<TimeColumn>(found - names.begin());
}

std::string field_names() {
  return fmt::format("{}", fmt::join(names_up_to(kLastField), ", "));
}
std::string weight_names() {
  return fmt::format("{}", fmt::join(names_up_to(kLastWeight), ", "));
}
std::string time_column_names() {
  return fmt::format("{}", fmt::join(names_up_to(TimeColumn::none), ", "));
}

}  // namespace ior
