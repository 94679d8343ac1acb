#pragma once

#include <vector>

namespace polis {

/// One column of a table out of rows that are structs: get(row) for each.
template <class Row, class Get>
auto column_of(const std::vector<Row>& rows, Get get) {
  std::vector<decltype(get(rows.front()))> values;
  values.reserve(rows.size());
  for (const Row& row : rows) values.push_back(get(row));
  return values;
}

}  // namespace polis
