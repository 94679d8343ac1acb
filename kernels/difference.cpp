#include "kernels/difference.h"

#include <algorithm>
#include <cmath>

#include "kernels/difference_basis.h"
#include "kernels/difference_fit.h"
#include "kernels/difference_psf.h"
#include "kernels/difference_score.h"
#include "kernels/difference_sky.h"
#include "kernels/difference_stars.h"
#include "kernels/difference_subtract.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

constexpr double kSigmaOfFwhm = 0.42466090014;

bool same_shape(const DifferenceFrame& a, const DifferenceFrame& b) {
  const auto as_science = [&](auto view) {
    return view.width == a.pixels.width && view.height == a.pixels.height;
  };
  return !a.pixels.empty() && as_science(b.pixels) && as_science(a.variance) &&
         as_science(b.variance) && (a.mask.empty() || as_science(a.mask)) &&
         (b.mask.empty() || as_science(b.mask));
}

/// What is known before the kernel is fitted.
struct Prepared {
  StarChoice choice;
  double fwhm_science = 0.0, fwhm_reference = 0.0;
  bool convolve_reference = true;
};

Prepared prepare(const DifferenceFrame& science, const DifferenceFrame& reference,
                 const DifferenceSettings& settings) {
  Prepared found;
  found.choice = choose_match_stars(science, reference, settings);
  found.fwhm_science = measure_seeing(science, found.choice.science.sky, found.choice.stars);
  found.fwhm_reference = measure_seeing(reference, found.choice.reference.sky, found.choice.stars);
  found.convolve_reference = settings.convolve == Convolve::automatic
                                 ? found.fwhm_reference <= found.fwhm_science
                                 : settings.convolve == Convolve::reference;
  return found;
}

/// Variance that the convolution leaves of the sharp frame's, for a Gaussian kernel between the two
/// seeings.
double kernel_noise_share(double fwhm_sharp, double fwhm_broad) {
  const double between = fwhm_broad * fwhm_broad - fwhm_sharp * fwhm_sharp;
  const double sigma = std::max(0.5, kSigmaOfFwhm * std::sqrt(std::max(0.0, between)));
  return std::min(1.0, 1.0 / (4.0 * 3.14159265358979323846 * sigma * sigma));
}

void scale(View<float> image, float factor) {
  parallel_bands(image.height, 128, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::ptrdiff_t y = first; y < last; ++y) {
      float* row = image.row(y);
      for (std::ptrdiff_t x = 0; x < image.width; ++x) row[x] *= factor;
    }
  });
}

/// Subtracts with a fitted kernel and fills the planes of `result`.
void make_planes(const SubtractPlan& plan, const MatchScatter& scatter, View<const float> psf,
                 const FrameLevels& sharp, const FrameLevels& broad,
                 const DifferenceSettings& settings, Difference& result) {
  const std::ptrdiff_t width = plan.sharp.pixels.width;
  const std::ptrdiff_t height = plan.sharp.pixels.height;
  const std::ptrdiff_t half_width = (width + 1) / 2;
  const std::ptrdiff_t half_height = (height + 1) / 2;
  result.difference = Plane<float>(width, height);
  result.variance = Plane<float>(width, height);
  result.mask = Plane<MaskPixel>(width, height);
  result.score = Plane<float>(width, height);
  Plane<float> broad_half(half_width, half_height);
  Plane<float> sharp_half(half_width, half_height);
  Plane<float> model_half(half_width, half_height);
  // The plane of the score holds the difference until it is decorrelated.
  subtract_convolved(plan, {result.score.view(), result.variance.view(), result.mask.view(),
                            broad_half.view(), sharp_half.view(), model_half.view()});
  const ScoreInput input{result.score.view(),
                         result.mask.view(),
                         broad_half.view(),
                         sharp_half.view(),
                         model_half.view(),
                         plan.kernel,
                         psf,
                         sharp.variance,
                         broad.variance,
                         scatter};
  const ScoreFilterGrid filters(input);
  decorrelate_difference(input, filters, result.difference.view(), result.variance.view());
  score_difference(input, filters, result.difference.view(), result.score.view());
  result.quality.noise_scale = score_noise(input, result.score.view());
  if (settings.noise_from_image) {
    scale(result.score.view(), static_cast<float>(1.0 / result.quality.noise_scale));
  }
}

}  // namespace

Difference subtract_frames(const DifferenceFrame& science, const DifferenceFrame& reference,
                           const DifferenceSettings& settings) {
  Difference result;
  if (!same_shape(science, reference) || settings.kernel_radius_px < 1) return result;
  const Prepared found = prepare(science, reference, settings);
  DifferenceQuality& quality = result.quality;
  quality.stars_found = static_cast<int>(found.choice.stars.size());
  quality.fwhm_science_px = found.fwhm_science;
  quality.fwhm_reference_px = found.fwhm_reference;
  result.convolved_reference = found.convolve_reference;
  if (!(found.fwhm_science > 0.0) || !(found.fwhm_reference > 0.0)) return result;

  const bool direct = found.convolve_reference;
  const DifferenceFrame& sharp = direct ? reference : science;
  const DifferenceFrame& broad = direct ? science : reference;
  const FrameLevels& sharp_levels = direct ? found.choice.reference : found.choice.science;
  const FrameLevels& broad_levels = direct ? found.choice.science : found.choice.reference;
  const double fwhm_sharp = direct ? found.fwhm_reference : found.fwhm_science;
  const double fwhm_broad = direct ? found.fwhm_science : found.fwhm_reference;
  const MatchPair pair{sharp,
                       broad,
                       sharp_levels.sky,
                       broad_levels.sky,
                       kernel_noise_share(fwhm_sharp, fwhm_broad),
                       settings.model_error,
                       settings.kernel_radius_px};
  const KernelBasis basis = make_kernel_basis(fwhm_sharp, fwhm_broad, settings.kernel_radius_px);
  KernelFit fit = fit_matching_kernel(pair, found.choice.stars, basis, settings);
  if (fit.kernel.empty()) return result;
  const MatchScatter scatter = measure_match_scatter(pair, found.choice.stars, fit);
  result.kernel = std::move(fit.kernel);
  const double x = result.kernel.shape.x_centre;
  const double y = result.kernel.shape.y_centre;
  const double sum = result.kernel.sum(x, y);
  quality.stars_used = fit.stars_used;
  quality.star_chi2 = fit.chi2;
  quality.registration_error_px = scatter.registration_px;
  quality.light_error = scatter.light;
  quality.flux_ratio = direct ? sum : 1.0 / sum;
  const SubtractPlan plan{sharp, broad, result.kernel, direct,
                          result.kernel.reach(x, y, settings.reach_fraction)};
  refine_sky(plan, settings.background_order, result.kernel);
  const Plane<float> psf = stack_stars(broad, broad_levels.sky, found.choice.stars, fwhm_broad, 8);
  make_planes(plan, scatter, psf.view(), sharp_levels, broad_levels, settings, result);
  return result;
}

}  // namespace polis
