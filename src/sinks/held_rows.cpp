#include "sinks/held_rows.hpp"

#include <algorithm>

namespace ior {
namespace {

constexpr std::size_t kChunkBytes = 256 << 10;
constexpr std::size_t kRowBytes = 16 << 10;  // few are longer

}  // namespace

std::string& HeldRows::begin_row() {
  if (!current_ || current_->text.size() >= kChunkBytes) {
    if (free_.empty()) free_.push_back(chunks_.emplace_back(std::make_unique<Chunk>()).get());
    current_ = free_.back();
    free_.pop_back();
    current_->text.reserve(kChunkBytes + kRowBytes);
  }
  begin_ = current_->text.size();
  return current_->text;
}

void HeldRows::end_row(std::uint64_t time_ns) {
  rows_.push_back({.time_ns = time_ns,
                   .chunk = current_,
                   .begin = static_cast<std::uint32_t>(begin_),
                   .size = static_cast<std::uint32_t>(current_->text.size() - begin_)});
  ++current_->rows;
  earliest_ns_ = std::min(earliest_ns_, time_ns);
}

// Two runs that follow one another; mostly the second begins about where the first one ends.
void HeldRows::merge(std::vector<Row>& rows, std::size_t begin, std::size_t middle,
                     std::size_t end) {
  const auto at = [&rows](std::size_t i) { return rows.begin() + static_cast<std::ptrdiff_t>(i); };
  const auto first = std::upper_bound(at(begin), at(middle), rows[middle], is_earlier);
  const auto last = std::lower_bound(at(middle), at(end), rows[middle - 1], is_earlier);
  std::inplace_merge(first, at(middle), last, is_earlier);
}

// The rows come as the rings were read, in runs: what a CPU did within a slice of time. So only
// runs of the same slice have to be merged, however many rows there are.
void HeldRows::sort_runs(std::vector<Row>& rows) {
  std::vector<std::size_t> ends;
  for (std::size_t i = 1; i <= rows.size(); ++i) {
    if (i == rows.size() || is_earlier(rows[i], rows[i - 1])) ends.push_back(i);
  }
  while (ends.size() > 1) {
    std::size_t merged = 0, begin = 0;
    for (std::size_t i = 0; i < ends.size(); i += 2) {
      const std::size_t end = ends[std::min(i + 1, ends.size() - 1)];
      if (ends[i] != end) merge(rows, begin, ends[i], end);
      ends[merged++] = begin = end;
    }
    ends.resize(merged);
  }
}

void HeldRows::sort_due(std::uint64_t before_ns) {
  due_.clear();
  if (earliest_ns_ >= before_ns && before_ns != kAll) return;
  earliest_ns_ = kAll;
  std::erase_if(rows_, [this, before_ns](const Row& row) {
    if (row.time_ns < before_ns || before_ns == kAll) {
      due_.push_back(row);
      return true;
    }
    earliest_ns_ = std::min(earliest_ns_, row.time_ns);
    return false;
  });
  sort_runs(due_);
}

void HeldRows::recycle_due() {
  for (const Row& row : due_) {
    if (--row.chunk->rows != 0) continue;
    row.chunk->text.clear();
    if (row.chunk != current_) free_.push_back(row.chunk);
  }
}

}  // namespace ior
