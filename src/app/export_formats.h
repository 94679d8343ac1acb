#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "formats/artifact.h"

namespace polis {

/// One way to write a product as a file; a row of the table in export_formats.cpp.
struct ExportFormat {
  std::string_view name;
  /// With its dot; empty extensions of the native format are those of the codecs.
  std::string (*extension_for)(std::string_view kind);
  /// Writes the artifact; false if this format cannot hold its kind. Makes folders. Errors: io.
  bool (*write)(const Artifact& artifact, const std::string& path);
};

/// Errors: bad_config, listing the formats.
const ExportFormat& export_format(std::string_view name);

/// After a native export: one HDF5 file beside each folder of tables, which joins them as virtual
/// datasets. `written`: "kind/task" -> files.
void write_indexes(const ExportFormat& format, const std::string& folder,
                   const std::map<std::string, std::vector<std::string>>& written);

}  // namespace polis
