#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sky/frame.h"

namespace polis {

/// One column: equal-length values with unit (VOUnit text) and UCD (IVOA UCD1+), e.g. "pix",
/// "pos.cartesian.x".
struct Column {
  using Values = std::variant<std::vector<double>, std::vector<float>, std::vector<std::int64_t>,
                              std::vector<std::int32_t>, std::vector<std::string>>;
  std::string name;
  std::string unit;
  std::string ucd;
  std::string description;
  Values values;
  std::size_t size() const;
};

/// Named columns of equal length, in order.
class Table {
 public:
  Table() = default;
  explicit Table(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }
  std::size_t rows() const { return columns_.empty() ? 0 : columns_.front().size(); }
  const std::vector<Column>& columns() const { return columns_; }
  std::vector<Column>& columns() { return columns_; }
  bool has(std::string_view column) const;
  /// Errors: internal if a column of that name exists or its length differs.
  Table& add(Column column);
  /// Errors: not_found, naming the table and its columns.
  const Column& at(std::string_view column) const;
  Column& at(std::string_view column);
  /// Typed access. Errors: not_found; internal if the column holds another type.
  template <class T>
  const std::vector<T>& get(std::string_view column) const {
    return typed<T>(at(column));
  }
  template <class T>
  std::vector<T>& get(std::string_view column) {
    return const_cast<std::vector<T>&>(typed<T>(at(column)));
  }
  Facts facts;  ///< attributes of the table

 private:
  template <class T>
  static const std::vector<T>& typed(const Column& column) {
    if (const auto* values = std::get_if<std::vector<T>>(&column.values)) return *values;
    wrong_type(column.name);
  }
  [[noreturn]] static void wrong_type(std::string_view column);
  std::string name_;
  std::vector<Column> columns_;
};

/// Numbers with a shape, beside the tables: cut-outs [image][y][x], weights of a network. The last
/// axis is the fastest.
struct NumberArray {
  std::string name;
  std::string unit;
  std::string description;  ///< names the axes
  std::vector<std::int64_t> shape;
  std::vector<float> values;  ///< as many as the product of `shape`
};

/// The tables of one artifact (a catalog: "sources", "psf", "background" ...), its arrays and its
/// facts.
struct TableSet {
  std::vector<Table> tables;
  Facts facts;
  std::vector<NumberArray> arrays = {};
  /// Errors: not_found.
  const Table& at(std::string_view table) const;
  Table& at(std::string_view table);
  bool has(std::string_view table) const;
  /// Errors: not_found.
  const NumberArray& array(std::string_view name) const;
};

}  // namespace polis
