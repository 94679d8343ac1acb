#pragma once

#include <string>
#include <string_view>

#include "base/number_text.h"
#include "jobs/task.h"
#include "sky/frame.h"

namespace polis {

/// Masters that a frame is calibrated with; null: there is none.
struct Masters {
  const Frame* bias = nullptr;  ///< [adu]
  const Frame* dark = nullptr;  ///< [adu/s] at the temperature of its exposure
  const Frame* flat = nullptr;  ///< relative response
};

enum class PixelUnit { adu, electron };

/// A number among facts; `fallback` where it is missing or no number.
double fact_number(const Facts& facts, std::string_view name, double fallback);

/// Whether the bundle has an entry of that role and the job that makes it has not failed.
bool has_input(Reader& reader, std::string_view role);

/// The raw pixels that `exposure` refers to. Errors: not_found, bad_input (their size is not the
/// exposure's).
Plane<float> read_raw_pixels(Reader& reader, const Exposure& exposure);

/// Seconds by which a dark rate is multiplied for `exposure`: exposure time x temperature factor.
/// 0 where the exposure time is not known.
double dark_scale_s(const Exposure& exposure, const Frame& dark);

/// Read noise of an amplifier: the larger of the header's and what the master bias measured. [ADU]
/// 0: unknown
double read_noise_adu(const Exposure& exposure, std::size_t amplifier, const Frame* bias);

/// Gain, or 1 where the header has none.
double gain_or_one(const Amplifier& amplifier);

/// Trims, subtracts overscan, bias and dark, linearises, divides by the flat; pixels no amplifier
/// covers are no_data. Errors: bad_input (sections outside the image, masters of another size).
Frame calibrate_exposure(const Exposure& exposure, View<const float> raw, const Masters& masters,
                         PixelUnit unit);

}  // namespace polis
