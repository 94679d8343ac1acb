#include "app/export_formats.h"

#include <array>
#include <filesystem>
#include <optional>

#include "app/write_file.h"
#include "base/error.h"
#include "formats/alert_exits.h"
#include "formats/fits_table.h"
#include "formats/hdf5_index.h"
#include "formats/regions.h"
#include "formats/votable.h"
#include "report/alert_page.h"

namespace polis {
namespace {

void write_with_folder(const std::string& path, ByteView bytes) {
  std::error_code problem;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), problem);
  write_file(path, bytes);
}

/// Null for kinds that hold no tables.
const TableSet* tables_of(const Artifact& artifact) {
  return *codec_of(artifact.kind()).type == typeid(TableSet) ? &artifact.as<TableSet>() : nullptr;
}

std::string native_extension(std::string_view kind) {
  return std::string(codec_of(kind).extension);
}

bool write_native(const Artifact& artifact, const std::string& path) {
  write_with_folder(path, artifact.bytes());
  return true;
}

bool write_as_votable(const Artifact& artifact, const std::string& path) {
  const TableSet* set = tables_of(artifact);
  if (set != nullptr) write_with_folder(path, as_bytes(write_votable(*set)));
  return set != nullptr;
}

bool write_as_fits(const Artifact& artifact, const std::string& path) {
  if (artifact.kind() == "frame") return write_native(artifact, path);
  const TableSet* set = tables_of(artifact);
  if (set != nullptr) write_with_folder(path, write_fits_tables(*set));
  return set != nullptr;
}

bool write_as_ldac(const Artifact& artifact, const std::string& path) {
  const TableSet* set = tables_of(artifact);
  if (set == nullptr || !set->has("sources")) return false;
  FitsHeader header;
  std::size_t number = 0;
  for (const auto& [name, value] : set->facts)
    header.set_text("FACT" + std::to_string(++number), name + "=" + value);
  write_with_folder(path, write_fits_ldac(set->at("sources"), header));
  return true;
}

bool is_alerts(const Artifact& artifact) { return artifact.kind() == "alerts"; }

/// One container with all alerts of the product, and one file for each beside it.
bool write_as_avro(const Artifact& artifact, const std::string& path) {
  if (!is_alerts(artifact)) return false;
  const AlertSet set = read_alerts(artifact.as<TableSet>());
  write_with_folder(path, write_alert_packets(set));
  const std::string folder = path.substr(0, path.rfind('.')) + "/";
  for (const Alert& alert : set.alerts)
    write_with_folder(folder + std::to_string(alert.candid) + ".avro",
                      write_alert_packet(set, alert));
  return true;
}

bool write_as_lines(const Artifact& artifact, const std::string& path) {
  if (!is_alerts(artifact)) return false;
  write_with_folder(path, as_bytes(write_alert_lines(read_alerts(artifact.as<TableSet>()))));
  return true;
}

bool write_as_page(const Artifact& artifact, const std::string& path) {
  if (!is_alerts(artifact)) return false;
  write_with_folder(path, as_bytes(alert_page(read_alerts(artifact.as<TableSet>()))));
  return true;
}

bool write_as_regions(const Artifact& artifact, const std::string& path) {
  if (is_alerts(artifact)) {
    write_with_folder(path, as_bytes(write_alert_regions(read_alerts(artifact.as<TableSet>()))));
    return true;
  }
  const TableSet* set = tables_of(artifact);
  const std::optional<std::string> text = set == nullptr ? std::nullopt : write_regions(*set);
  if (text) write_with_folder(path, as_bytes(*text));
  return text.has_value();
}

constexpr std::array<ExportFormat, 8> kFormats{{
    {"native", native_extension, write_native},
    {"votable", [](std::string_view) { return std::string(".vot"); }, write_as_votable},
    {"fits", [](std::string_view) { return std::string(".fits"); }, write_as_fits},
    {"ldac", [](std::string_view) { return std::string(".ldac.fits"); }, write_as_ldac},
    {"ds9", [](std::string_view) { return std::string(".reg"); }, write_as_regions},
    {"avro", [](std::string_view) { return std::string(".avro"); }, write_as_avro},
    {"jsonl", [](std::string_view) { return std::string(".jsonl"); }, write_as_lines},
    {"html", [](std::string_view) { return std::string(".html"); }, write_as_page},
}};

}  // namespace

const ExportFormat& export_format(std::string_view name) {
  std::string names;
  for (const ExportFormat& format : kFormats) {
    if (format.name == name) return format;
    names.append(names.empty() ? "" : ", ").append(format.name);
  }
  throw Error(ErrorKind::bad_config, "cannot export as " + std::string(name),
              "there is no such format", "there are: " + names);
}

void write_indexes(const ExportFormat& format, const std::string& folder,
                   const std::map<std::string, std::vector<std::string>>& written) {
  if (format.name != "native") return;
  for (const auto& [group, paths] : written) {
    const std::string kind = group.substr(0, group.find('/'));
    if (*codec_of(kind).type == typeid(TableSet)) write_index(folder + "/" + group + ".h5", paths);
  }
}

}  // namespace polis
