#include "formats/regions.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace polis {
namespace {

constexpr double kSkyRadiusArcsec = 3.0;
constexpr double kPixelRadius = 5.0;
constexpr double kEllipseSigmas = 3.0;

bool is_double(const Table& table, std::string_view column) {
  return table.has(column) && std::holds_alternative<std::vector<double>>(table.at(column).values);
}

/// ids, for the text beside each region; empty without such a column.
std::string label_of(const Table& table, std::size_t row) {
  for (const char* name : {"id", "target_id"}) {
    if (!table.has(name)) continue;
    if (const auto* ids = std::get_if<std::vector<std::int64_t>>(&table.at(name).values))
      return std::to_string((*ids)[row]);
  }
  return {};
}

std::string properties(const Table& table, std::size_t row) {
  std::string text = " #";
  if (table.has("flags")) {
    const auto* flags = std::get_if<std::vector<std::int32_t>>(&table.at("flags").values);
    if (flags != nullptr && (*flags)[row] != 0) text += " color=red";
  }
  if (const std::string label = label_of(table, row); !label.empty())
    text += " text={" + label + "}";
  return text == " #" ? "\n" : text + "\n";
}

template <class... Numbers>
std::string shape(const char* format, Numbers... numbers) {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), format, numbers...);
  return text.data();
}

std::string sky_regions(const Table& table) {
  std::string out = "icrs\n";
  const auto& ra = table.get<double>("ra");
  const auto& dec = table.get<double>("dec");
  for (std::size_t i = 0; i < table.rows(); ++i) {
    if (!std::isfinite(ra[i]) || !std::isfinite(dec[i])) continue;
    out +=
        shape("circle(%.7f,%.7f,%.1f\")", ra[i], dec[i], kSkyRadiusArcsec) + properties(table, i);
  }
  return out;
}

std::string image_regions(const Table& table) {
  std::string out = "image\n";
  const auto& x = table.get<double>("x");
  const auto& y = table.get<double>("y");
  const auto floats = [&](const char* name) {
    return table.has(name) ? std::get_if<std::vector<float>>(&table.at(name).values) : nullptr;
  };
  const auto* a = floats("a");
  const auto* b = floats("b");
  const auto* theta = floats("theta");
  for (std::size_t i = 0; i < table.rows(); ++i) {
    if (!std::isfinite(x[i]) || !std::isfinite(y[i])) continue;
    const bool ellipse =
        a != nullptr && b != nullptr && theta != nullptr && (*a)[i] > 0.0F && (*b)[i] > 0.0F;
    out += ellipse ? shape("ellipse(%.3f,%.3f,%.2f,%.2f,%.1f)", x[i] + 1.0, y[i] + 1.0,
                           kEllipseSigmas * static_cast<double>((*a)[i]),
                           kEllipseSigmas * static_cast<double>((*b)[i]),
                           static_cast<double>((*theta)[i]))
                   : shape("circle(%.3f,%.3f,%.1f)", x[i] + 1.0, y[i] + 1.0, kPixelRadius);
    out += properties(table, i);
  }
  return out;
}

}  // namespace

std::optional<std::string> write_regions(const TableSet& set) {
  const std::string head = "# Region file format: DS9 version 4.1\nglobal color=green\n";
  for (const Table& table : set.tables) {
    if (is_double(table, "ra") && is_double(table, "dec")) return head + sky_regions(table);
    if (is_double(table, "x") && is_double(table, "y")) return head + image_regions(table);
  }
  return std::nullopt;
}

}  // namespace polis
