#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sky/instrument.h"

namespace polis {

/// Reads an instrument file (docs/formats/instrument.md). `name` is for messages. Errors:
/// bad_config naming file, line and what is allowed there; unknown sections, keys and conversions
/// are errors.
Instrument parse_instrument(std::string_view text, std::string_view name);
/// Errors: not_found, bad_config.
Instrument read_instrument(const std::string& path);
/// All *.ini files of a folder, sorted by name. Errors: not_found, bad_config.
std::vector<Instrument> read_instruments(const std::string& folder);

/// Members of Exposure that a file may map, in the order in which `--probe` shows them.
const std::vector<std::string>& instrument_members();

}  // namespace polis
