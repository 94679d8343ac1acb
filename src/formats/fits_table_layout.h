#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/fits_layout.h"

namespace polis {

/// One column of a FITS binary table.
struct TableColumn {
  std::string name;
  char type = 0;           ///< TFORM letter; for an array in the heap that of its elements
  char descriptor = 0;     ///< 'P' or 'Q' for an array in the heap, else 0
  std::size_t count = 0;   ///< elements per row
  std::size_t offset = 0;  ///< in the row [bytes]
};

/// A binary table whose columns were checked to fit into its rows. `file` and `hdu` must outlive
/// it.
class BinaryTable {
 public:
  /// Errors: bad_input.
  BinaryTable(const FitsFile& file, const FitsHdu& hdu);
  std::size_t rows() const { return rows_; }
  const std::vector<TableColumn>& columns() const { return columns_; }
  /// nullptr if there is none; names are compared without regard to case.
  const TableColumn* find(std::string_view name) const;
  /// The bytes of the array that row `row` keeps in the heap. Errors: bad_input (outside the heap).
  ByteView array(const TableColumn& column, std::size_t row) const;
  /// First element as a number. Errors: bad_input (no number).
  double number(const TableColumn& column, std::size_t row) const;

 private:
  const std::byte* cell(const TableColumn& column, std::size_t row) const {
    return data_.data() + row * row_size_ + column.offset;
  }
  ByteView data_;
  std::size_t rows_ = 0;
  std::size_t row_size_ = 0;
  std::size_t heap_ = 0;
  std::vector<TableColumn> columns_;
};

}  // namespace polis
