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
constexpr double kSaturatedReach = 0.05;  // of the usual fraction of the kernel that may be beyond
constexpr std::ptrdiff_t kPsfRadius = 8;  // [px]

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
  parallel_for(2, [&](std::ptrdiff_t which) {
    const StarChoice& choice = found.choice;
    if (which == 0) {
      found.fwhm_science = measure_seeing(science, choice.science.sky, choice.stars);
    } else {
      found.fwhm_reference = measure_seeing(reference, choice.reference.sky, choice.stars);
    }
  });
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

/// Makes a plane of this size, in the same memory if it has it already.
template <class T>
void size_plane(Plane<T>& plane, std::ptrdiff_t width, std::ptrdiff_t height) {
  if (plane.width() != width || plane.height() != height) plane = Plane<T>(width, height);
}

/// Which frame is convolved, and what is known of either.
struct Roles {
  const DifferenceFrame& sharp;
  const DifferenceFrame& broad;
  const FrameLevels& sharp_levels;
  const FrameLevels& broad_levels;
  double fwhm_sharp, fwhm_broad;
};

Roles cast(const DifferenceFrame& science, const DifferenceFrame& reference,
           const Prepared& found) {
  const StarChoice& choice = found.choice;
  if (found.convolve_reference) {
    return {reference,         science, choice.reference, choice.science, found.fwhm_reference,
            found.fwhm_science};
  }
  return {science,          reference,          choice.science,
          choice.reference, found.fwhm_science, found.fwhm_reference};
}

void describe(const Prepared& found, DifferenceQuality& quality) {
  quality.stars_found = static_cast<int>(found.choice.stars.size());
  quality.fwhm_science_px = found.fwhm_science;
  quality.fwhm_reference_px = found.fwhm_reference;
}

}  // namespace

const Difference& FrameSubtractor::subtract(const DifferenceFrame& science,
                                            const DifferenceFrame& reference) {
  Difference old = std::exchange(result_, Difference{});
  if (!same_shape(science, reference) || settings_.kernel_radius_px < 1) return result_;
  const Prepared found = prepare(science, reference, settings_);
  DifferenceQuality& quality = result_.quality;
  describe(found, quality);
  result_.convolved_reference = found.convolve_reference;
  if (!(found.fwhm_science > 0.0) || !(found.fwhm_reference > 0.0)) return result_;
  const Roles roles = cast(science, reference, found);
  const std::vector<MatchStar>& stars = found.choice.stars;
  const MatchPair pair{roles.sharp,
                       roles.broad,
                       roles.sharp_levels.sky,
                       roles.broad_levels.sky,
                       kernel_noise_share(roles.fwhm_sharp, roles.fwhm_broad),
                       settings_.model_error,
                       settings_.kernel_radius_px};
  const std::vector<MatchWindow> windows = cut_match_windows(pair, stars);
  const KernelFit fit = fit_matching_kernel(
      pair, stars, windows,
      make_kernel_basis(roles.fwhm_sharp, roles.fwhm_broad, settings_.kernel_radius_px), settings_);
  if (fit.kernel.empty()) return result_;
  const MatchScatter scatter = measure_match_scatter(pair, stars, windows, fit);
  result_.kernel = fit.kernel;
  const double x = result_.kernel.shape.x_centre;
  const double y = result_.kernel.shape.y_centre;
  const double sum = result_.kernel.sum(x, y);
  quality.stars_used = fit.stars_used;
  quality.star_chi2 = fit.chi2;
  quality.registration_error_px = scatter.registration_px;
  quality.light_error = scatter.light;
  quality.flux_ratio = found.convolve_reference ? sum : 1.0 / sum;
  const SubtractPlan plan{roles.sharp,
                          roles.broad,
                          result_.kernel,
                          found.convolve_reference,
                          {result_.kernel.reach(x, y, settings_.reach_fraction),
                           result_.kernel.reach(x, y, kSaturatedReach * settings_.reach_fraction)}};
  refine_sky(plan, settings_.background_order, result_.kernel);

  const std::ptrdiff_t width = science.pixels.width;
  const std::ptrdiff_t height = science.pixels.height;
  std::swap(result_.difference, old.difference);
  std::swap(result_.variance, old.variance);
  std::swap(result_.mask, old.mask);
  std::swap(result_.score, old.score);
  size_plane(result_.difference, width, height);
  size_plane(result_.variance, width, height);
  size_plane(result_.mask, width, height);
  size_plane(result_.score, width, height);
  for (Plane<float>* half : {&broad_variance_half_, &sharp_variance_half_, &model_half_}) {
    size_plane(*half, (width + 1) / 2, (height + 1) / 2);
  }
  // The plane of the score holds the difference until it is decorrelated.
  subtract_convolved(
      plan, {result_.score.view(), result_.variance.view(), result_.mask.view(),
             broad_variance_half_.view(), sharp_variance_half_.view(), model_half_.view()});
  const Plane<float> psf =
      stack_stars(roles.broad, roles.broad_levels.sky, stars, roles.fwhm_broad, kPsfRadius);
  const ScoreInput input{result_.score.view(),
                         result_.mask.view(),
                         broad_variance_half_.view(),
                         sharp_variance_half_.view(),
                         model_half_.view(),
                         result_.kernel,
                         psf.view(),
                         roles.sharp_levels.variance,
                         roles.broad_levels.variance,
                         scatter,
                         fit};
  const ScoreFilterGrid filters(input);
  decorrelate_difference(input, filters, result_.difference.view(), result_.variance.view());
  score_difference(input, filters, result_.difference.view(), result_.score.view());
  quality.noise_scale = score_noise(input, result_.score.view());
  if (settings_.noise_from_image) {
    scale(result_.score.view(), static_cast<float>(1.0 / quality.noise_scale));
  }
  return result_;
}

Difference subtract_frames(const DifferenceFrame& science, const DifferenceFrame& reference,
                           const DifferenceSettings& settings) {
  FrameSubtractor subtractor(settings);
  subtractor.subtract(science, reference);
  return subtractor.take();
}

}  // namespace polis
