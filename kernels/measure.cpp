#include "kernels/measure.h"

#include <algorithm>
#include <cmath>

#include "kernels/apertures.h"
#include "kernels/isophote.h"
#include "kernels/parallel.h"
#include "kernels/source_flags.h"
#include "kernels/source_stamp.h"
#include "kernels/windowed_centroid.h"

namespace polis {
namespace {

constexpr double fwhm_per_sigma = 2.354820045030949;
constexpr double kron_reach = 6.0;  // the Kron radius is measured out to 6 a (Bertin & Arnouts)
constexpr double min_window_sigma_px = 0.5;
constexpr double pixel_sigma = 0.289;  // of a place known to a pixel: 1 / sqrt(12)
constexpr double peak_reach = 0.5;     // a centroid this many FWHM from the peak belongs to a blend
constexpr double neighbour_part = 0.1;  // of the aperture: from here on a neighbour is said to bias

/// Measures one source after the other; keeps its stamp's memory.
class SourceMeter {
 public:
  SourceMeter(const MeasuredPixels& image, const Detections& detections,
              const MeasureSettings& settings)
      : image_(image), detections_(detections), settings_(settings) {
    apertures_ = std::min(max_apertures, settings.aperture_radii_px.size());
    for (std::size_t k = 0; k < apertures_; ++k) {
      widest_ = std::max(widest_, settings.aperture_radii_px[k]);
    }
  }

  SourceMeasurement measure(std::size_t index) {
    const Detection& source = detections_.sources[index];
    if (index + 1 < detections_.sources.size()) prefetch(detections_.sources[index + 1]);
    label_ = static_cast<std::int32_t>(index) + 1;
    SourceMeasurement result;
    result.pixels = source.pixels;
    result.flags = source.flags;
    result.snr = source.snr;
    measure_shape(source, result);
    cut(kron_reach * static_cast<double>(result.a), result);
    measure_auto(result);
    measure_half_light(result);
    measure_centroid(source, result);
    measure_apertures(result);
    finish(result);
    return result;
  }

 private:
  /// Asks for the pixels of the next source while this one is worked on: its rows lie far apart in
  /// memory.
  void prefetch(const Detection& next) const {
    constexpr std::int32_t reach = 12;
    constexpr std::int32_t line = 16;  // pixels
    const auto width = static_cast<std::int32_t>(detections_.labels.width());
    const std::int32_t last_y =
        std::min(next.peak_y + reach, static_cast<std::int32_t>(detections_.labels.height()) - 1);
    const std::int32_t last_x = std::min(next.peak_x + reach, width - 1);
    for (std::int32_t y = std::max(0, next.peak_y - reach); y <= last_y; ++y) {
      for (std::int32_t x = std::max(0, next.peak_x - reach); x <= last_x; x += line) {
        __builtin_prefetch(detections_.labels.view().row(y) + x);
        __builtin_prefetch(image_.residual.row(y) + x);
        if (!image_.variance.empty()) __builtin_prefetch(image_.variance.row(y) + x);
        if (!image_.mask.empty()) __builtin_prefetch(image_.mask.row(y) + x);
      }
    }
  }

  void measure_shape(const Detection& source, SourceMeasurement& result) {
    const Isophote isophote = measure_isophote(image_, detections_.labels.view(), source, label_);
    result.flux_iso = isophote.flux;
    result.flux_iso_err = std::sqrt(isophote.variance);
    result.peak = isophote.peak;
    result.x_iso = isophote.x;
    result.y_iso = isophote.y;
    result.xx = static_cast<float>(isophote.xx);
    result.yy = static_cast<float>(isophote.yy);
    result.xy = static_cast<float>(isophote.xy);
    if ((isophote.mask & (mask_bits::saturated | mask_bits::bleed)) != 0) {
      result.flags |= source_flags::saturated;
    }
    if (isophote.left_out > 0) result.flags |= source_flags::incomplete;
    const MomentEllipse ellipse = ellipse_of(isophote.xx, isophote.yy, isophote.xy);
    result.a = static_cast<float>(ellipse.a);
    result.b = static_cast<float>(ellipse.b);
    result.theta_deg = static_cast<float>(ellipse.theta_deg);
    const double determinant = isophote.xx * isophote.yy - isophote.xy * isophote.xy;
    shape_ = {isophote.yy / determinant, isophote.xx / determinant,
              -2.0 * isophote.xy / determinant};
  }

  /// Makes sure that the stamp reaches `reach` pixels from the isophotal centre.
  void cut(double reach, SourceMeasurement& result) {
    const double needed = std::max({reach, widest_ + 1.0, 2.0 * settings_.psf_fwhm_px}) + 2.0;
    if (needed > settings_.max_stamp_radius_px) result.flags |= source_flags::too_large;
    const auto radius = static_cast<std::int32_t>(
        std::ceil(std::min(needed, static_cast<double>(settings_.max_stamp_radius_px))));
    cut_stamp(image_, detections_.labels.view(), label_, result.x_iso, result.y_iso, radius,
              stamp_);
    x_ = result.x_iso - stamp_.x0;
    y_ = result.y_iso - stamp_.y0;
    reach_ = radius;
  }

  void measure_auto(SourceMeasurement& result) {
    const double kron = first_moment(stamp_, x_, y_, shape_, kron_reach);
    const double a = static_cast<double>(result.a);
    result.kron_radius = static_cast<float>(kron * a);
    auto_radius_ = std::max(settings_.kron_factor * kron, settings_.kron_min_radius);
    if (auto_radius_ * a + 1.0 > reach_) cut(auto_radius_ * a, result);
    const ApertureSum sum = ellipse_sum(stamp_, x_, y_, shape_, auto_radius_);
    result.flux_auto = sum.flux;
    result.flux_auto_err = std::sqrt(std::max(0.0, sum.variance));
  }

  void measure_half_light(SourceMeasurement& result) {
    const double largest = std::min(reach_ - 1.0, auto_radius_ * static_cast<double>(result.a));
    result.half_light_radius = static_cast<float>(radius_holding(
        stamp_, x_, y_, 0.5 * result.flux_auto, 0.6 * settings_.psf_fwhm_px, largest));
  }

  /// The window is as wide as the source: a star's has the width of the PSF. From a wide window the
  /// centroid of merged stars slides down between them, where none is: what ends up away from the
  /// source's peak is measured again in a window of the PSF's width, which ends on the peak.
  void measure_centroid(const Detection& source, SourceMeasurement& result) {
    const double from_light = 2.0 * static_cast<double>(result.half_light_radius) / fwhm_per_sigma;
    const double psf = std::max(min_window_sigma_px, settings_.psf_fwhm_px / fwhm_per_sigma);
    const double sigma = std::clamp(from_light, psf, std::max(psf, reach_ / 4.0));
    const double peak_x = source.peak_x - stamp_.x0;
    const double peak_y = source.peak_y - stamp_.y0;
    const double farthest = peak_reach * settings_.psf_fwhm_px;
    const auto on_peak = [&](const WindowedCentroid& centre) {
      return centre.converged && std::hypot(centre.x - peak_x, centre.y - peak_y) <= farthest;
    };
    WindowedCentroid centre = windowed_centroid(stamp_, x_, y_, sigma);
    if (!on_peak(centre)) centre = windowed_centroid(stamp_, peak_x, peak_y, psf);
    const bool found = on_peak(centre);
    result.x = stamp_.x0 + (found ? centre.x : peak_x);
    result.y = stamp_.y0 + (found ? centre.y : peak_y);
    const double fallback =
        std::hypot(pixel_sigma, psf / std::max(1.0, static_cast<double>(result.snr)));
    result.x_err = static_cast<float>(found ? centre.x_err : fallback);
    result.y_err = static_cast<float>(found ? centre.y_err : fallback);
    result.fwhm = static_cast<float>(found && centre.sigma_px > 0.0
                                         ? fwhm_per_sigma * centre.sigma_px
                                         : 2.0 * static_cast<double>(result.half_light_radius));
  }

  void measure_apertures(SourceMeasurement& result) {
    for (std::size_t k = 0; k < apertures_; ++k) {
      const ApertureSum sum = circle_sum(stamp_, result.x - stamp_.x0, result.y - stamp_.y0,
                                         settings_.aperture_radii_px[k]);
      result.flux_aper[k] = sum.flux;
      result.flux_aper_err[k] = std::sqrt(std::max(0.0, sum.variance));
    }
  }

  void finish(SourceMeasurement& result) {
    const double radius = std::max(
        apertures_ > 0 ? settings_.aperture_radii_px[0] : 0.0,
        std::min(static_cast<double>(reach_), auto_radius_ * static_cast<double>(result.a)));
    if (stamp_.any_state != SourceStamp::usable) flag_aperture(radius, result);
    if (!image_.mask.empty()) collect_mask(result);
    if (image_.background != nullptr) {
      result.background = background_level_at(*image_.background, result.x, result.y);
    }
  }

  /// Says what share of the wider of aperture and Kron ellipse had to be replaced, as a circle.
  void flag_aperture(double radius, SourceMeasurement& result) const {
    std::int32_t all = 0;
    std::int32_t of_neighbours = 0;
    std::int32_t missing = 0;
    for (std::int32_t j = 0; j < stamp_.height; ++j) {
      const double dy = j - y_;
      const double half = radius * radius - dy * dy;
      if (half < 0.0) continue;
      const double chord = std::sqrt(half);
      const auto first = std::max(0, static_cast<std::int32_t>(std::ceil(x_ - chord)));
      const auto last =
          std::min(stamp_.width - 1, static_cast<std::int32_t>(std::floor(x_ + chord)));
      for (std::int32_t i = first; i <= last; ++i) {
        const std::int32_t state = stamp_.state[stamp_.row(j) + static_cast<std::size_t>(i)];
        ++all;
        of_neighbours += (state & SourceStamp::of_neighbour) != 0 ? 1 : 0;
        missing += (state & (SourceStamp::masked | SourceStamp::outside)) != 0 ? 1 : 0;
      }
    }
    if (of_neighbours > neighbour_part * all) result.flags |= source_flags::neighbour;
    if (missing > 0) result.flags |= source_flags::incomplete;
    result.missing_part = static_cast<float>(missing) / static_cast<float>(std::max(1, all));
  }

  void collect_mask(SourceMeasurement& result) const {
    const double radius = settings_.psf_fwhm_px;
    MaskPixel bits = 0;
    const auto first_y = std::max<std::ptrdiff_t>(0, std::lround(std::ceil(result.y - radius)));
    const auto last_y = std::min<std::ptrdiff_t>(image_.mask.height - 1,
                                                 std::lround(std::floor(result.y + radius)));
    for (std::ptrdiff_t y = first_y; y <= last_y; ++y) {
      const double dy = static_cast<double>(y) - result.y;
      const double chord = std::sqrt(std::max(0.0, radius * radius - dy * dy));
      const auto first_x = std::max<std::ptrdiff_t>(0, std::lround(std::ceil(result.x - chord)));
      const auto last_x = std::min<std::ptrdiff_t>(image_.mask.width - 1,
                                                   std::lround(std::floor(result.x + chord)));
      const MaskPixel* row = image_.mask.row(y);
      for (std::ptrdiff_t x = first_x; x <= last_x; ++x) bits |= row[x];
    }
    result.mask_bits = static_cast<std::int32_t>(bits);
  }

  const MeasuredPixels& image_;
  const Detections& detections_;
  const MeasureSettings& settings_;
  std::size_t apertures_ = 0;
  double widest_ = 0.0;
  std::int32_t label_ = 0;
  SourceStamp stamp_;
  EllipseShape shape_;
  double x_ = 0.0, y_ = 0.0;  // isophotal centre in the stamp
  double reach_ = 0.0;        // radius of the stamp
  double auto_radius_ = 0.0;  // in units of the ellipse's axes
};

}  // namespace

std::vector<SourceMeasurement> measure_sources(const MeasuredPixels& image,
                                               const Detections& detections,
                                               const MeasureSettings& settings) {
  std::vector<SourceMeasurement> results(detections.sources.size());
  constexpr std::ptrdiff_t sources_at_once = 64;
  parallel_bands(static_cast<std::ptrdiff_t>(results.size()), sources_at_once,
                 [&](std::ptrdiff_t first, std::ptrdiff_t last) {
                   SourceMeter meter(image, detections, settings);
                   for (std::ptrdiff_t i = first; i < last; ++i) {
                     const auto index = static_cast<std::size_t>(i);
                     results[index] = meter.measure(index);
                   }
                 });
  return results;
}

}  // namespace polis
