// Calls as tests compare them: copies that outlive their batch, printable, and a sink that collects
// them.
#pragma once

#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "model/call.hpp"
#include "sinks/sink.hpp"

namespace ior::test {

struct SeenCall {
  std::uint32_t number = 0;
  ior_table table = IOR_TABLE_64;
  bool after_loss = false;
  bool has_flags = false;
  bool no_return = false;
  std::uint32_t tgid = 0;
  std::uint32_t tid = 0;
  std::uint32_t flags = 0;
  std::uint64_t process_start_ns = 0;
  std::uint64_t enter_ns = 0;
  std::uint64_t duration_ns = 0;
  std::uint64_t gap_ns = 0;
  std::int64_t ret = 0;
  std::string comm = {};
  std::string path = {};
  std::string old_path = {};
  std::string root = {};

  bool operator==(const SeenCall&) const = default;
};

SeenCall seen(const Call& call);
std::ostream& operator<<(std::ostream& out, const SeenCall& call);

// Thread safety: as a sink, one thread at a time; the calls may be read once the pipeline has
// stopped.
class CollectedRows final : public CallSink {
 public:
  void write(std::span<const Call> calls) noexcept override;
  void settle(std::uint64_t) noexcept override {}
  Result<void> finish() override { return {}; }

  const std::vector<SeenCall>& calls() const { return calls_; }

 private:
  std::vector<SeenCall> calls_;
};

}  // namespace ior::test
