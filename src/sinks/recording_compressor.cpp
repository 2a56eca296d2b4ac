#include "sinks/recording_compressor.hpp"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <new>
#include <utility>

#include "sinks/recording_errors.hpp"

namespace ior {
namespace {

constexpr int kLevel = 3;
constexpr std::size_t kStepBytes = 256 << 10;

// A context, or out of memory as everywhere else.
template <typename Context>
Context* checked(Context* context) {
  if (context == nullptr) throw std::bad_alloc();
  return context;
}

}  // namespace

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}
void Decompressor::Free::operator()(ZSTD_DCtx_s* context) const {
  ZSTD_freeDCtx(context);
}

Compressor::Compressor(ByteSink sink)
    : sink_(std::move(sink)),
      context_(checked(ZSTD_createCCtx())),
      out_(ZSTD_CStreamOutSize(), '\0') {
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
}

Result<void> Compressor::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view step = bytes.substr(0, kStepBytes);
    bytes.remove_prefix(step.size());
    taken_ += step.size();
    if (auto done = run(step, false); !done) return done;
    if (taken_ < kFreeBytes / 2 + kMaxRatio * given_) continue;
    if (auto done = leave_room((taken_ + kFreeBytes) / kMaxRatio); !done) return done;
  }
  return {};
}

// Ends a frame, and makes the file so long with one that readers skip.
Result<void> Compressor::leave_room(std::uint64_t enough) {
  if (auto ended = run({}, true); !ended) return ended;
  while (given_ < enough) {
    const std::string frame(std::min<std::uint64_t>(enough - given_, kStepBytes), '\0');
    std::string head = "\x50\x2a\x4d\x18";
    for (int shift = 0; shift < 32; shift += 8) head += static_cast<char>(frame.size() >> shift);
    if (auto done = put(head + frame); !done) return done;
  }
  return {};
}

Result<void> Compressor::put(std::string_view bytes) {
  given_ += bytes.size();
  return sink_(bytes);
}

Result<void> Compressor::finish(std::uint64_t least_bytes) {
  return leave_room(least_bytes);
}

Result<void> Compressor::run(std::string_view bytes, bool last) {
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  for (;;) {
    ZSTD_outBuffer output{out_.data(), out_.size(), 0};
    const std::size_t rest =
        ZSTD_compressStream2(context_.get(), &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(rest)) {
      return fail(std::string("cannot compress: ") + ZSTD_getErrorName(rest));
    }
    if (output.pos > 0) {
      if (auto wrote = put({out_.data(), output.pos}); !wrote) return wrote;
    }
    if (last ? rest == 0 : input.pos == input.size) return {};
  }
}

Decompressor::Decompressor(ByteSource source)
    : source_(std::move(source)),
      context_(checked(ZSTD_createDCtx())),
      in_(ZSTD_DStreamInSize(), '\0') {}

Result<std::size_t> Decompressor::read(std::span<char> out) {
  ZSTD_outBuffer output{out.data(), out.size(), 0};
  while (output.pos == 0) {
    // zstd keeps the last byte of a frame unread until all of the frame's output was taken, so
    // nothing waits inside the context when the source ends.
    if (in_pos_ == in_size_) {
      const Result<bool> filled = refill();
      if (!filled) return std::unexpected(filled.error());
      if (!*filled) return end_of_input();
    }
    ZSTD_inBuffer input{in_.data(), in_size_, in_pos_};
    const std::size_t rest = ZSTD_decompressStream(context_.get(), &output, &input);
    if (ZSTD_isError(rest)) return bad_frame(rest);
    in_pos_ = input.pos;
    in_frame_ = rest != 0;
    had_frame_ = had_frame_ || !in_frame_;
  }
  given_ += output.pos;
  if (given_ > kFreeBytes + kMaxRatio * taken_) {
    return damaged_file("it unpacks to far more than ior writes into so small a file");
  }
  return output.pos;
}

Result<bool> Decompressor::refill() {
  const Result<std::size_t> size = source_(in_);
  if (!size) return std::unexpected(size.error());
  in_pos_ = 0;
  in_size_ = *size;
  taken_ += *size;
  return in_size_ > 0;
}

Result<std::size_t> Decompressor::end_of_input() const {
  if (in_frame_) return truncated_file();
  if (!had_frame_) return foreign_file("it is empty");
  return 0;
}

std::unexpected<Error> Decompressor::bad_frame(std::size_t code) const {
  if (ZSTD_getErrorCode(code) != ZSTD_error_prefix_unknown) {
    return damaged_file(ZSTD_getErrorName(code));
  }
  return had_frame_ ? damaged_file("more follows its end") : foreign_file("it is not zstd data");
}

}  // namespace ior
