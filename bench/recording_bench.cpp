// Items are the recording's records, bytes those of its format before compression.
#include <algorithm>
#include <cstring>

#include "check.hpp"
#include "recordings.hpp"
#include "sinks/recording_compressor.hpp"
#include "sinks/recording_format.hpp"

namespace ior::bench {
namespace {

ByteSink into(std::string& out) {
  return [&out](std::string_view bytes) -> Result<void> {
    out += bytes;
    return {};
  };
}

std::uint64_t encoded_bytes(const Recording& recording) {
  std::string encoded;
  return encode_recording(recording, into(encoded)) ? encoded.size() : 0;
}

bool encode_and_compress(const Recording& recording, std::string& out) {
  Compressor compressor(into(out));
  const auto compress = [&compressor](std::string_view bytes) { return compressor.write(bytes); };
  return encode_recording(recording, compress) && compressor.finish();
}

Result<Recording> decompress_and_decode(std::string_view bytes) {
  Decompressor decompressor([&bytes](std::span<char> out) -> Result<std::size_t> {
    const std::size_t size = std::min(out.size(), bytes.size());
    std::memcpy(out.data(), bytes.data(), size);
    bytes.remove_prefix(size);
    return size;
  });
  return decode_recording([&decompressor](std::span<char> out) { return decompressor.read(out); });
}

bool expect_same(benchmark::State& state, const Result<Recording>& got, const Recording& wanted) {
  return expect_equal(state, "recordings read", got.has_value(), true) &&
         expect_equal(state, "records", got->records.size(), wanted.records.size()) &&
         expect_equal(state, "strings", got->strings.size(), wanted.strings.size()) &&
         expect_equal(state, "calls", got->calls_recorded, wanted.calls_recorded);
}

void recording_encode(benchmark::State& state, Mix mix) {
  const Recording recording = recording_of(mix);
  std::string bytes;
  for (auto _ : state) {
    bytes.clear();
    if (!expect_equal(state, "written", encode_and_compress(recording, bytes), true)) break;
  }
  if (!state.error_occurred()) expect_same(state, decompress_and_decode(bytes), recording);
  report(state, recording.records.size(), encoded_bytes(recording));
}
IOR_BENCHMARK_MIXES(recording_encode);

void recording_decode(benchmark::State& state, Mix mix) {
  const Recording recording = recording_of(mix);
  std::string bytes;
  encode_and_compress(recording, bytes);
  for (auto _ : state) {
    if (!expect_same(state, decompress_and_decode(bytes), recording)) break;
  }
  report(state, recording.records.size(), encoded_bytes(recording));
}
IOR_BENCHMARK_MIXES(recording_decode);

}  // namespace
}  // namespace ior::bench
