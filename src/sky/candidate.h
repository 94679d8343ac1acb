#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sky/exposure.h"
#include "sky/record_fields.h"
#include "sky/site.h"

namespace polis {

/// What stands out in the difference of one frame: a row of docs/formats/candidates.md. Unknown
/// numbers are NaN.
struct Candidate {
  std::int64_t id = 0;
  double x = kUnknown, y = kUnknown, x_error = kUnknown, y_error = kUnknown;  ///< [px]
  double ra_deg = kUnknown, dec_deg = kUnknown;
  std::int32_t sign = 1;
  double snr = kUnknown, flux_e = kUnknown, flux_error_e = kUnknown;
  double mag = kUnknown, mag_error = kUnknown;
  double fwhm_px = kUnknown, elongation = kUnknown, chi2 = kUnknown, dipole = kUnknown;
  std::int32_t negative_pixels = 0, masked_pixels = 0;
  double edge_distance_px = kUnknown;
  std::int32_t flags = 0;
  double source_distance_px = kUnknown, source_mag = kUnknown;
  std::int32_t source_extended = 0;
  std::int64_t known_id = 0;
  double p_real_transient = kUnknown, p_cosmic_ray = kUnknown, p_bad_pixel = kUnknown,
         p_satellite = kUnknown, p_subtraction_artifact = kUnknown, p_noise = kUnknown;
  std::string label;  ///< the most probable class; empty: no network has judged it

  SkyPosition position() const { return {ra_deg, dec_deg}; }
};
std::span<const Field<Candidate>> candidate_fields();

/// A class that the network knows: its name, and where its probability lies.
struct CandidateClass {
  std::string_view name;
  double Candidate::*probability;
};
std::span<const CandidateClass> candidate_classes();

/// A frame that was searched for candidates.
struct SearchedFrame {
  std::string exposure_id, instrument, detector, site, physical_filter;
  std::string network;  ///< that judged its candidates; empty: none
  double mjd_mid = kUnknown, exposure_time_s = kUnknown;
  double zero_point_mag = kUnknown, zero_point_error_mag = kUnknown;
  double limiting_mag = kUnknown;  ///< 5 sigma in the difference
  double fwhm_px = kUnknown, pixel_scale_arcsec = kUnknown;
  std::int64_t reference_exposures = 0;
  double reference_mjd_first = kUnknown, reference_mjd_last = kUnknown;
  double latitude_deg = kUnknown, longitude_deg = kUnknown, altitude_m = kUnknown;
  /// Corners on the sky, in order around the frame; NaN: not known.
  double ra_1 = kUnknown, dec_1 = kUnknown, ra_2 = kUnknown, dec_2 = kUnknown, ra_3 = kUnknown,
         dec_3 = kUnknown, ra_4 = kUnknown, dec_4 = kUnknown;

  /// "instrument/detector/exposure_id": unique in a city.
  std::string key() const { return instrument + "/" + detector + "/" + exposure_id; }
  std::array<SkyPosition, 4> corners() const {
    return {{{ra_1, dec_1}, {ra_2, dec_2}, {ra_3, dec_3}, {ra_4, dec_4}}};
  }
  void set_corners(const std::array<SkyPosition, 4>& c);
  /// Does the frame show that place (true inside its corners; false where they are not known).
  bool covers(SkyPosition position) const;
  double area_arcsec2() const;  ///< 0 where it is not known
  Site where() const { return {site, latitude_deg, longitude_deg, altitude_m}; }
};
std::span<const Field<SearchedFrame>> searched_frame_fields();

/// A frame and what was found in it.
struct CandidateFrame {
  SearchedFrame frame;
  std::vector<Candidate> candidates;
  std::vector<std::string> caveats;
};

/// Reads kind `candidates`; what the product does not tell of site and sky comes from the exposure.
/// `wcs`: of the frame, if it is known. Errors: not_found (no such table).
CandidateFrame read_candidates(const TableSet& set, const Exposure& exposure, const Wcs& wcs);

}  // namespace polis
