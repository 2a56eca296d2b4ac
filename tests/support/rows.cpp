#include "tests/support/rows.hpp"

#include <algorithm>
#include <utility>

namespace ior::test {
namespace {

using Fields = std::vector<std::string>;

// Rows of fields, of which a quoted one may hold commas, quotes and ends of lines.
std::vector<Fields> split(std::string_view csv) {
  std::vector<Fields> rows;
  Fields fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < csv.size(); ++i) {
    const char c = csv[i];
    if (c == '"' && quoted && i + 1 < csv.size() && csv[i + 1] == '"') {
      fields.back() += csv[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c == '\n' && !quoted) {
      rows.push_back(std::exchange(fields, Fields(1)));
    } else {
      fields.back() += c;
    }
  }
  return rows;
}

}  // namespace

Rows read_rows(std::string_view csv) {
  Rows read;
  for (const Fields& fields : split(csv)) {
    if (read.columns.empty() && std::ranges::find(fields, "durationNs") != fields.end()) {
      read.columns = fields;
    } else if (read.columns.empty() || fields.size() != read.columns.size()) {
      ++read.others;
    } else {
      Row& row = read.rows.emplace_back();
      for (std::size_t i = 0; i < fields.size(); ++i) row[read.columns[i]] = fields[i];
    }
  }
  return read;
}

}  // namespace ior::test
