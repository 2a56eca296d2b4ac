// The rows of -plain as tests read them: by the names of their columns.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ior::test {

// Text by column.
using Row = std::map<std::string, std::string>;

struct Rows {
  std::vector<std::string> columns;  // as the header names them; empty: there is no header
  std::vector<Row> rows;
  std::size_t others = 0;  // rows of another number of fields: a command wrote there, too
};

// CSV in RFC 4180's quoting. What comes before the header counts as others.
Rows read_rows(std::string_view csv);

}  // namespace ior::test
