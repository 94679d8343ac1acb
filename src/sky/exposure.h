#pragma once

#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/digest.h"
#include "sky/wcs.h"

namespace polis {

/// A rectangle of pixels: 0-based first pixel and size.
struct Section {
  int x0 = 0, y0 = 0, width = 0, height = 0;
  bool empty() const { return width <= 0 || height <= 0; }
  bool operator==(const Section&) const = default;
};

/// One amplifier of a detector: where its pixels and its overscan lie in the raw array.
struct Amplifier {
  Section data;          ///< in raw pixels
  Section overscan;      ///< in raw pixels; empty: none
  PixelPosition origin;  ///< where data's first pixel lands in the trimmed image
  double gain_e_per_adu = 1.0;
  double read_noise_e = 0.0;
  bool operator==(const Amplifier& o) const {
    return data == o.data && overscan == o.overscan && origin.x == o.origin.x &&
           origin.y == o.origin.y && gain_e_per_adu == o.gain_e_per_adu &&
           read_noise_e == o.read_noise_e;
  }
};

/// One HDU of a raw array that is joined from several: they lie one above the other, the first at
/// the bottom, each turned so that x and y grow as on the detector.
struct RawPart {
  int hdu = 0;
  bool flip_x = false, flip_y = false;  ///< turned after reading
  bool operator==(const RawPart&) const = default;
};

enum class ImageType { science, bias, dark, flat, unknown };

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// What is known of one exposure of one detector, in one vocabulary whatever the telescope:
/// `ingest` makes it from the header with the instrument's file. Unknown numbers are NaN, unknown
/// text empty.
struct Exposure {
  std::string exposure_id;  ///< unique within the instrument; from the header, or the file name
  std::string site;
  std::string instrument;
  std::string detector = "0";
  ImageType type = ImageType::unknown;
  std::string physical_filter;
  std::string object;
  std::string datetime_begin;   ///< UTC, ISO 8601 with 'T', millisecond precision
  double mjd_begin = kUnknown;  ///< UTC [day]
  double mjd_mid = kUnknown;    ///< UTC [day]
  double exposure_time_s = kUnknown;
  double temperature_c = kUnknown;
  double tracking_ra_deg = kUnknown, tracking_dec_deg = kUnknown;
  double airmass = kUnknown;
  double latitude_deg = kUnknown, longitude_deg = kUnknown,
         altitude_m = kUnknown;  ///< longitude to the east
  double pixel_scale_arcsec = kUnknown;
  double saturation_adu = kUnknown;
  double nonlinear_adu = kUnknown;  ///< above: `suspect`
  std::vector<double> linearity;    ///< true = adu * (1 + c0*adu + c1*adu^2 ...); empty: linear
  int width = 0, height = 0;        ///< of the trimmed image [px]
  int raw_width = 0, raw_height = 0;
  std::vector<Amplifier> amplifiers;         ///< at least one
  Wcs wcs;                                   ///< of the trimmed image, if the header has one
  int hdu = 0;                               ///< which HDU of the raw file; 0 is the primary
  std::vector<RawPart> parts;                ///< of the raw array; empty: `hdu` is all of it
  Digest raw;                                ///< the raw file in the lake
  std::vector<std::string> caveats;          ///< what was wrong with it, but not fatally
  std::map<std::string, std::string> extra;  ///< further mapped keywords

  /// Night label: the date (UTC minus longitude/360 day, minus half a day) on which the night
  /// began, "2026-11-25".
  std::string night() const;
};

std::string_view name_of(ImageType type);
ImageType image_type_from(std::string_view name);

}  // namespace polis
