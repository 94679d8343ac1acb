#include "sky/candidate.h"

#include <cmath>
#include <numbers>

#include "sky/catalog_stars.h"

namespace polis {
namespace {

using C = Candidate;
using F = SearchedFrame;

const std::array<Field<Candidate>, 32> kCandidateFields{{
    {"id", "", "meta.id", "1, 2, 3 ... within the frame", &C::id},
    {"x", "pix", "pos.cartesian.x", "0-based", &C::x},
    {"y", "pix", "pos.cartesian.y", "0-based", &C::y},
    {"x_error", "pix", "stat.error;pos.cartesian.x", "1 sigma", &C::x_error},
    {"y_error", "pix", "stat.error;pos.cartesian.y", "1 sigma", &C::y_error},
    {"ra", "deg", "pos.eq.ra", "ICRS", &C::ra_deg},
    {"dec", "deg", "pos.eq.dec", "ICRS", &C::dec_deg},
    {"sign", "", "meta.code", "1: brighter than the reference, -1: fainter", &C::sign},
    {"snr", "", "stat.snr", "of the matched filter at the peak", &C::snr},
    {"flux", "electron", "phot.count", "PSF flux in the difference, with its sign", &C::flux_e},
    {"flux_error", "electron", "stat.error;phot.count", "1 sigma", &C::flux_error_e},
    {"mag", "mag", "phot.mag", "of the absolute flux", &C::mag},
    {"mag_error", "mag", "stat.error;phot.mag", "1 sigma", &C::mag_error},
    {"fwhm_px", "pix", "phys.angSize", "in the difference", &C::fwhm_px},
    {"elongation", "", "src.ellipticity", "major / minor axis", &C::elongation},
    {"chi2", "", "stat.fit.chi2", "per pixel, of the PSF", &C::chi2},
    {"dipole", "", "", "flux of the other sign nearby, relative", &C::dipole},
    {"negative_pixels", "", "meta.number", "of the 5 x 5 at the peak", &C::negative_pixels},
    {"masked_pixels", "", "meta.number", "of the 5 x 5 at the peak", &C::masked_pixels},
    {"edge_distance", "pix", "", "to the nearest edge", &C::edge_distance_px},
    {"flags", "", "meta.code.qual", "as in catalogs", &C::flags},
    {"source_distance", "pix", "pos.angDistance", "to the reference's nearest source",
     &C::source_distance_px},
    {"source_mag", "mag", "phot.mag", "of that source", &C::source_mag},
    {"source_extended", "", "src.class", "1: it is a galaxy", &C::source_extended},
    {"known_id", "", "meta.id.cross", "star of the reference catalogue; 0: none", &C::known_id},
    {"p_real_transient", "", "stat.probability", "", &C::p_real_transient},
    {"p_cosmic_ray", "", "stat.probability", "", &C::p_cosmic_ray},
    {"p_bad_pixel", "", "stat.probability", "", &C::p_bad_pixel},
    {"p_satellite", "", "stat.probability", "", &C::p_satellite},
    {"p_subtraction_artifact", "", "stat.probability", "", &C::p_subtraction_artifact},
    {"p_noise", "", "stat.probability", "", &C::p_noise},
    {"class", "", "src.class", "the most probable", &C::label},
}};

const std::array<CandidateClass, 6> kClasses{{{"real_transient", &C::p_real_transient},
                                              {"cosmic_ray", &C::p_cosmic_ray},
                                              {"bad_pixel", &C::p_bad_pixel},
                                              {"satellite", &C::p_satellite},
                                              {"subtraction_artifact", &C::p_subtraction_artifact},
                                              {"noise", &C::p_noise}}};

const std::array<Field<SearchedFrame>, 27> kFrameFields{{
    {"exposure_id", "", "meta.id", "", &F::exposure_id},
    {"instrument", "", "meta.id;instr", "", &F::instrument},
    {"detector", "", "meta.id;instr.det", "", &F::detector},
    {"site", "", "meta.id;instr.obsty", "", &F::site},
    {"physical_filter", "", "meta.id;instr.filter", "", &F::physical_filter},
    {"network", "", "meta.software", "that judged the candidates; empty: none", &F::network},
    {"mjd_mid", "d", "time.epoch", "UTC, mid-exposure", &F::mjd_mid},
    {"exposure_time_s", "s", "time.duration;obs.exposure", "", &F::exposure_time_s},
    {"zero_point_mag", "mag", "phot.mag", "", &F::zero_point_mag},
    {"zero_point_error_mag", "mag", "stat.error;phot.mag", "", &F::zero_point_error_mag},
    {"limiting_mag", "mag", "phot.mag;stat.max", "5 sigma in the difference", &F::limiting_mag},
    {"fwhm_px", "pix", "instr.obsty.seeing", "of stars", &F::fwhm_px},
    {"pixel_scale_arcsec", "arcsec", "instr.scale", "", &F::pixel_scale_arcsec},
    {"reference_exposures", "", "meta.number", "that made the reference", &F::reference_exposures},
    {"reference_mjd_first", "d", "time.start", "of those", &F::reference_mjd_first},
    {"reference_mjd_last", "d", "time.end", "of those", &F::reference_mjd_last},
    {"latitude_deg", "deg", "pos.earth.lat", "of the site", &F::latitude_deg},
    {"longitude_deg", "deg", "pos.earth.lon", "to the east", &F::longitude_deg},
    {"altitude_m", "m", "pos.earth.altitude", "", &F::altitude_m},
    {"ra_1", "deg", "pos.eq.ra", "corners, in order around the frame", &F::ra_1},
    {"dec_1", "deg", "pos.eq.dec", "", &F::dec_1},
    {"ra_2", "deg", "pos.eq.ra", "", &F::ra_2},
    {"dec_2", "deg", "pos.eq.dec", "", &F::dec_2},
    {"ra_3", "deg", "pos.eq.ra", "", &F::ra_3},
    {"dec_3", "deg", "pos.eq.dec", "", &F::dec_3},
    {"ra_4", "deg", "pos.eq.ra", "", &F::ra_4},
    {"dec_4", "deg", "pos.eq.dec", "", &F::dec_4},
}};

std::string text_of(const Facts& facts, const char* name, const std::string& otherwise) {
  const auto found = facts.find(name);
  return found == facts.end() || found->second.empty() ? otherwise : found->second;
}

double number_or(const Facts& facts, const char* name, double otherwise) {
  const double value = number_of(facts, name);
  return std::isfinite(value) ? value : otherwise;
}

/// The frame's corners by its WCS, or roughly by where the telescope pointed.
std::array<SkyPosition, 4> corners_of(const Exposure& e, const Wcs& wcs, double scale_arcsec) {
  const double right = e.width - 0.5, top = e.height - 0.5;
  if (wcs.valid) {
    return {wcs.to_sky({-0.5, -0.5}), wcs.to_sky({right, -0.5}), wcs.to_sky({right, top}),
            wcs.to_sky({-0.5, top})};
  }
  constexpr double kRadPerArcsec = std::numbers::pi / (180.0 * 3600.0);
  const SkyPosition centre{e.tracking_ra_deg, e.tracking_dec_deg};
  const double half_width = 0.5 * e.width * scale_arcsec * kRadPerArcsec;
  const double half_height = 0.5 * e.height * scale_arcsec * kRadPerArcsec;
  const auto at = [&](double x, double y) {
    return unproject_tan(centre, {x * half_width, y * half_height});
  };
  return {at(-1, -1), at(1, -1), at(1, 1), at(-1, 1)};
}

SearchedFrame frame_of(const Facts& facts, const Exposure& e, const Wcs& wcs) {
  SearchedFrame f;
  f.exposure_id = text_of(facts, "exposure_id", e.exposure_id);
  f.instrument = text_of(facts, "instrument", e.instrument);
  f.detector = text_of(facts, "detector", e.detector);
  f.site = text_of(facts, "site", e.site);
  f.physical_filter = text_of(facts, "physical_filter", e.physical_filter);
  f.network = text_of(facts, "network", "");
  f.mjd_mid = number_or(facts, "mjd_mid", e.mjd_mid);
  f.exposure_time_s = number_or(facts, "exposure_time_s", e.exposure_time_s);
  f.pixel_scale_arcsec = number_or(facts, "pixel_scale_arcsec", e.pixel_scale_arcsec);
  f.zero_point_mag = number_of(facts, "zero_point_mag");
  f.zero_point_error_mag = number_of(facts, "zero_point_error_mag");
  f.limiting_mag = number_of(facts, "limiting_mag");
  f.fwhm_px = number_of(facts, "fwhm_px");
  f.reference_exposures = static_cast<std::int64_t>(number_or(facts, "reference_exposures", 0.0));
  f.reference_mjd_first = number_of(facts, "reference_mjd_first");
  f.reference_mjd_last = number_of(facts, "reference_mjd_last");
  f.latitude_deg = e.latitude_deg;
  f.longitude_deg = e.longitude_deg;
  f.altitude_m = e.altitude_m;
  f.set_corners(corners_of(e, wcs, f.pixel_scale_arcsec));
  return f;
}

}  // namespace

std::span<const Field<Candidate>> candidate_fields() { return kCandidateFields; }
std::span<const CandidateClass> candidate_classes() { return kClasses; }
std::span<const Field<SearchedFrame>> searched_frame_fields() { return kFrameFields; }

void SearchedFrame::set_corners(const std::array<SkyPosition, 4>& c) {
  ra_1 = c[0].ra_deg;
  dec_1 = c[0].dec_deg;
  ra_2 = c[1].ra_deg;
  dec_2 = c[1].dec_deg;
  ra_3 = c[2].ra_deg;
  dec_3 = c[2].dec_deg;
  ra_4 = c[3].ra_deg;
  dec_4 = c[3].dec_deg;
}

bool SearchedFrame::covers(SkyPosition position) const {
  int left = 0, right = 0;
  const auto c = corners();
  for (std::size_t i = 0; i < 4; ++i) {
    // In the plane about the position itself, the origin lies on one side of all four edges.
    const auto a = project_tan(position, c[i]), b = project_tan(position, c[(i + 1) % 4]);
    const double turn = a[0] * b[1] - a[1] * b[0];
    left += turn > 0.0 ? 1 : 0;
    right += turn < 0.0 ? 1 : 0;
  }
  return left == 4 || right == 4;
}

double SearchedFrame::area_arcsec2() const {
  constexpr double kArcsecPerRadian = 180.0 * 3600.0 / std::numbers::pi;
  const auto c = corners();
  double twice = 0.0;
  for (std::size_t i = 1; i < 3; ++i) {
    const auto a = project_tan(c[0], c[i]), b = project_tan(c[0], c[i + 1]);
    twice += a[0] * b[1] - a[1] * b[0];
  }
  const double area = 0.5 * std::abs(twice) * kArcsecPerRadian * kArcsecPerRadian;
  return std::isfinite(area) ? area : 0.0;
}

CandidateFrame read_candidates(const TableSet& set, const Exposure& exposure, const Wcs& wcs) {
  CandidateFrame result{
      frame_of(set.facts, exposure, wcs), records_of(candidate_fields(), set.at("candidates")), {}};
  for (const auto& [name, value] : set.facts) {
    if (name.starts_with("caveat")) result.caveats.push_back(value);
  }
  return result;
}

}  // namespace polis
