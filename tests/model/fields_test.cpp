#include "model/fields.hpp"

#include <gtest/gtest.h>

#include "model/recording.hpp"

namespace ior {
namespace {

TEST(Fields, names_are_parsed_to_what_they_name) {
  const struct {
    const char* name;
    Field field;
  } kCases[] = {
      {"path", Field::path}, {"comm", Field::comm}, {"tracepoint", Field::tracepoint},
      {"pid", Field::pid},   {"tid", Field::tid},   {"flags", Field::flags},
      {"root", Field::root},
  };
  for (const auto& [name, field] : kCases) {
    EXPECT_EQ(parse_field(name), field);
    EXPECT_EQ(name_of(field), name);
  }
}

TEST(Fields, weights_are_parsed_and_read_from_a_record) {
  const Record record{
      .count = 1, .duration_ns = 2, .gap_ns = 3, .bytes_read = 4, .bytes_written = 50};
  const struct {
    const char* name;
    Weight weight;
    std::uint64_t value;
  } kCases[] = {
      {"count", Weight::count, 1},
      {"duration", Weight::duration, 2},
      {"durationToPrev", Weight::duration_to_prev, 3},
      {"bytes", Weight::bytes, 54},
      {"bytes_read", Weight::bytes_read, 4},
      {"bytes_written", Weight::bytes_written, 50},
  };
  for (const auto& [name, weight, value] : kCases) {
    EXPECT_EQ(parse_weight(name), weight);
    EXPECT_EQ(name_of(weight), name);
    EXPECT_EQ(weight_of(record, weight), value);
  }
}

TEST(Fields, other_names_name_nothing) {
  for (const char* name : {"", "Path", "path ", "paths", "count"}) EXPECT_FALSE(parse_field(name));
  for (const char* name : {"", "Count", "durationtoprev", "path"}) EXPECT_FALSE(parse_weight(name));
}

}  // namespace
}  // namespace ior
