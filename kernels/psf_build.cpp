#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/moffat.h"
#include "kernels/parallel.h"
#include "kernels/psf.h"
#include "kernels/psf_detail.h"
#include "kernels/psf_shape.h"
#include "kernels/psf_star.h"

namespace polis {
namespace {

constexpr int largest_radius_px = 60;
constexpr std::size_t stars_for_detail = 5;

/// Enough samples that a cubic spline follows the profile to a few parts in ten thousand.
int oversampling_for(double fwhm_px) {
  return std::clamp(static_cast<int>(std::ceil(6.5 / std::max(fwhm_px, 0.5))), 1, 4);
}

int radius_for(double fwhm_px, double radius_fwhm) {
  return std::clamp(static_cast<int>(std::ceil(radius_fwhm * fwhm_px)), 4, largest_radius_px);
}

/// Degree of the shape's variation: three numbers per term, of which each bright star gives three.
int order_for(std::size_t stars, int max_order) {
  return std::clamp(max_order, 0, stars < 8 ? 0 : stars < 20 ? 1 : 2);
}

/// Degree for what the shape leaves: every sample is free, so it takes many more stars.
int detail_order_for(std::size_t stars, int max_order) {
  return std::clamp(max_order, 0, stars < 50 ? 0 : stars < 200 ? 1 : 2);
}

Plane<float> to_float(const Plane<double>& plane) {
  Plane<float> out(plane.width(), plane.height());
  std::transform(plane.data(), plane.data() + plane.size(), out.data(),
                 [](double value) { return static_cast<float>(value); });
  return out;
}

PsfModel empty_model(double fwhm_px, int radius, std::ptrdiff_t width, std::ptrdiff_t height) {
  PsfModel model;
  model.size = 2 * radius + 1;
  model.oversampling = oversampling_for(fwhm_px);
  model.fwhm_px = fwhm_px;
  model.x_centre = 0.5 * static_cast<double>(width - 1);
  model.y_centre = 0.5 * static_cast<double>(height - 1);
  model.x_scale = std::max(1.0, 0.5 * static_cast<double>(width));
  model.y_scale = std::max(1.0, 0.5 * static_cast<double>(height));
  return model;
}

/// Width at half maximum of the first term: from the area above half of the peak.
double measured_fwhm(const PsfModel& model) {
  const Plane<float>& plane = model.terms.front();
  const std::ptrdiff_t middle = plane.width() / 2;
  const float half = 0.5F * plane(middle, middle);
  double area = 0.0;
  for (std::ptrdiff_t y = 0; y < plane.height(); ++y)
    for (std::ptrdiff_t x = 1; x < plane.width(); ++x) {
      const float a = plane(x - 1, y), b = plane(x, y);
      if (a >= half && b >= half)
        area += 1.0;
      else if (a != b && (a >= half) != (b >= half))
        area += static_cast<double>((std::max(a, b) - half) / std::abs(b - a));
    }
  return 2.0 * std::sqrt(area / std::numbers::pi) / model.oversampling;
}

/// Light of the first term inside the stamp of a star on a pixel's centre.
double light_inside(const PsfModel& model) {
  const Plane<float>& plane = model.terms.front();
  double sum = 0.0;
  for (std::ptrdiff_t y = model.oversampling; y + model.oversampling < plane.height();
       y += model.oversampling)
    for (std::ptrdiff_t x = model.oversampling; x + model.oversampling < plane.width();
         x += model.oversampling)
      sum += static_cast<double>(plane(x, y));
  return sum;
}

void finish(PsfModel& model, std::size_t stars) {
  model.fwhm_px = measured_fwhm(model);
  model.enclosed = light_inside(model);
  model.stars = static_cast<int>(stars);
}

/// Fits every star with the model of its place.
void refit_stars(std::vector<PsfStarStamp>& stars, const PsfModel& model, double model_error,
                 double variance_per_signal, int iterations) {
  const PsfBrush brush(model);
  parallel_bands(static_cast<std::ptrdiff_t>(stars.size()), 8, [&](auto first, auto last) {
    PsfPencil pencil(brush);
    PsfStarScratch scratch;
    for (auto k = static_cast<std::size_t>(first); k < static_cast<std::size_t>(last); ++k) {
      if (!stars[k].good) continue;
      pencil.place(stars[k].x(), stars[k].y(), brush.radius());
      fit_psf_star(stars[k], pencil, model_error, variance_per_signal, iterations, scratch);
    }
  });
}

std::size_t count_good(const std::vector<PsfStarStamp>& stars) {
  return static_cast<std::size_t>(
      std::count_if(stars.begin(), stars.end(), [](const auto& star) { return star.good; }));
}

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Drops stars whose fit is much worse than that of most: doubles, galaxies, hidden defects.
void drop_misfits(std::vector<PsfStarStamp>& stars) {
  std::vector<double> chi2;
  for (const PsfStarStamp& star : stars)
    if (star.good) chi2.push_back(star.chi2);
  if (chi2.size() < 3) return;
  const double middle = median_of(chi2);
  for (double& value : chi2) value = std::abs(value - middle);
  const double limit = std::max(middle + 5.0 * 1.4826 * median_of(chi2), 1.5 * middle);
  for (PsfStarStamp& star : stars) star.good = star.good && star.chi2 <= limit;
}

std::vector<PsfStarStamp> cut_stars(View<const float> image, View<const float> variance,
                                    View<const MaskPixel> mask, std::vector<PsfStar> stars,
                                    std::size_t most, int radius) {
  std::stable_sort(stars.begin(), stars.end(),
                   [](const PsfStar& a, const PsfStar& b) { return a.flux > b.flux; });
  if (stars.size() > most) stars.resize(most);
  std::vector<PsfStarStamp> stamps;
  for (const PsfStar& star : stars)
    if (std::isfinite(star.x) && std::isfinite(star.y) && star.flux > 0.0 &&
        image.contains(std::lround(star.x), std::lround(star.y)))
      stamps.push_back(cut_psf_star(image, variance, mask, star, radius));
  return stamps;
}

}  // namespace

PsfModel gaussian_psf(double fwhm_px, double radius_fwhm, std::ptrdiff_t width,
                      std::ptrdiff_t height) {
  const double fwhm = std::clamp(std::isfinite(fwhm_px) ? fwhm_px : 3.0, 0.5, 100.0);
  PsfModel model = empty_model(fwhm, radius_for(fwhm, radius_fwhm), width, height);
  model.terms.push_back(to_float(gaussian_samples(fwhm, model.size, model.oversampling)));
  finish(model, 0);
  return model;
}

PsfModel build_psf(View<const float> image, View<const float> variance, View<const MaskPixel> mask,
                   std::vector<PsfStar> stars, const PsfBuildSettings& settings) {
  const double fwhm = std::clamp(settings.fwhm_px, 1.0, 100.0);
  const int radius = radius_for(fwhm, settings.radius_fwhm);
  std::vector<PsfStarStamp> stamps =
      cut_stars(image, variance, mask, std::move(stars),
                static_cast<std::size_t>(std::max(settings.max_stars, 0)), radius);
  const double slope = settings.variance_per_signal;
  const PsfModel geometry = empty_model(fwhm, radius, image.width, image.height);
  const int order = order_for(stamps.size(), settings.max_order);
  const PsfModel profile = model_of(
      fit_moffat_field(stamps, MoffatShape::of_fwhm(fwhm), geometry, order, slope), geometry);
  refit_stars(stamps, profile, 0.05, slope, 3);
  drop_misfits(stamps);
  const std::size_t good = count_good(stamps);
  if (good == 0) return gaussian_psf(fwhm, settings.radius_fwhm, image.width, image.height);
  PsfModel model = profile;
  std::vector<float> solution;
  for (int k = 0; k < settings.iterations && good >= stars_for_detail; ++k) {
    PsfModel next = profile;
    PsfDetailSettings detail;
    detail.order = detail_order_for(good, settings.max_order);
    detail.radius_px = 0.75 * radius;
    detail.smooth_px = 0.25 * fwhm;
    if (k + 1 < settings.iterations) detail.iterations = 10;  // the next call goes on from there
    fit_psf_detail(next, stamps, detail, solution);
    model = std::move(next);
    refit_stars(stamps, model, 0.01, slope, 2);
    drop_misfits(stamps);
  }
  finish(model, count_good(stamps));
  return model;
}

}  // namespace polis
