// The zstd frame around a recording, streaming in both directions: memory stays the same however
// large the file is. The only unit that knows zstd. Each object is used by one thread at a time
// and lives for one file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sinks/byte_stream.hpp"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace ior {

// A reader unpacks no more than this and so many times the file: a small file that is made for it
// expands without end. Where a recording compresses better, its writer leaves room in the file.
inline constexpr std::uint64_t kFreeBytes = 1 << 20;
inline constexpr std::uint64_t kMaxRatio = 16;

class Compressor {
 public:
  explicit Compressor(ByteSink sink);

  Result<void> write(std::string_view bytes);
  // Closes the frame; the sink has got `least_bytes` then. Requires: called once, nothing is
  // written after it.
  Result<void> finish(std::uint64_t least_bytes = 0);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };

  Result<void> run(std::string_view bytes, bool last);
  Result<void> put(std::string_view bytes);
  Result<void> leave_room(std::uint64_t enough);

  ByteSink sink_;
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  std::string out_;
  std::uint64_t taken_ = 0;  // bytes
  std::uint64_t given_ = 0;
};

class Decompressor {
 public:
  explicit Decompressor(ByteSource source);

  // As a ByteSource. The end comes only after whole frames with good checksums; anything else in
  // the source is an error.
  Result<std::size_t> read(std::span<char> out);
  // Of the source, so far.
  std::uint64_t bytes_taken() const { return taken_; }

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };

  Result<bool> refill();
  Result<std::size_t> end_of_input() const;
  std::unexpected<Error> bad_frame(std::size_t code) const;

  ByteSource source_;
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
  std::string in_;
  std::size_t in_pos_ = 0;
  std::size_t in_size_ = 0;
  std::uint64_t taken_ = 0;  // bytes
  std::uint64_t given_ = 0;
  bool in_frame_ = false;
  bool had_frame_ = false;
};

}  // namespace ior
