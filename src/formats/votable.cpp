#include "formats/votable.h"

#include <array>
#include <charconv>
#include <cmath>

namespace polis {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // XML 1.0 allows no other control characters.
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n') out += c;
    }
  }
  return out;
}

std::string attribute(std::string_view name, std::string_view value) {
  return value.empty() ? std::string() : " " + std::string(name) + "=\"" + escaped(value) + "\"";
}

struct TypeName {
  std::string_view operator()(const std::vector<double>&) const { return "datatype=\"double\""; }
  std::string_view operator()(const std::vector<float>&) const { return "datatype=\"float\""; }
  std::string_view operator()(const std::vector<std::int64_t>&) const {
    return "datatype=\"long\"";
  }
  std::string_view operator()(const std::vector<std::int32_t>&) const { return "datatype=\"int\""; }
  std::string_view operator()(const std::vector<std::string>&) const {
    return "datatype=\"unicodeChar\" arraysize=\"*\"";
  }
};

template <class T>
void append_cell(std::string& out, const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    out += escaped(value);
  } else {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(value)) return;
      if (std::isinf(value)) {
        out += value > 0 ? "+Inf" : "-Inf";
        return;
      }
    }
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    out.append(text.data(), static_cast<std::size_t>(end - text.data()));
  }
}

void append_params(std::string& out, const Facts& facts) {
  for (const auto& [name, value] : facts) {
    out += "<PARAM datatype=\"unicodeChar\" arraysize=\"*\"" + attribute("name", name) +
           " value=\"" + escaped(value) + "\"/>\n";
  }
}

void append_table(std::string& out, const Table& table) {
  out += "<TABLE" + attribute("name", table.name()) + " nrows=\"" + std::to_string(table.rows()) +
         "\">\n";
  append_params(out, table.facts);
  for (const Column& column : table.columns()) {
    out += "<FIELD" + attribute("name", column.name) + " ";
    out += std::visit(TypeName{}, column.values);
    out += attribute("unit", column.unit) + attribute("ucd", column.ucd);
    out += column.description.empty()
               ? "/>\n"
               : "><DESCRIPTION>" + escaped(column.description) + "</DESCRIPTION></FIELD>\n";
  }
  out += "<DATA><TABLEDATA>\n";
  for (std::size_t row = 0; row < table.rows(); ++row) {
    out += "<TR>";
    for (const Column& column : table.columns()) {
      out += "<TD>";
      std::visit([&](const auto& values) { append_cell(out, values[row]); }, column.values);
      out += "</TD>";
    }
    out += "</TR>\n";
  }
  out += "</TABLEDATA></DATA>\n</TABLE>\n";
}

}  // namespace

std::string write_votable(const TableSet& set) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<VOTABLE version=\"1.4\" xmlns=\"http://www.ivoa.net/xml/VOTable/v1.3\">\n<RESOURCE "
      "type=\"results\">\n";
  append_params(out, set.facts);
  for (const Table& table : set.tables) append_table(out, table);
  return out + "</RESOURCE>\n</VOTABLE>\n";
}

}  // namespace polis
