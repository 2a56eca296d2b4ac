#include "cli/values.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

namespace ior {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Values, an_id_is_a_whole_number_from_1) {
  EXPECT_EQ(parse_id("-pid", "1"), 1u);
  EXPECT_EQ(parse_id("-pid", "4194304"), 4194304u);
  for (const std::string_view text :
       {"0", "-1", "", "x", "1x", " 1", "1.5", "0x10", "4294967297"}) {
    const auto id = parse_id("-tid", text);
    ASSERT_FALSE(id) << text;
    EXPECT_THAT(id.error().message, HasSubstr("-tid takes")) << text;
  }
}

TEST(Values, a_duration_is_any_number_of_seconds_above_0) {
  EXPECT_EQ(parse_duration_s("10"), 10.0);
  EXPECT_EQ(parse_duration_s("0.25"), 0.25);
  EXPECT_EQ(parse_duration_s(".5"), 0.5);
  EXPECT_EQ(parse_duration_s("1e-3"), 0.001);
  for (const std::string_view text : {"0", "-1", "nan", "inf", "1e400", "1e10", "10s", "", "1,5"}) {
    EXPECT_FALSE(parse_duration_s(text)) << text;
  }
}

TEST(Values, rows_are_a_number_or_0_for_all) {
  EXPECT_EQ(parse_rows("0"), 0u);
  EXPECT_EQ(parse_rows("500"), 500u);
  for (const char* text : {"", "-1", "all", "1.5"}) EXPECT_FALSE(parse_rows(text)) << text;
}

TEST(Values, max_keys_are_as_many_records_as_can_be_read_back) {
  EXPECT_EQ(parse_max_keys("1"), 1u);
  EXPECT_EQ(parse_max_keys("8388608"), 8388608u);
  for (const std::string_view text : {"0", "-2", "8388609", "many", "", "2.0"}) {
    EXPECT_FALSE(parse_max_keys(text)) << text;
  }
}

TEST(Values, threads_are_a_number_from_1_to_1024) {
  EXPECT_EQ(parse_threads("1"), 1);
  EXPECT_EQ(parse_threads("1024"), 1024);
  for (const std::string_view text : {"0", "-2", "1025", "two", "", "2.0"}) {
    EXPECT_FALSE(parse_threads(text)) << text;
  }
}

TEST(Values, ring_bytes_are_a_power_of_two_from_a_page_to_512_mebibytes) {
  struct Case {
    std::string_view text;
    std::uint64_t bytes;
  };
  for (const Case& each :
       {Case{"4096", 4096}, Case{"4K", 4096}, Case{"64k", 65536}, Case{"16M", 16777216},
        Case{"512M", 536870912}, Case{"536870912", 536870912}, Case{"524288K", 536870912}}) {
    EXPECT_EQ(parse_ring_bytes(each.text), each.bytes) << each.text;
  }
  for (const std::string_view text :
       {"0", "2048", "5000", "1073741824", "1G", "3M", "M", "", "-4096", "4096B", "4KK",
        "18446744073709551615G", "17179869185G"}) {
    EXPECT_FALSE(parse_ring_bytes(text)) << text;
  }
}

TEST(Values, a_ready_fd_is_open_for_writing) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  EXPECT_EQ(parse_ready_fd(std::to_string(pipe[1])), pipe[1]);
  EXPECT_FALSE(parse_ready_fd(std::to_string(pipe[0]))) << "open for reading only";
  ::close(pipe[0]);
  ::close(pipe[1]);
  EXPECT_FALSE(parse_ready_fd("1048577")) << "not open";
  for (const std::string_view text : {"-1", "x", "", "1x"}) {
    EXPECT_FALSE(parse_ready_fd(text)) << text;
  }
}

TEST(Values, a_recording_name_fits_into_a_file_name) {
  const std::string longest(128, 'n');
  EXPECT_EQ(parse_recording_name("a b.c"), "a b.c");
  EXPECT_EQ(parse_recording_name(longest), longest);
  for (const std::string& text : {longest + "n", std::string("a/b"), std::string("a\nb")}) {
    EXPECT_FALSE(parse_recording_name(text)) << text;
  }
}

TEST(Values, a_mode_is_octal_and_only_permissions) {
  EXPECT_EQ(parse_mode("0640"), 0640u);
  EXPECT_EQ(parse_mode("600"), 0600u);
  EXPECT_EQ(parse_mode("0777"), 0777u);
  EXPECT_EQ(parse_mode("0"), 0u);
  for (const std::string_view text : {"1000", "4755", "0648", "-1", "0x1ff", "", "rw-", "600 "}) {
    EXPECT_FALSE(parse_mode(text)) << text;
  }
}

TEST(Values, a_comm_is_no_longer_than_the_kernel_keeps_it) {
  EXPECT_EQ(parse_comm("123456789012345"), "123456789012345");
  EXPECT_FALSE(parse_comm("1234567890123456"));
}

TEST(Values, fields_keep_their_order) {
  const auto fields = parse_fields("comm, tracepoint,path");
  ASSERT_TRUE(fields);
  EXPECT_THAT(*fields, ElementsAre(Field::comm, Field::tracepoint, Field::path));
}

TEST(Values, a_wrong_field_is_named_with_what_may_be_meant_and_what_there_is) {
  EXPECT_EQ(parse_fields("comm,pth").error().message,
            "-fields: unknown field 'pth', did you mean path? "
            "(fields: path, comm, tracepoint, pid, tid, flags, root)");
  EXPECT_EQ(parse_fields("comm,comm").error().message, "-fields: 'comm' is named twice");
  EXPECT_FALSE(parse_fields("comm,"));
}

TEST(Values, a_weight_is_one_of_six) {
  EXPECT_EQ(parse_count("durationToPrev"), Weight::duration_to_prev);
  EXPECT_EQ(parse_count("byte").error().message,
            "-count: unknown weight 'byte', did you mean bytes? "
            "(weights: count, duration, durationToPrev, bytes, bytes_read, bytes_written)");
}

}  // namespace
}  // namespace ior
