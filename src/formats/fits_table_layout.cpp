#include "formats/fits_table_layout.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/error.h"
#include "formats/big_endian.h"

namespace polis {
namespace {

constexpr std::int64_t kMaxFields = 999;  // FITS Standard 4.0, section 7.3.1

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read a FITS binary table", why);
}

std::size_t element_size(char type) {
  switch (type) {
    case 'L':
    case 'B':
    case 'A':
    case 'X':
      return 1;
    case 'I':
      return 2;
    case 'J':
    case 'E':
      return 4;
    case 'K':
    case 'D':
    case 'C':
    case 'P':
      return 8;
    case 'M':
    case 'Q':
      return 16;
    default:
      refuse(std::string("unknown column type ") + type);
  }
}

/// `rT`, `rPt(max)` or `rQt(max)`.
TableColumn parse_form(std::string_view form) {
  TableColumn column;
  column.count = 1;
  const auto [end, error] = std::from_chars(form.data(), form.data() + form.size(), column.count);
  if (error == std::errc::result_out_of_range || column.count > (1u << 30))
    refuse("a column repeats too often");
  form.remove_prefix(static_cast<std::size_t>(end - form.data()));
  if (form.empty()) refuse("a column has no type");
  column.type = form.front();
  element_size(column.type);
  if (column.type == 'P' || column.type == 'Q') {
    if (form.size() < 2 || column.count > 1) refuse("an array column without element type");
    column.descriptor = column.type;
    column.type = form[1];
    element_size(column.type);
  }
  return column;
}

std::size_t width_of(const TableColumn& column) {
  if (column.descriptor != 0) return column.count * element_size(column.descriptor);
  if (column.type == 'X') return (column.count + 7) / 8;
  return column.count * element_size(column.type);
}

}  // namespace

BinaryTable::BinaryTable(const FitsFile& file, const FitsHdu& hdu) {
  if (hdu.kind != FitsHduKind::binary_table || hdu.axes.size() != 2)
    refuse("the HDU is no binary table");
  data_ = file.bytes.subspan(hdu.data_begin, hdu.data_size);
  row_size_ = hdu.axes[0];
  rows_ = hdu.axes[1];
  const std::int64_t heap =
      hdu.header.integer("THEAP").value_or(static_cast<std::int64_t>(row_size_ * rows_));
  if (heap < static_cast<std::int64_t>(row_size_ * rows_) ||
      heap > static_cast<std::int64_t>(data_.size()))
    refuse("THEAP is out of range");
  heap_ = static_cast<std::size_t>(heap);
  const std::int64_t fields = hdu.header.integer("TFIELDS").value_or(-1);
  if (fields < 0 || fields > kMaxFields) refuse("TFIELDS is out of range");
  std::size_t offset = 0;
  for (std::int64_t i = 1; i <= fields; ++i) {
    TableColumn column = parse_form(hdu.header.text("TFORM" + std::to_string(i)).value_or(""));
    column.name = hdu.header.text("TTYPE" + std::to_string(i)).value_or("");
    column.offset = offset;
    offset += width_of(column);
    columns_.push_back(std::move(column));
  }
  if (offset > row_size_) refuse("its columns are wider than its rows");
}

const TableColumn* BinaryTable::find(std::string_view name) const {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  for (const TableColumn& column : columns_) {
    if (std::equal(column.name.begin(), column.name.end(), name.begin(), name.end(),
                   [&](char a, char b) { return lower(a) == lower(b); })) {
      return &column;
    }
  }
  return nullptr;
}

ByteView BinaryTable::array(const TableColumn& column, std::size_t row) const {
  if (column.descriptor == 0 || column.count == 0 || row >= rows_)
    refuse("column " + column.name + " holds no arrays");
  const std::byte* at = cell(column, row);
  const bool wide = column.descriptor == 'Q';
  const std::int64_t count = wide ? load_big<std::int64_t>(at) : load_big<std::int32_t>(at);
  const std::int64_t offset =
      wide ? load_big<std::int64_t>(at + 8) : load_big<std::int32_t>(at + 4);
  const std::size_t heap_size = data_.size() - heap_;
  std::size_t bytes = 0;
  if (count < 0 || offset < 0 ||
      __builtin_mul_overflow(static_cast<std::size_t>(count), element_size(column.type), &bytes) ||
      static_cast<std::size_t>(offset) > heap_size ||
      bytes > heap_size - static_cast<std::size_t>(offset)) {
    refuse("an array of column " + column.name + " lies outside the heap");
  }
  return data_.subspan(heap_ + static_cast<std::size_t>(offset), bytes);
}

double BinaryTable::number(const TableColumn& column, std::size_t row) const {
  if (column.descriptor != 0 || column.count == 0 || row >= rows_)
    refuse("column " + column.name + " holds no numbers");
  const std::byte* at = cell(column, row);
  switch (column.type) {
    case 'B':
      return std::to_integer<int>(*at);
    case 'I':
      return load_big<std::int16_t>(at);
    case 'J':
      return load_big<std::int32_t>(at);
    case 'K':
      return static_cast<double>(load_big<std::int64_t>(at));
    case 'E':
      return static_cast<double>(load_big<float>(at));
    case 'D':
      return load_big<double>(at);
    default:
      refuse("column " + column.name + " holds no numbers");
  }
}

}  // namespace polis
