#pragma once

#include <string_view>
#include <vector>

#include "formats/exposure_header.h"
#include "formats/ingest.h"

/// The steps of ingest_file, shared with probe_file.
namespace polis {

/// Indices of the HDUs that hold detectors: one list for each detector. Errors: bad_input (none).
std::vector<std::vector<std::size_t>> detectors_of(const FitsFile& file, std::string_view name,
                                                   const Instrument& instrument);
/// Reads the HDUs of one of `detectors` detectors. Errors: bad_input.
Exposure read_detector(const FitsFile& file, const std::vector<std::size_t>& hdus,
                       std::size_t detectors, std::string_view name, const Instrument& instrument,
                       std::vector<MemberTrace>& traces);

}  // namespace polis
