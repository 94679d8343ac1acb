#pragma once

#include <string>
#include <string_view>

namespace polis {

inline constexpr std::string_view kZtfSchemaVersion = "4.02";

/// The Avro schema of ZTF's alert packets as one JSON text: field names, types and namespaces are
/// theirs, so that their readers read ours.
std::string ztf_alert_schema();

}  // namespace polis
