#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/value_sources.h"
#include "sky/exposure.h"

namespace polis {

/// "[x1:x2,y1:y2]", counted from 1, ends included, in either direction; negative numbers count from
/// the end of an image of width x height pixels: -1 is the last. Nothing if it is none, or lies
/// outside.
std::optional<Section> parse_section(std::string_view text, int width, int height);

/// Which way the numbers of a section run, for those that read [x2:x1, ...].
struct SectionDirection {
  bool falls_x = false, falls_y = false;
};
/// As above, of any size, with its direction; negative numbers are none.
std::optional<Section> parse_section(std::string_view text, SectionDirection& direction);

/// Fills amplifiers, width and height of `exposure`, whose raw_width and raw_height are known.
/// Where a rule has no origin, the data sections are moved together, left and down, as they lie in
/// the raw array. Errors: bad_input (a section outside the image, or that is none; data sections of
/// no common height).
void lay_out_detector(const std::vector<AmplifierRule>& rules, const HeaderContext& context,
                      Exposure& exposure);

/// Every pixel of the trimmed image must come from exactly one amplifier. Errors: bad_input.
void check_cover(const Exposure& exposure);

}  // namespace polis
