#include "tasks/night_series.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/running_median.h"

namespace polis {
namespace {

constexpr double kMagPerRelative = 2.5 / std::numbers::ln10;

double median_of(std::vector<double> values) {
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  if (values.empty()) return kUnknown;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void take_rows(NightSeries& series, ForcedFrame& frame, std::size_t j) {
  for (std::size_t row = 0; row < frame.target.size(); ++row) {
    const std::int64_t id = frame.target[row];
    if (id < 1 || static_cast<std::size_t>(id) > series.stars) continue;
    const std::size_t place = series.at(static_cast<std::size_t>(id) - 1, j);
    for (std::size_t k = 0; k < series.radii_px.size(); ++k) {
      series.flux[k][place] = frame.flux[k][row];
      series.flux_err[k][place] = frame.flux_err[k][row];
    }
    if (!frame.flux_psf.empty()) {
      series.flux.back()[place] = frame.flux_psf[row];
      series.flux_err.back()[place] = frame.flux_psf_err[row];
    }
    series.x[place] = frame.x[row];
    series.y[place] = frame.y[row];
    series.flags[place] = frame.flags[row];
  }
  frame.target.clear();
  frame.x.clear();
  frame.y.clear();
  frame.flux.clear();
  frame.flux_err.clear();
  frame.flux_psf.clear();
  frame.flux_psf_err.clear();
  frame.peak.clear();
  frame.flags.clear();
}

}  // namespace

NightSeries gather_series(std::vector<ForcedFrame> frames, std::size_t stars) {
  NightSeries series;
  series.stars = stars;
  if (frames.empty()) return series;
  series.radii_px = frames.front().radii_px;
  std::erase_if(frames, [&](const ForcedFrame& f) { return f.radii_px != series.radii_px; });
  std::stable_sort(frames.begin(), frames.end(), [](const ForcedFrame& a, const ForcedFrame& b) {
    const double ta = std::isfinite(a.mjd_mid) ? a.mjd_mid : 0.0,
                 tb = std::isfinite(b.mjd_mid) ? b.mjd_mid : 0.0;
    return ta != tb ? ta < tb : a.exposure_id < b.exposure_id;
  });
  series.frames = std::move(frames);
  const std::size_t size = stars * series.frames.size();
  const bool psf = std::any_of(series.frames.begin(), series.frames.end(),
                               [](const ForcedFrame& f) { return !f.flux_psf.empty(); });
  series.flux.assign(series.radii_px.size() + (psf ? 1 : 0), std::vector<double>(size, kUnknown));
  series.flux_err = series.flux;
  series.x.assign(size, kUnknown);
  series.y.assign(size, kUnknown);
  series.flags.assign(size, forced_flags::outside);
  for (std::size_t j = 0; j < series.frames.size(); ++j) take_rows(series, series.frames[j], j);
  return series;
}

MagnitudeSeries magnitudes(const NightSeries& series, std::size_t number) {
  MagnitudeSeries result{series.stars, series.frames.size(), {}, {}};
  const std::size_t size = series.stars * series.frames.size();
  result.mag.assign(size, kUnknown);
  result.mag_err.assign(size, kUnknown);
  for (std::size_t i = 0; i < size; ++i) {
    const double flux = series.flux[number][i], error = series.flux_err[number][i];
    if (series.flags[i] != 0 || !(flux > 0.0) || !std::isfinite(error)) continue;
    result.mag[i] = -2.5 * std::log10(flux);
    result.mag_err[i] = kMagPerRelative * error / flux;
  }
  return result;
}

StarCurve star_curve(const NightSeries& series, const MagnitudeSeries& mags,
                     const Ensemble& ensemble, std::size_t number, std::size_t star) {
  StarCurve curve;
  curve.id = static_cast<std::int64_t>(star) + 1;
  curve.psf = number >= series.radii_px.size();
  curve.aperture_px = curve.psf ? 0.0 : series.radii_px[number];
  curve.comparison = ensemble.weight[star] > 0.0;
  const ZeroPoints zero = zero_points_without(mags, ensemble, star);
  std::vector<double> relative_errors;
  for (std::size_t j = 0; j < series.frames.size(); ++j) {
    const std::size_t place = series.at(star, j);
    const double gain = std::pow(10.0, 0.4 * zero.value[j]);
    const double flux = series.flux[number][place] * gain;
    const double factor = ensemble.error_factor[star];
    const double formal = series.flux_err[number][place] * gain * ensemble.error_scale * factor;
    if (!std::isfinite(flux) || !std::isfinite(formal)) continue;
    const double common =
        std::hypot(factor * ensemble.noise_floor, zero.error[j]) / kMagPerRelative * flux;
    curve.frame.push_back(static_cast<std::int32_t>(j));
    curve.time.push_back(series.frames[j].mjd_mid);
    curve.flux.push_back(flux);
    curve.flux_err.push_back(std::hypot(formal, common));
    curve.x.push_back(series.x[place]);
    curve.y.push_back(series.y[place]);
    curve.flags.push_back(series.flags[place]);
  }
  curve.median_flux = median_of(curve.flux);
  curve.expected = median_of(curve.flux_err) / curve.median_flux;
  std::vector<double> deviation(curve.flux);
  for (double& d : deviation) d = std::abs(d - curve.median_flux);
  curve.scatter = 1.4826 * median_of(deviation) / curve.median_flux;
  return curve;
}

void flag_outliers(StarCurve& curve, double sigma) {
  constexpr std::size_t kHalfWidth = 5;
  const std::vector<double> smooth = running_median(curve.flux, kHalfWidth);
  std::vector<double> deviation(curve.flux.size());
  for (std::size_t i = 0; i < deviation.size(); ++i)
    deviation[i] = std::abs(curve.flux[i] - smooth[i]);
  const double scatter = 1.4826 * median_of(deviation);
  for (std::size_t i = 0; i < deviation.size(); ++i) {
    if (deviation[i] > sigma * std::max(scatter, curve.flux_err[i]))
      curve.flags[i] |= point_flags::outlier;
  }
}

}  // namespace polis
