#pragma once

#include <cstddef>
#include <vector>

#include "base/digest.h"
#include "sky/table.h"

namespace polis {

/// How the columns of a table lie in one packed row, column after column, without gaps.
struct RecordLayout {
  std::vector<std::size_t> offsets;  ///< of each column [bytes]
  std::vector<std::size_t> sizes;  ///< of each column; text: its longest value, at least 1 [bytes]
  std::size_t row_size = 0;
};

RecordLayout record_layout(const Table& table);
/// Rows first..last packed in the machine's byte order; text padded with NUL.
Bytes pack_rows(const Table& table, const RecordLayout& layout, std::size_t first,
                std::size_t last);
/// The inverse for one column: fills `column.values`, which has the right type and length, from
/// `rows` packed rows.
void unpack_column(Column& column, ByteView rows, std::size_t row_size, std::size_t offset,
                   std::size_t size);

}  // namespace polis
