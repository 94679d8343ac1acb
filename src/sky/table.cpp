#include "sky/table.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace polis {

std::size_t Column::size() const {
  return std::visit([](const auto& v) { return v.size(); }, values);
}

bool Table::has(std::string_view column) const {
  return std::any_of(columns_.begin(), columns_.end(),
                     [&](const Column& c) { return c.name == column; });
}

Table& Table::add(Column column) {
  if (has(column.name))
    throw Error(ErrorKind::internal, "cannot add column " + column.name,
                "table " + name_ + " has it");
  if (!columns_.empty() && column.size() != rows()) {
    throw Error(ErrorKind::internal, "cannot add column " + column.name,
                "it has " + std::to_string(column.size()) + " rows, table " + name_ + " has " +
                    std::to_string(rows()));
  }
  columns_.push_back(std::move(column));
  return *this;
}

const Column& Table::at(std::string_view column) const {
  for (const Column& c : columns_) {
    if (c.name == column) return c;
  }
  std::string have;
  for (const Column& c : columns_) have.append(have.empty() ? "" : ", ").append(c.name);
  throw Error(ErrorKind::not_found, "no column " + std::string(column) + " in table " + name_,
              "it has: " + have);
}

Column& Table::at(std::string_view column) {
  return const_cast<Column&>(std::as_const(*this).at(column));
}

void Table::wrong_type(std::string_view column) {
  throw Error(ErrorKind::internal, "column " + std::string(column) + " holds another type",
              "asked with the wrong one");
}

const Table& TableSet::at(std::string_view table) const {
  for (const Table& t : tables) {
    if (t.name() == table) return t;
  }
  throw Error(ErrorKind::not_found, "no table " + std::string(table),
              "this artifact has none of that name");
}

Table& TableSet::at(std::string_view table) {
  return const_cast<Table&>(std::as_const(*this).at(table));
}

bool TableSet::has(std::string_view table) const {
  return std::any_of(tables.begin(), tables.end(),
                     [&](const Table& t) { return t.name() == table; });
}

const NumberArray& TableSet::array(std::string_view name) const {
  for (const NumberArray& a : arrays) {
    if (a.name == name) return a;
  }
  throw Error(ErrorKind::not_found, "no array " + std::string(name),
              "this artifact has none of that name");
}

}  // namespace polis
