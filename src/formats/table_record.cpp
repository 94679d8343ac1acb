#include "formats/table_record.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace polis {
namespace {

std::size_t size_of(const Column& column) {
  return std::visit(
      [](const auto& values) -> std::size_t {
        using Value = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (std::is_same_v<Value, std::string>) {
          std::size_t longest = 1;
          for (const std::string& text : values) longest = std::max(longest, text.size());
          return longest;
        } else {
          return sizeof(Value);
        }
      },
      column.values);
}

}  // namespace

RecordLayout record_layout(const Table& table) {
  RecordLayout layout;
  for (const Column& column : table.columns()) {
    layout.offsets.push_back(layout.row_size);
    layout.sizes.push_back(size_of(column));
    layout.row_size += layout.sizes.back();
  }
  return layout;
}

Bytes pack_rows(const Table& table, const RecordLayout& layout, std::size_t first,
                std::size_t last) {
  Bytes rows((last - first) * layout.row_size);
  for (std::size_t c = 0; c < table.columns().size(); ++c) {
    std::byte* to = rows.data() + layout.offsets[c];
    std::visit(
        [&](const auto& values) {
          using Value = typename std::decay_t<decltype(values)>::value_type;
          for (std::size_t i = first; i < last; ++i, to += layout.row_size) {
            if constexpr (std::is_same_v<Value, std::string>) {
              std::memcpy(to, values[i].data(), values[i].size());
            } else {
              std::memcpy(to, &values[i], sizeof(Value));
            }
          }
        },
        table.columns()[c].values);
  }
  return rows;
}

void unpack_column(Column& column, ByteView rows, std::size_t row_size, std::size_t offset,
                   std::size_t size) {
  const std::byte* from = rows.data() + offset;
  std::visit(
      [&](auto& values) {
        using Value = typename std::decay_t<decltype(values)>::value_type;
        for (std::size_t i = 0; i < values.size(); ++i, from += row_size) {
          if constexpr (std::is_same_v<Value, std::string>) {
            const char* text = reinterpret_cast<const char*>(from);
            std::size_t length = size;
            while (length > 0 && text[length - 1] == '\0') --length;
            values[i].assign(text, length);
          } else {
            std::memcpy(&values[i], from, sizeof(Value));
          }
        }
      },
      column.values);
}

}  // namespace polis
