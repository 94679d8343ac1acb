#include "sky/astrometry.h"

#include <cmath>

#include "base/number_text.h"
#include "sky/wcs_facts.h"

namespace polis {
namespace {

FieldSettings settings_for(const Exposure& exposure, const AstrometryOptions& options) {
  FieldSettings settings;
  settings.width = exposure.width;
  settings.height = exposure.height;
  settings.pointing = {exposure.tracking_ra_deg, exposure.tracking_dec_deg};
  settings.pixel_scale_arcsec = exposure.pixel_scale_arcsec;
  settings.pointing_error_arcmin = options.pointing_error_arcmin;
  settings.scale_tolerance = options.scale_tolerance;
  settings.most_sip_order = options.most_sip_order;
  settings.error_floor_px = options.error_floor_px;
  settings.clip_sigma = options.clip_sigma;
  return settings;
}

bool is_known(SkyPosition position) {
  return std::isfinite(position.ra_deg) && std::isfinite(position.dec_deg);
}

/// Where the stars of the frame are, without a better word: the box of the catalog.
void fill_size(FieldSettings& settings, std::span<const DetectedStar> detected) {
  if (settings.width > 0 && settings.height > 0) return;
  for (const DetectedStar& star : detected) {
    if (!std::isfinite(star.position.x + star.position.y)) continue;
    settings.width =
        std::max(settings.width, static_cast<int>(std::min(star.position.x + 2.0, 1e6)));
    settings.height =
        std::max(settings.height, static_cast<int>(std::min(star.position.y + 2.0, 1e6)));
  }
}

}  // namespace

FieldSolution solve_catalog(const TableSet& catalog, const Exposure& exposure,
                            std::span<const ReferenceStar> reference,
                            const AstrometryOptions& options) {
  const std::vector<DetectedStar> detected = detected_stars(catalog.at("sources"));
  FieldSettings settings = settings_for(exposure, options);
  fill_size(settings, detected);
  FieldSolution solution;
  if (exposure.wcs.valid) {
    FieldSettings from_header = settings;
    from_header.pointing =
        exposure.wcs.to_sky({0.5 * (settings.width - 1), 0.5 * (settings.height - 1)});
    from_header.pixel_scale_arcsec = exposure.wcs.pixel_scale_arcsec();
    solution = solve_field(detected, reference, from_header);
    if (solution.found) return solution;
  }
  solution = solve_field(detected, reference, settings);
  if (solution.found || !is_known(settings.pointing)) return solution;
  // The reference may be a small one about the field while the header points elsewhere.
  settings.pointing = {kUnknown, kUnknown};
  FieldSolution blind = solve_field(detected, reference, settings);
  return blind.found ? blind : solution;
}

FieldSolution solve_against_anchor(const TableSet& catalog, const Exposure& exposure,
                                   const TableSet& anchor, const Wcs& anchor_wcs,
                                   const AstrometryOptions& options) {
  const std::vector<DetectedStar> detected = detected_stars(catalog.at("sources"));
  const std::vector<ReferenceStar> reference = stars_as_reference(anchor.at("sources"), anchor_wcs);
  FieldSettings settings = settings_for(exposure, options);
  fill_size(settings, detected);
  // The anchor is all the sky there is: however far the telescope drifted, no pointing narrows it.
  settings.pointing = {kUnknown, kUnknown};
  if (!(settings.pixel_scale_arcsec > 0.0))
    settings.pixel_scale_arcsec = anchor_wcs.pixel_scale_arcsec();
  return solve_field(detected, reference, settings);
}

Wcs pseudo_wcs(const Exposure& exposure) {
  Wcs wcs;
  wcs.valid = true;
  wcs.reference = {exposure.tracking_ra_deg, exposure.tracking_dec_deg};
  if (!is_known(wcs.reference)) wcs.reference = {180.0, 0.0};
  wcs.reference_pixel = {0.5 * (exposure.width - 1), 0.5 * (exposure.height - 1)};
  const double scale_deg =
      (exposure.pixel_scale_arcsec > 0.0 ? exposure.pixel_scale_arcsec : 1.0) / 3600.0;
  wcs.cd = {-scale_deg, 0.0, 0.0, scale_deg};
  return wcs;
}

void write_astrometry(TableSet& catalog, const FieldSolution& solution, std::string_view frame) {
  Table& sources = catalog.at("sources");
  const auto x = numbers_of(sources, "x");
  const auto y = numbers_of(sources, "y");
  const auto x_err = numbers_of(sources, "x_err");
  const auto y_err = numbers_of(sources, "y_err");
  const std::size_t rows = sources.rows();
  std::vector<double> ra(rows, kUnknown);
  std::vector<double> dec(rows, kUnknown);
  std::vector<float> ra_err(rows, static_cast<float>(kUnknown));
  std::vector<float> dec_err(rows, static_cast<float>(kUnknown));
  const Wcs& wcs = solution.wcs;
  for (std::size_t i = 0; solution.found && i < rows; ++i) {
    const SkyPosition sky = wcs.to_sky({x[i], y[i]});
    ra[i] = sky.ra_deg;
    dec[i] = sky.dec_deg;
    const double ex = 3600.0 * (x_err.empty() ? 0.0 : x_err[i]);
    const double ey = 3600.0 * (y_err.empty() ? 0.0 : y_err[i]);
    const double own = solution.fit.found ? solution.fit.error_arcsec({x[i], y[i]}) : 0.0;
    ra_err[i] = static_cast<float>(std::hypot(wcs.cd[0] * ex, wcs.cd[1] * ey, own));
    dec_err[i] = static_cast<float>(std::hypot(wcs.cd[2] * ex, wcs.cd[3] * ey, own));
  }
  sources.add({"ra", "deg", "pos.eq.ra;meta.main", "right ascension, ICRS", std::move(ra)});
  sources.add({"dec", "deg", "pos.eq.dec;meta.main", "declination, ICRS", std::move(dec)});
  sources.add(
      {"ra_err", "arcsec", "stat.error;pos.eq.ra", "1 sigma, times cos(dec)", std::move(ra_err)});
  sources.add({"dec_err", "arcsec", "stat.error;pos.eq.dec", "1 sigma", std::move(dec_err)});
  set_wcs(catalog.facts, solution.found ? wcs : Wcs{});
  if (!solution.found) {
    catalog.facts["caveat_astrometry"] = "no WCS: " + solution.reason;
    return;
  }
  catalog.facts["astrometry_frame"] = frame;
  if (!solution.fit.found) return;
  catalog.facts["astrometry_rms_arcsec"] = number_text(solution.rms_arcsec);
  catalog.facts["astrometry_stars"] = std::to_string(solution.pairs.size());
  catalog.facts["astrometry_chi2"] = number_text(solution.fit.reduced_chi2);
  catalog.facts["astrometry_log10_false_alarm"] = number_text(solution.log10_false_alarm);
}

}  // namespace polis
