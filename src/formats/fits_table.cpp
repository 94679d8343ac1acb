#include "formats/fits_table.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "formats/big_endian.h"
#include "formats/fits_limits.h"

namespace polis {
namespace {

/// How one column lies in a row: FITS type code, repeat count, bytes.
struct Cell {
  char code = 'D';
  std::size_t repeat = 1;
  std::size_t size = 8;
};

struct CellOf {
  Cell operator()(const std::vector<double>&) const { return {'D', 1, 8}; }
  Cell operator()(const std::vector<float>&) const { return {'E', 1, 4}; }
  Cell operator()(const std::vector<std::int64_t>&) const { return {'K', 1, 8}; }
  Cell operator()(const std::vector<std::int32_t>&) const { return {'J', 1, 4}; }
  Cell operator()(const std::vector<std::string>& values) const {
    std::size_t longest = 1;
    for (const std::string& value : values) longest = std::max(longest, value.size());
    return {'A', longest, longest};
  }
};

std::vector<Cell> cells_of(const Table& table) {
  std::vector<Cell> cells;
  for (const Column& column : table.columns()) cells.push_back(std::visit(CellOf{}, column.values));
  return cells;
}

void fill_column(Bytes& data, std::size_t offset, std::size_t row_size, const Column& column) {
  std::visit(
      [&](const auto& values) {
        std::byte* to = data.data() + offset;
        for (const auto& value : values) {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>) {
            std::memcpy(to, value.data(), value.size());
          } else {
            store_big(to, value);
          }
          to += row_size;
        }
      },
      column.values);
}

void pad(Bytes& bytes, std::byte with) {
  bytes.resize((bytes.size() + kFitsBlock - 1) / kFitsBlock * kFitsBlock, with);
}

FitsHeader table_header(std::size_t row_size, std::size_t rows) {
  FitsHeader header;
  header.set_text("XTENSION", "BINTABLE");
  header.set_integer("BITPIX", 8).set_integer("NAXIS", 2);
  header.set_integer("NAXIS1", static_cast<std::int64_t>(row_size));
  header.set_integer("NAXIS2", static_cast<std::int64_t>(rows));
  header.set_integer("PCOUNT", 0).set_integer("GCOUNT", 1);
  return header;
}

void describe_column(FitsHeader& header, std::size_t number, const Column& column,
                     const Cell& cell) {
  const std::string n = std::to_string(number);
  header.set_text("TTYPE" + n, column.name, column.description.substr(0, 40));
  header.set_text("TFORM" + n, std::to_string(cell.repeat) + cell.code);
  if (!column.unit.empty()) header.set_text("TUNIT" + n, column.unit);
  if (!column.ucd.empty()) header.set_text("TUCD" + n, column.ucd);
}

void append_facts(FitsHeader& header, const Facts& facts) {
  std::size_t number = 0;
  for (const auto& [name, value] : facts)
    header.set_text("FACT" + std::to_string(++number), name + "=" + value);
}

void append(Bytes& to, const Bytes& from) { to.insert(to.end(), from.begin(), from.end()); }

void append_table(Bytes& file, const Table& table, const std::string& name, const Facts& facts) {
  const std::vector<Cell> cells = cells_of(table);
  std::size_t row_size = 0;
  for (const Cell& cell : cells) row_size += cell.size;
  FitsHeader header = table_header(row_size, table.rows());
  header.set_integer("TFIELDS", static_cast<std::int64_t>(cells.size()));
  header.set_text("EXTNAME", name);
  for (std::size_t i = 0; i < cells.size(); ++i)
    describe_column(header, i + 1, table.columns()[i], cells[i]);
  append_facts(header, facts);
  append_facts(header, table.facts);
  append(file, encode_fits_header(header));
  Bytes data(row_size * table.rows());
  std::size_t offset = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    fill_column(data, offset, row_size, table.columns()[i]);
    offset += cells[i].size;
  }
  append(file, data);
  pad(file, std::byte{0});
}

Bytes primary() {
  FitsHeader header;
  header.set_flag("SIMPLE", true)
      .set_integer("BITPIX", 8)
      .set_integer("NAXIS", 0)
      .set_flag("EXTEND", true);
  return encode_fits_header(header);
}

}  // namespace

Bytes write_fits_tables(const TableSet& set) {
  Bytes file = primary();
  for (std::size_t i = 0; i < set.tables.size(); ++i) {
    append_table(file, set.tables[i], set.tables[i].name(), i == 0 ? set.facts : Facts{});
  }
  return file;
}

Bytes write_fits_ldac(const Table& sources, const FitsHeader& image_header) {
  Bytes file = primary();
  // The image's header as one cell of text: whole cards up to END, without the padding.
  const Bytes encoded = encode_fits_header(image_header);
  std::string cards(as_text(encoded));
  const std::size_t end = cards.find("END     ");
  cards.resize(end == std::string::npos ? cards.size() : end + kFitsCardSize);
  Table head("LDAC_IMHEAD");
  head.add({"Field Header Card", "", "", "", std::vector<std::string>{cards}});
  append_table(file, head, "LDAC_IMHEAD", {});
  append_table(file, sources, "LDAC_OBJECTS", {});
  return file;
}

}  // namespace polis
