#include "kernels/psf_star.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "kernels/pixel_sums.h"
#include "kernels/simd.h"

namespace polis {
namespace {

using simd::Float8;

constexpr double outlier_sigma = 4.0;

/// Weights for the present model; returns the reduced chi-square.
double weigh_pixels(PsfStarStamp& star, const PsfStamp& psf, double model_error, double slope) {
  const auto flux = static_cast<float>(star.flux);
  const auto background = static_cast<float>(star.background);
  const auto gain = static_cast<float>(slope);
  const auto error2 = static_cast<float>(model_error * model_error);
  constexpr auto limit2 = static_cast<float>(outlier_sigma * outlier_sigma);
  Float8 chi2{};
  simd::Int8 used{};
  for (std::size_t p = 0; p < star.data.size(); p += simd::lanes) {
    const Float8 noise = simd::load(&star.variance[p]);
    const Float8 light = flux * simd::load(&psf.value[p]);
    const Float8 residual = simd::load(&star.data[p]) - light - background;
    const Float8 expected = simd::larger(noise - gain * residual, 0.3F * noise);
    const Float8 variance = expected + error2 * light * light;
    const Float8 pull2 = residual * residual / variance;
    const Float8 doubt = pull2 * (1.0F / limit2);
    const Float8 weight = 1.0F / (variance * (1.0F + doubt * doubt));
    const simd::Int8 good = noise > 0.0F;
    simd::store(&star.weight[p], simd::keep(good, weight));
    chi2 += simd::keep(good, simd::smaller(pull2, simd::splat(2.0F * limit2)));
    used -= good;
  }
  const auto count = static_cast<double>(simd::sum(used));
  return count > 8.0 ? simd::sum(chi2) / (count - 4.0) : -1.0;
}

/// One Gauss-Newton step; false when the equations cannot be solved.
bool step_star(PsfStarStamp& star, PsfStarScratch& scratch) {
  scratch.take(star);
  const PsfStamp& psf = scratch.stamp;
  const auto sums = weighted_products<5>({psf.value.data(), psf.slope_x.data(), psf.slope_y.data(),
                                          scratch.ones.data(), scratch.residual.data()},
                                         star.weight.data(), star.data.size());
  const Eigen::Vector4d scale(1.0, star.flux, star.flux, 1.0);
  Eigen::Matrix4d normal;
  Eigen::Vector4d right;
  for (int a = 0; a < 4; ++a) {
    for (int b = 0; b < 4; ++b) normal(a, b) = scale[a] * scale[b] * sums.at(a, b);
    right[a] = scale[a] * sums.at(a, 4);
  }
  const Eigen::LDLT<Eigen::Matrix4d> solver(normal);
  if (solver.info() != Eigen::Success || !(solver.vectorD().minCoeff() > 0.0)) return false;
  const Eigen::Vector4d step = solver.solve(right);
  if (!step.allFinite()) return false;
  star.flux += step[0];
  star.dx += std::clamp(step[1], -0.5, 0.5);
  star.dy += std::clamp(step[2], -0.5, 0.5);
  star.background += step[3];
  return star.flux > 0.0 && std::abs(star.dx) <= 1.0 && std::abs(star.dy) <= 1.0;
}

}  // namespace

void PsfStarScratch::take(const PsfStarStamp& star) {
  ones.assign(star.data.size(), 1.0F);
  residual.resize(star.data.size());
  const auto flux = static_cast<float>(star.flux);
  const auto background = static_cast<float>(star.background);
  for (std::size_t p = 0; p < residual.size(); ++p)
    residual[p] = star.data[p] - flux * stamp.value[p] - background;
}

PsfStarStamp cut_psf_star(View<const float> image, View<const float> variance,
                          View<const MaskPixel> mask, const PsfStar& star, int radius) {
  PsfStarStamp out;
  out.radius = radius;
  out.x0 = static_cast<int>(std::lround(star.x));
  out.y0 = static_cast<int>(std::lround(star.y));
  out.dx = star.x - out.x0;
  out.dy = star.y - out.y0;
  out.flux = star.flux;
  const auto size = static_cast<std::size_t>(out.side() * out.stride());
  out.data.assign(size, 0.0F);
  out.variance.assign(size, 0.0F);
  out.weight.assign(size, 0.0F);
  for (int j = 0; j < out.side(); ++j)
    for (int i = 0; i < out.side(); ++i) {
      const int x = out.x0 + i - radius;
      const int y = out.y0 + j - radius;
      if (!image.contains(x, y)) continue;
      if (!mask.empty() && (mask(x, y) & mask_bits::unusable) != 0) continue;
      const float value = image(x, y);
      const float noise = variance(x, y);
      if (!std::isfinite(value) || !std::isfinite(noise) || noise <= 0.0F) continue;
      out.data[out.index(i, j)] = value;
      out.variance[out.index(i, j)] = noise;
    }
  return out;
}

void fit_psf_star(PsfStarStamp& star, PsfPencil& pencil, double model_error,
                  double variance_per_signal, int iterations, PsfStarScratch& scratch) {
  const auto weigh = [&] {
    pencil.draw(star.dx, star.dy, true, scratch.stamp);
    star.chi2 = weigh_pixels(star, scratch.stamp, model_error, variance_per_signal);
    star.good = star.chi2 >= 0.0;
  };
  for (int k = 0; k < iterations && star.good; ++k) {
    weigh();
    star.good = star.good && step_star(star, scratch);
  }
  if (star.good) weigh();
}

}  // namespace polis
