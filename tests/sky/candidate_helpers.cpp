#include "candidate_helpers.h"

#include <cmath>

namespace polis {

constexpr double kArcsecPerRadian = 206264.80624709636;

SkyPosition moved(SkyPosition place, double east, double north) {
  return unproject_tan(place, {east / kArcsecPerRadian, north / kArcsecPerRadian});
}

CandidateFrame searched_frame(const std::string& id, double mjd, SkyPosition centre,
                              const std::string& site, const std::string& filter) {
  CandidateFrame f;
  f.frame.exposure_id = id;
  f.frame.instrument = site + "_camera";
  f.frame.detector = "0";
  f.frame.site = site;
  f.frame.physical_filter = filter;
  f.frame.mjd_mid = mjd;
  f.frame.exposure_time_s = 60.0;
  f.frame.zero_point_mag = 25.0;
  f.frame.limiting_mag = 20.5;
  f.frame.fwhm_px = 2.5;
  f.frame.pixel_scale_arcsec = 1.0;
  f.frame.set_corners({moved(centre, 900, -900), moved(centre, -900, -900),
                       moved(centre, -900, 900), moved(centre, 900, 900)});
  return f;
}

Candidate& add_candidate(CandidateFrame& frame, SkyPosition place, double mag, double probability) {
  Candidate c;
  c.id = static_cast<std::int64_t>(frame.candidates.size()) + 1;
  const SkyPosition corner = frame.frame.corners()[0];
  const auto [xi, eta] = project_tan(corner, place);
  c.x = -xi * kArcsecPerRadian;
  c.y = eta * kArcsecPerRadian;
  c.ra_deg = place.ra_deg;
  c.dec_deg = place.dec_deg;
  c.mag = mag;
  c.snr = 5.0 * std::pow(10.0, 0.4 * (frame.frame.limiting_mag - mag));
  c.mag_error = 1.0857 / c.snr;
  c.x_error = c.y_error = 0.6 * frame.frame.fwhm_px / c.snr;
  c.flux_e = 60.0 * std::pow(10.0, 0.4 * (25.0 - mag));
  c.flux_error_e = c.flux_e / c.snr;
  c.fwhm_px = 2.5;
  c.elongation = 1.05;
  c.chi2 = 1.0;
  c.dipole = 0.0;
  c.edge_distance_px = 100.0;
  if (std::isfinite(probability)) {
    c.p_real_transient = probability;
    c.p_noise = 1.0 - probability;
    c.p_cosmic_ray = c.p_bad_pixel = c.p_satellite = c.p_subtraction_artifact = 0.0;
    c.label = probability > 0.5 ? "real_transient" : "noise";
  }
  frame.candidates.push_back(c);
  return frame.candidates.back();
}

}  // namespace polis
