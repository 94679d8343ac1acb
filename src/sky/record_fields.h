#pragma once

#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "sky/table.h"

/// Tables from plain structs and back: one row of a field list per column, so that writing, reading
/// and documentation cannot drift apart.
namespace polis {

template <class Record>
using MemberOf = std::variant<double Record::*, std::int64_t Record::*, std::int32_t Record::*,
                              std::string Record::*>;

/// One column of a table of Records.
template <class Record>
struct Field {
  std::string_view name, unit, ucd, description;
  MemberOf<Record> member;
};

/// A table with the columns of `fields`, one row per record.
template <class Record>
Table table_of(std::string_view name, std::span<const Field<Record>> fields,
               std::span<const Record> records) {
  Table table{std::string(name)};
  for (const Field<Record>& field : fields) {
    std::visit(
        [&](auto member) {
          using Value = std::remove_cvref_t<decltype(std::declval<Record>().*member)>;
          std::vector<Value> values;
          values.reserve(records.size());
          for (const Record& record : records) values.push_back(record.*member);
          table.add({std::string(field.name), std::string(field.unit), std::string(field.ucd),
                     std::string(field.description), std::move(values)});
        },
        field.member);
  }
  return table;
}

/// Inverse. A column that is absent leaves the members as they are made; numbers of another type
/// are converted. Text where a number is wanted, or the other way round, counts as absent.
template <class Record>
std::vector<Record> records_of(std::span<const Field<Record>> fields, const Table& table) {
  std::vector<Record> records(table.rows());
  for (const Field<Record>& field : fields) {
    if (!table.has(field.name)) continue;
    std::visit(
        [&](auto member, const auto& values) {
          using Value = std::remove_cvref_t<decltype(std::declval<Record>().*member)>;
          using Stored = std::remove_cvref_t<decltype(values.front())>;
          if constexpr (std::is_same_v<Value, Stored> ||
                        (std::is_arithmetic_v<Value> && std::is_arithmetic_v<Stored>)) {
            for (std::size_t i = 0; i < values.size(); ++i)
              records[i].*member = static_cast<Value>(values[i]);
          }
        },
        field.member, table.at(field.name).values);
  }
  return records;
}

/// The fields of a base, for a table of the derived struct.
template <class Derived, class Base>
std::vector<Field<Derived>> fields_for(std::span<const Field<Base>> fields) {
  std::vector<Field<Derived>> result;
  for (const Field<Base>& f : fields) {
    std::visit(
        [&](auto member) {
          using Value = std::remove_cvref_t<decltype(std::declval<Base>().*member)>;
          result.push_back(
              {f.name, f.unit, f.ucd, f.description, static_cast<Value Derived::*>(member)});
        },
        f.member);
  }
  return result;
}

}  // namespace polis
