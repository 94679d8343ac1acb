#include "formats/reference_csv.h"

#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace polis {
namespace {

struct Known {
  std::string_view unit;
  std::string_view ucd;
};

constexpr std::string_view kSource = "cannot read the reference catalogue";

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t start = 0;;) {
    const std::size_t comma = line.find(',', start);
    std::string_view field =
        line.substr(start, comma == std::string_view::npos ? comma : comma - start);
    while (!field.empty() && (field.front() == ' ' || field.front() == '"')) field.remove_prefix(1);
    while (!field.empty() && (field.back() == ' ' || field.back() == '"' || field.back() == '\r'))
      field.remove_suffix(1);
    fields.push_back(field);
    if (comma == std::string_view::npos) return fields;
    start = comma + 1;
  }
}

/// The name by which the city knows a column of the file; empty: not used.
std::string city_name(std::string_view name) {
  static const std::map<std::string_view, std::string_view> aliases{
      {"source_id", "id"},           {"ra_error", "ra_err"},       {"dec_error", "dec_err"},
      {"ref_epoch", "epoch"},        {"phot_g_mean_mag", "mag_G"}, {"phot_bp_mean_mag", "mag_BP"},
      {"phot_rp_mean_mag", "mag_RP"}};
  if (const auto alias = aliases.find(name); alias != aliases.end())
    return std::string(alias->second);
  static const std::vector<std::string_view> known{"id",      "ra",   "dec",   "ra_err",
                                                   "dec_err", "pmra", "pmdec", "epoch"};
  for (const std::string_view k : known) {
    if (k == name) return std::string(name);
  }
  return name.starts_with("mag_") ? std::string(name) : std::string();
}

Known describe(std::string_view name) {
  if (name == "id") return {"", "meta.id"};
  if (name == "ra") return {"deg", "pos.eq.ra"};
  if (name == "dec") return {"deg", "pos.eq.dec"};
  if (name == "ra_err" || name == "dec_err") return {"mas", "stat.error"};
  if (name == "pmra" || name == "pmdec") return {"mas/yr", "pos.pm"};
  if (name == "epoch") return {"yr", "time.epoch"};
  return {"mag", name.ends_with("_err") ? "stat.error;phot.mag" : "phot.mag"};
}

template <class T>
std::optional<T> number(std::string_view field) {
  T value{};
  const auto [end, problem] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (problem != std::errc() || end != field.data() + field.size()) return std::nullopt;
  return value;
}

struct Reading {
  std::vector<std::string> names;  ///< by field; empty: not used
  std::map<std::string, std::vector<double>> values;
  std::vector<std::int64_t> ids;
  std::int64_t dropped = 0;
};

Reading read_header(std::string_view line) {
  Reading reading;
  for (const std::string_view field : split(line)) {
    std::string name = city_name(field);
    if (!name.empty() && reading.values.contains(name)) name.clear();
    if (!name.empty() && name != "id") reading.values[name];
    reading.names.push_back(std::move(name));
  }
  if (!reading.values.contains("ra") || !reading.values.contains("dec")) {
    throw Error(ErrorKind::bad_input, kSource,
                "its first line does not name the columns ra and dec",
                "write a header line such as ra,dec,mag_r");
  }
  return reading;
}

void read_row(Reading& reading, std::string_view line, std::int64_t line_number) {
  const std::vector<std::string_view> fields = split(line);
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::bad_input, kSource, "line " + std::to_string(line_number) + ": " + why,
                "mend or remove that line");
  };
  if (fields.size() != reading.names.size()) {
    refuse(std::to_string(fields.size()) + " fields, the header has " +
           std::to_string(reading.names.size()));
  }
  std::map<std::string_view, double> row;
  std::int64_t id = static_cast<std::int64_t>(reading.ids.size()) + 1;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (reading.names[i].empty()) continue;
    if (reading.names[i] == "id") {
      if (const auto value = number<std::int64_t>(fields[i])) id = *value;
      continue;
    }
    const bool missing =
        fields[i].empty() || fields[i] == "null" || fields[i] == "nan" || fields[i] == "NaN";
    const auto value = missing ? std::optional<double>(std::nan("")) : number<double>(fields[i]);
    if (!value)
      refuse("'" + std::string(fields[i]) + "' in column " + reading.names[i] + " is no number");
    row[reading.names[i]] = *value;
  }
  const double ra = row.at("ra");
  const double dec = row.at("dec");
  if (!(ra >= 0.0 && ra <= 360.0 && std::abs(dec) <= 90.0)) {
    ++reading.dropped;
    return;
  }
  reading.ids.push_back(id);
  for (const auto& [name, value] : row) reading.values.at(std::string(name)).push_back(value);
}

}  // namespace

TableSet read_reference_csv(std::string_view text) {
  std::optional<Reading> reading;
  std::int64_t line_number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    ++line_number;
    if (line.empty() || line == "\r" || line.front() == '#') continue;
    if (!reading) {
      reading = read_header(line);
    } else {
      read_row(*reading, line, line_number);
    }
  }
  if (!reading || reading->ids.empty()) {
    throw Error(ErrorKind::bad_input, kSource, "it has no row with a position",
                "give a header line and at least one star");
  }
  Table stars("stars");
  stars.add({"id", "", "meta.id", "identifier", reading->ids});
  for (auto& [name, values] : reading->values) {
    const Known known = describe(name);
    stars.add({name, std::string(known.unit), std::string(known.ucd), "", std::move(values)});
  }
  TableSet set;
  set.facts["rows_dropped"] = std::to_string(reading->dropped);
  set.tables.push_back(std::move(stars));
  return set;
}

}  // namespace polis
