#pragma once

#include <string_view>
#include <vector>

#include "formats/exposure_header.h"
#include "formats/ingest.h"

/// The steps of ingest_file, shared with probe_file.
namespace polis {

/// Indices of the HDUs that hold detectors. Errors: bad_input (none).
std::vector<std::size_t> detectors_of(const FitsFile& file, const Instrument& instrument);
/// Reads one of `detectors` HDUs. Errors: bad_input.
Exposure read_detector(const FitsFile& file, std::size_t index, std::size_t detectors,
                       std::string_view name, const Instrument& instrument,
                       std::vector<MemberTrace>& traces);

}  // namespace polis
