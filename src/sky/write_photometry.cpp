#include <cmath>
#include <numbers>

#include "base/number_text.h"
#include "sky/catalog_stars.h"
#include "sky/photometry.h"
#include "sky/wcs_facts.h"

namespace polis {
namespace {

constexpr double kMagnitude = 2.5 / std::numbers::ln10;
constexpr double kPhotometricScatter =
    0.05;  // [mag] above: cloud edges, a bad flat, or the wrong filter
constexpr double kPhotometricMap = 0.03;    // [mag] rms of the spatial map, above: the same
constexpr double kPhotometricError = 0.01;  // [mag] of the zero point

void set_number(Facts& facts, const char* key, double value) {
  if (std::isfinite(value)) facts[key] = number_text(value);
}

/// What those who look at a whole night need to know of the exposure.
void copy_exposure_facts(const Exposure& exposure, Facts& facts) {
  facts["exposure_id"] = exposure.exposure_id;
  facts["site"] = exposure.site;
  facts["instrument"] = exposure.instrument;
  facts["detector"] = exposure.detector;
  facts["filter"] = exposure.physical_filter;
  set_number(facts, "mjd_mid", exposure.mjd_mid);
  set_number(facts, "airmass", exposure.airmass);
  set_number(facts, "exposure_time_s", exposure.exposure_time_s);
}

/// Why the frame's photometry is not to be trusted beyond its errors; empty if there is nothing to
/// say.
std::string doubts_about(const ZeroPoint& zero_point) {
  if (zero_point.stars < 10) return "only " + std::to_string(zero_point.stars) + " stars";
  if (zero_point.error_mag > kPhotometricError) return "zero point uncertain";
  if (zero_point.scatter_mag > kPhotometricScatter)
    return "stars scatter by more than " + number_text(kPhotometricScatter) + " mag";
  if (zero_point.spatial_rms_mag > kPhotometricMap) return "zero point varies over the frame";
  return {};
}

void write_zero_point(const ZeroPoint& zero_point, Facts& facts) {
  set_number(facts, "zero_point_mag", zero_point.mag);
  set_number(facts, "zero_point_err_mag", zero_point.error_mag);
  set_number(facts, "zero_point_scatter_mag", zero_point.scatter_mag);
  set_number(facts, "zero_point_extra_mag", zero_point.extra_mag);
  facts["zero_point_stars"] = std::to_string(zero_point.stars);
  if (!zero_point.colour.empty()) {
    facts["colour"] = zero_point.colour;
    set_number(facts, "colour_term", zero_point.colour_term);
    set_number(facts, "colour_term_err", zero_point.colour_term_error);
    set_number(facts, "mean_colour", zero_point.mean_colour);
  }
  facts["photometric_map_order"] = std::to_string(zero_point.spatial_order);
  std::string terms;
  for (const double term : zero_point.spatial)
    terms.append(terms.empty() ? "" : " ").append(number_text(term));
  if (!terms.empty()) facts["photometric_map"] = terms;
  set_number(facts, "photometric_map_rms_mag", zero_point.spatial_rms_mag);
  const std::string doubt = doubts_about(zero_point);
  facts["photometric"] = doubt.empty() ? "yes" : "no";
  if (!doubt.empty()) facts["caveat_photometry"] = doubt;
}

}  // namespace

void write_photometry(TableSet& catalog, const Exposure& exposure, const ZeroPoint& zero_point,
                      const PhotometryOptions& options) {
  Table& sources = catalog.at("sources");
  const auto x = numbers_of(sources, "x");
  const auto y = numbers_of(sources, "y");
  const auto flux = numbers_of(sources, "flux_psf");
  const auto flux_err = numbers_of(sources, "flux_psf_err");
  const double zero = zero_point.found ? zero_point.mag : options.instrument_zero_point;
  const double seconds = exposure.exposure_time_s > 0.0 ? exposure.exposure_time_s : 1.0;
  std::vector<float> mag(sources.rows(), static_cast<float>(kUnknown));
  std::vector<float> mag_err = mag;
  for (std::size_t i = 0; i < std::min(flux.size(), flux_err.size()); ++i) {
    if (!(flux[i] > 0.0)) continue;
    const double map =
        zero_point.found ? zero_point.map(x[i], y[i], exposure.width, exposure.height) : 0.0;
    mag[i] = static_cast<float>(zero + map - 2.5 * std::log10(flux[i] / seconds));
    mag_err[i] = static_cast<float>(kMagnitude * flux_err[i] / flux[i]);
  }
  sources.add({"mag", "mag", "phot.mag", "PSF magnitude", std::move(mag)});
  sources.add(
      {"mag_err", "mag", "stat.error;phot.mag", "1 sigma, of the flux alone", std::move(mag_err)});
  Facts& facts = catalog.facts;
  copy_exposure_facts(exposure, facts);
  const ApertureCheck check = compare_apertures(sources);
  set_number(facts, "aperture_minus_psf_mag", check.median_mag);
  set_number(facts, "aperture_minus_psf_scatter_mag", check.scatter_mag);
  const Wcs wcs = wcs_from(facts);
  const double scale = wcs.valid ? wcs.pixel_scale_arcsec() : exposure.pixel_scale_arcsec;
  set_number(facts, "seeing_arcsec", number_of(facts, "fwhm_px") * scale);
  if (!zero_point.found) {
    facts["photometric"] = "unknown";
    facts["caveat_photometry"] = "instrumental magnitudes (" + zero_point.reason + ")";
    return;
  }
  write_zero_point(zero_point, facts);
  set_number(facts, "limiting_mag", limiting_magnitude(facts, zero, seconds));
  const double sky_e = number_of(facts, "sky_level_e");
  if (sky_e > 0.0)
    set_number(facts, "sky_mag_arcsec2",
               zero - 2.5 * std::log10(sky_e / seconds / (scale * scale)));
}

}  // namespace polis
