#pragma once

#include <string_view>
#include <vector>

#include "formats/exposure_header.h"
#include "formats/fits_layout.h"
#include "kernels/view.h"
#include "sky/exposure.h"
#include "sky/instrument.h"

namespace polis {

/// HDUs by the detector that they are read from, in the order of the file: by the instrument's
/// `detector`; without one all are of the same.
std::vector<std::vector<std::size_t>> group_by_detector(const FitsFile& file,
                                                        const std::vector<std::size_t>& hdus,
                                                        std::string_view file_stem,
                                                        const Instrument& instrument);

/// Reads the HDUs of one detector as one exposure: an amplifier each, placed by the instrument's
/// `join` (such as DETSEC), turned where that runs backwards. What holds for the whole exposure
/// comes from the first of them. Binned sections are divided by the binning that their size tells.
/// @param pixels  receives the raw array
/// Errors: bad_input (no section, one that does not fit the data, gaps or overlaps).
Exposure read_joined_detector(const FitsFile& file, const std::vector<std::size_t>& hdus,
                              std::string_view file_stem, const Instrument& instrument,
                              std::vector<MemberTrace>& traces, Plane<float>& pixels);

}  // namespace polis
