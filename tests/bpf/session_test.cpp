#include "bpf/session.hpp"

#include <gtest/gtest.h>

#include <bit>

namespace ior {
namespace {

TEST(DefaultRingBytes, are_16_to_256_mib_in_all_on_every_machine) {
  for (std::size_t cpus = 1; cpus <= 8192; ++cpus) {
    const std::uint64_t bytes = default_ring_bytes(cpus);
    EXPECT_TRUE(std::has_single_bit(bytes)) << cpus;
    EXPECT_GE(cpus * bytes, 16u << 20) << cpus;
    EXPECT_LE(cpus * bytes, 256u << 20) << cpus;
  }
}

}  // namespace
}  // namespace ior
