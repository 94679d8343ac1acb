#pragma once

#include <span>
#include <string>

#include "base/digest.h"
#include "formats/json_text.h"

namespace polis {

/// An Avro object container (uncompressed, one record per block). Records are given as JSON values:
/// bytes as Json::binary, members that are absent or null as null, numbers as they are (NaN stays
/// NaN). Equal input gives equal bytes: the marker between blocks is a digest, not a random number.
/// Errors: internal (the schema is none; a record lacks a member that may not be null, has one that
/// the schema does not know, or one of another type).
Bytes write_avro(const std::string& schema, std::span<const Json> records);

}  // namespace polis
