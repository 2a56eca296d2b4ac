// Rows as text that wait until everything that belongs before them is there, and then go out in the
// order of their times. Used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ior {

// Bound: the rows that are held; their memory is kept for later ones.
class HeldRows {
 public:
  // Where the text of the next row is to be appended; end_row() ends it.
  std::string& begin_row();
  void end_row(std::uint64_t time_ns);

  static constexpr std::uint64_t kAll = ~std::uint64_t{0};

  // Hands `write` the text of each row of an earlier time (kAll: of any), and holds it no more.
  // Rows of equal times go in the order in which they came.
  template <typename Write>
  void release(std::uint64_t before_ns, Write write) {
    sort_due(before_ns);
    for (const Row& row : due_) write(row.text());
    recycle_due();
  }
  std::size_t count() const { return rows_.size(); }

 private:
  struct Chunk {
    std::string text;
    std::size_t rows = 0;  // that are held
  };
  struct Row {
    std::uint64_t time_ns;
    Chunk* chunk;
    std::uint32_t begin;
    std::uint32_t size;

    std::string_view text() const { return std::string_view(chunk->text).substr(begin, size); }
  };

  static bool is_earlier(const Row& left, const Row& right) { return left.time_ns < right.time_ns; }
  static void merge(std::vector<Row>& rows, std::size_t begin, std::size_t middle, std::size_t end);
  static void sort_runs(std::vector<Row>& rows);
  void sort_due(std::uint64_t before_ns);
  void recycle_due();

  std::vector<std::unique_ptr<Chunk>> chunks_;  // all there are
  std::vector<Chunk*> free_;
  Chunk* current_ = nullptr;  // that rows are appended to
  std::size_t begin_ = 0;     // of the row under way, in its text
  std::vector<Row> rows_;
  std::vector<Row> due_;              // that go out now
  std::uint64_t earliest_ns_ = kAll;  // of the rows
};

}  // namespace ior
