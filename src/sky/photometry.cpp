#include "sky/photometry.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/number_text.h"
#include "kernels/linear_fit.h"
#include "kernels/neighbours.h"
#include "kernels/source_flags.h"
#include "sky/catalog_stars.h"
#include "sky/identify.h"
#include "sky/time.h"
#include "sky/wcs_facts.h"

namespace polis {
namespace {

constexpr double kMagnitude = 2.5 / std::numbers::ln10;  // [mag] per relative flux
constexpr double kAssumedReferenceError = 0.02;          // docs/formats/reference_catalog.md
constexpr std::int32_t kUnclean = source_flags::saturated | source_flags::edge |
                                  source_flags::incomplete | source_flags::psf_failed |
                                  source_flags::too_large | source_flags::neighbour;

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// One star that both the frame and the reference know.
struct Star {
  double x, y;    // Legendre coordinates over the frame, -1..1
  double offset;  // reference minus instrumental magnitude
  double error;
  double colour;  // NaN: not known
};

/// Legendre terms of degree 1 and 2: mean 0 over the frame.
std::array<double, 5> spatial_terms(double x, double y) {
  return {x, y, 0.5 * (3.0 * x * x - 1.0), x * y, 0.5 * (3.0 * y * y - 1.0)};
}
std::size_t spatial_count(int order) { return order >= 2 ? 5 : order == 1 ? 2 : 0; }

double legendre_place(double pixel, int size) {
  return size > 1 ? 2.0 * pixel / (size - 1) - 1.0 : 0.0;
}

/// The two magnitude columns whose difference is the colour: the one before the filter's own and
/// its own, or its own and the next. Catalogues list filters from blue to red.
std::optional<std::array<std::string, 2>> colour_columns(const Table& stars,
                                                         const std::string& own) {
  std::string before;
  bool seen = false;
  for (const Column& column : stars.columns()) {
    if (!column.name.starts_with("mag_") || column.name.ends_with("_err")) continue;
    if (seen) return std::array{own, column.name};
    seen = column.name == own;
    if (seen && !before.empty()) return std::array{before, own};
    before = column.name;
  }
  return std::nullopt;
}

/// Which reference stars have a neighbour bright enough to spoil their photometry.
std::vector<bool> crowded_stars(std::span<const ReferenceStar> stars, double radius_arcsec,
                                SkyPosition centre) {
  std::vector<PlanePoint> points;
  for (const ReferenceStar& star : stars) {
    const auto [xi, eta] = project_tan(centre, star.position);
    points.push_back({xi * 206264.80624709636, eta * 206264.80624709636});
  }
  const NeighbourGrid grid(points);
  std::vector<bool> crowded(stars.size(), false);
  for (std::size_t i = 0; i < stars.size(); ++i) {
    for (const std::ptrdiff_t j : grid.within(points[i], radius_arcsec)) {
      const auto k = static_cast<std::size_t>(j);
      if (k != i && stars[k].magnitude < stars[i].magnitude + 4.0) crowded[i] = true;
    }
  }
  return crowded;
}

/// Everything the fit looks at, with the catalog's columns opened once.
class StarCollector {
 public:
  StarCollector(const TableSet& catalog, const Exposure& exposure, const TableSet& reference,
                const PhotometryOptions& options)
      : sources_(catalog.at("sources")),
        stars_(reference.at("stars")),
        exposure_(exposure),
        options_(options),
        wcs_(wcs_from(catalog.facts)),
        fwhm_px_(number_of(catalog.facts, "fwhm_px")) {}

  std::vector<Star> collect(const std::string& magnitude) const;
  std::vector<SkySource> sources() const;

 private:
  const Table& sources_;
  const Table& stars_;
  const Exposure& exposure_;
  const PhotometryOptions& options_;
  Wcs wcs_;
  double fwhm_px_;
};

std::vector<SkySource> StarCollector::sources() const {
  const auto ra = numbers_of(sources_, "ra");
  const auto dec = numbers_of(sources_, "dec");
  const auto ra_err = numbers_of(sources_, "ra_err");
  const auto dec_err = numbers_of(sources_, "dec_err");
  const auto flux = numbers_of(sources_, "flux_psf");
  const auto flux_err = numbers_of(sources_, "flux_psf_err");
  const auto flags = numbers_of(sources_, "flags");
  std::vector<SkySource> result(ra.size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    const bool clean = (static_cast<std::int32_t>(flags[i]) & kUnclean) == 0;
    if (!clean || !(flux[i] > options_.least_snr * flux_err[i])) {
      result[i].position = {kUnknown, kUnknown};
      continue;
    }
    result[i] = {{ra[i], dec[i]},
                 std::sqrt(0.5 * (ra_err[i] * ra_err[i] + dec_err[i] * dec_err[i])),
                 kUnknown,
                 0.0};
  }
  return result;
}

std::vector<Star> StarCollector::collect(const std::string& magnitude) const {
  const double scale = wcs_.pixel_scale_arcsec();
  const auto references =
      reference_stars(stars_, julian_year(exposure_.mjd_mid), exposure_.physical_filter);
  const SkyPosition centre =
      wcs_.to_sky({0.5 * (exposure_.width - 1), 0.5 * (exposure_.height - 1)});
  const double fwhm = std::isfinite(fwhm_px_) ? fwhm_px_ : 3.0;
  const auto crowded = crowded_stars(references, options_.isolation_fwhm * fwhm * scale, centre);
  std::vector<SkySource> known;
  for (std::size_t j = 0; j < references.size(); ++j) {
    // NaN where it cannot serve: it is then never found.
    const SkyPosition place = crowded[j] ? SkyPosition{kUnknown, kUnknown} : references[j].position;
    known.push_back({place, references[j].error_arcsec, kUnknown, 0.0});
  }
  IdentifySettings settings;
  settings.error_floor_arcsec = options_.most_separation_px * scale / settings.most_sigma;
  const auto identified = identify_sources(sources(), known, settings);
  const auto x = numbers_of(sources_, "x");
  const auto y = numbers_of(sources_, "y");
  const auto flux = numbers_of(sources_, "flux_psf");
  const auto flux_err = numbers_of(sources_, "flux_psf_err");
  const auto mag = numbers_of(stars_, magnitude);
  const auto mag_err = numbers_of(stars_, magnitude + "_err");
  const auto pair = colour_columns(stars_, magnitude);
  const auto blue = pair ? numbers_of(stars_, (*pair)[0]) : std::vector<double>{};
  const auto red = pair ? numbers_of(stars_, (*pair)[1]) : std::vector<double>{};
  std::vector<Star> result;
  for (std::size_t i = 0; i < identified.size(); ++i) {
    if (identified[i].reference < 0 || !(flux[i] > 0.0)) continue;
    const auto j = static_cast<std::size_t>(identified[i].reference);
    const double instrumental = -2.5 * std::log10(flux[i] / exposure_.exposure_time_s);
    const double reference_error =
        j < mag_err.size() && std::isfinite(mag_err[j]) ? mag_err[j] : kAssumedReferenceError;
    result.push_back({legendre_place(x[i], exposure_.width), legendre_place(y[i], exposure_.height),
                      mag[j] - instrumental,
                      std::hypot(kMagnitude * flux_err[i] / flux[i], reference_error),
                      pair ? blue[j] - red[j] : kUnknown});
  }
  return result;
}

/// One model: constant, perhaps colour, perhaps a map. Returns the Bayesian information criterion,
/// or NaN.
double fit_model(std::span<const Star> stars, bool with_colour, double mean_colour, int order,
                 double clip_sigma, LinearFit& fit) {
  std::vector<double> rows;
  std::vector<double> target;
  std::vector<double> error;
  const std::size_t terms = 1 + (with_colour ? 1 : 0) + spatial_count(order);
  for (const Star& star : stars) {
    rows.push_back(1.0);
    if (with_colour) rows.push_back(std::isfinite(star.colour) ? star.colour - mean_colour : 0.0);
    const auto spatial = spatial_terms(star.x, star.y);
    rows.insert(rows.end(), spatial.begin(),
                spatial.begin() + static_cast<std::ptrdiff_t>(spatial_count(order)));
    target.push_back(star.offset);
    error.push_back(star.error);
  }
  LinearFitSettings settings;
  settings.clip_sigma = clip_sigma;
  if (!fit_linear(rows, terms, target, error, settings, fit)) return kUnknown;
  // Over all stars, each capped, so that models that reject different stars compare.
  double sum = 0.0;
  for (std::size_t i = 0; i < stars.size(); ++i) {
    double model = 0.0;
    for (std::size_t k = 0; k < terms; ++k) model += fit.coefficients[k] * rows[i * terms + k];
    const double sigma = std::hypot(error[i], fit.extra_sigma);
    const double off = (target[i] - model) / sigma;
    sum += std::min(off * off, clip_sigma * clip_sigma) + 2.0 * std::log(sigma);
  }
  return sum + static_cast<double>(terms) * std::log(static_cast<double>(stars.size()));
}

struct Model {
  bool colour = false;
  int order = 0;
};

ZeroPoint choose_model(std::span<const Star> stars, const PhotometryOptions& options,
                       double mean_colour, bool has_colour) {
  ZeroPoint best;
  double least = std::numeric_limits<double>::infinity();
  for (const bool colour : {false, true}) {
    for (int order = 0; order <= std::clamp(options.most_spatial_order, 0, 2); ++order) {
      const std::size_t terms = 1 + (colour ? 1 : 0) + spatial_count(order);
      if ((colour && !has_colour) || (terms > 1 && stars.size() < 6 * terms)) continue;
      LinearFit fit;
      const double criterion =
          fit_model(stars, colour, mean_colour, order, options.clip_sigma, fit);
      if (!(criterion < least)) continue;
      least = criterion;
      best = {};
      best.found = true;
      best.mag = fit.coefficients[0];
      best.error_mag = fit.error(0);
      best.scatter_mag = fit.rms;
      best.extra_mag = fit.extra_sigma;
      best.stars = fit.kept;
      best.mean_colour = mean_colour;
      if (colour) best.colour_term = fit.coefficients[1];
      if (colour) best.colour_term_error = fit.error(1);
      best.spatial_order = order;
      best.spatial.assign(fit.coefficients.begin() + (colour ? 2 : 1), fit.coefficients.end());
    }
  }
  return best;
}

}  // namespace

double ZeroPoint::map(double x, double y, int width, int height) const {
  const auto terms = spatial_terms(legendre_place(x, width), legendre_place(y, height));
  double sum = 0.0;
  for (std::size_t k = 0; k < spatial.size(); ++k) sum += spatial[k] * terms.at(k);
  return sum;
}

ZeroPoint fit_zero_point(const TableSet& catalog, const Exposure& exposure,
                         const TableSet& reference, const PhotometryOptions& options) {
  ZeroPoint none;
  const Table& known = reference.at("stars");
  const std::string magnitude = magnitude_column(known, exposure.physical_filter);
  if (!wcs_from(catalog.facts).valid)
    none.reason = "the frame has no WCS";
  else if (magnitude != "mag_" + exposure.physical_filter)
    none.reason = "the reference has no magnitudes of filter '" + exposure.physical_filter + "'";
  else if (!(exposure.exposure_time_s > 0.0))
    none.reason = "the exposure time is not known";
  if (!none.reason.empty()) return none;
  std::vector<Star> stars = StarCollector(catalog, exposure, reference, options).collect(magnitude);
  std::erase_if(stars, [](const Star& star) { return !std::isfinite(star.offset + star.error); });
  if (stars.size() < 3) {
    none.reason = "only " + std::to_string(stars.size()) + " clean stars have reference magnitudes";
    return none;
  }
  double sum = 0.0, weight = 0.0;
  std::size_t colours = 0;
  for (const Star& star : stars) {
    if (!std::isfinite(star.colour)) continue;
    // As the fit weighs the stars: then the zero point belongs to this colour, colour term or not.
    const double w = 1.0 / (star.error * star.error);
    sum += w * star.colour;
    weight += w;
    ++colours;
  }
  const bool has_colour = 10 * colours >= 9 * stars.size() && weight > 0.0;
  ZeroPoint result = choose_model(stars, options, has_colour ? sum / weight : 0.0, has_colour);
  if (!result.found) result.reason = "the stars do not determine a zero point";
  if (const auto pair = colour_columns(known, magnitude); pair && has_colour)
    result.colour = (*pair)[0] + " - " + (*pair)[1];
  // Legendre terms over the square: mean squares 1/3, 1/3, 1/5, 1/9, 1/5.
  constexpr std::array<double, 5> kMeanSquare{1.0 / 3, 1.0 / 3, 1.0 / 5, 1.0 / 9, 1.0 / 5};
  for (std::size_t k = 0; k < result.spatial.size(); ++k)
    result.spatial_rms_mag += result.spatial[k] * result.spatial[k] * kMeanSquare.at(k);
  result.spatial_rms_mag = std::sqrt(result.spatial_rms_mag);
  return result;
}

ApertureCheck compare_apertures(const Table& sources) {
  const auto psf = numbers_of(sources, "flux_psf");
  const auto psf_err = numbers_of(sources, "flux_psf_err");
  const auto aperture = numbers_of(sources, "flux_aper");
  const auto flags = numbers_of(sources, "flags");
  std::vector<double> differences;
  for (std::size_t i = 0; i < std::min({psf.size(), psf_err.size(), aperture.size(), flags.size()});
       ++i) {
    const bool clean =
        (static_cast<std::int32_t>(flags[i]) & (kUnclean | source_flags::blended)) == 0;
    if (clean && psf[i] > 50.0 * psf_err[i] && aperture[i] > 0.0)
      differences.push_back(-2.5 * std::log10(aperture[i] / psf[i]));
  }
  ApertureCheck check;
  check.stars = differences.size();
  if (differences.empty()) return check;
  check.median_mag = median_of(differences);
  for (double& difference : differences) difference = std::abs(difference - check.median_mag);
  check.scatter_mag = 1.4826 * median_of(std::move(differences));
  return check;
}

double limiting_magnitude(const Facts& facts, double zero_point_mag, double exposure_time_s,
                          double snr) {
  const double fwhm = number_of(facts, "fwhm_px");
  const double rms = number_of(facts, "sky_rms_e");
  const double sigma = fwhm / 2.354820045;
  const double noise = rms * std::sqrt(4.0 * std::numbers::pi) * sigma;
  const double electrons = snr * noise / exposure_time_s;
  return electrons > 0.0 ? zero_point_mag - 2.5 * std::log10(electrons) : kUnknown;
}

}  // namespace polis
