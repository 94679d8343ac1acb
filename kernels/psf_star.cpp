#include "kernels/psf_star.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace polis {
namespace {

constexpr double outlier_sigma = 4.0;

std::size_t index_of(const PsfStarStamp& star, int i, int j) {
  return static_cast<std::size_t>(j * star.side() + i);
}
std::size_t index_of(const PsfStamp& stamp, int i, int j) {
  return static_cast<std::size_t>(j * stamp.stride + i);
}

/// Weights for the present model; returns the reduced chi-square.
double weigh_pixels(PsfStarStamp& star, const PsfStamp& psf, double model_error, double slope) {
  double chi2 = 0.0;
  int used = 0;
  for (int j = 0; j < star.side(); ++j)
    for (int i = 0; i < star.side(); ++i) {
      const std::size_t p = index_of(star, i, j);
      star.weight[p] = 0.0F;
      const auto noise = static_cast<double>(star.variance[p]);
      if (noise <= 0.0) continue;
      const double light = star.flux * static_cast<double>(psf.value[index_of(psf, i, j)]);
      const double residual = static_cast<double>(star.data[p]) - light - star.background;
      const double expected = std::max(noise - slope * residual, 0.3 * noise);
      const double variance = expected + model_error * model_error * light * light;
      const double pull2 = residual * residual / variance;
      const double doubt = pull2 / (outlier_sigma * outlier_sigma);
      star.weight[p] = static_cast<float>(1.0 / (variance * (1.0 + doubt * doubt)));
      chi2 += std::min(pull2, 2.0 * outlier_sigma * outlier_sigma);
      ++used;
    }
  return used > 8 ? chi2 / (used - 4) : -1.0;
}

/// One Gauss-Newton step; false when the equations cannot be solved.
bool step_star(PsfStarStamp& star, const PsfStamp& psf) {
  Eigen::Matrix4d normal = Eigen::Matrix4d::Zero();
  Eigen::Vector4d right = Eigen::Vector4d::Zero();
  for (int j = 0; j < star.side(); ++j)
    for (int i = 0; i < star.side(); ++i) {
      const std::size_t p = index_of(star, i, j);
      const auto w = static_cast<double>(star.weight[p]);
      if (w <= 0.0) continue;
      const std::size_t q = index_of(psf, i, j);
      const Eigen::Vector4d slope(psf.value[q], star.flux * static_cast<double>(psf.slope_x[q]),
                                  star.flux * static_cast<double>(psf.slope_y[q]), 1.0);
      const double residual = static_cast<double>(star.data[p]) -
                              star.flux * static_cast<double>(psf.value[q]) - star.background;
      normal.noalias() += w * slope * slope.transpose();
      right += w * residual * slope;
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

PsfStarStamp cut_psf_star(View<const float> image, View<const float> variance,
                          View<const MaskPixel> mask, const PsfStar& star, int radius) {
  PsfStarStamp out;
  out.radius = radius;
  out.x0 = static_cast<int>(std::lround(star.x));
  out.y0 = static_cast<int>(std::lround(star.y));
  out.dx = star.x - out.x0;
  out.dy = star.y - out.y0;
  out.flux = star.flux;
  const auto size = static_cast<std::size_t>(out.side() * out.side());
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
      out.data[index_of(out, i, j)] = value;
      out.variance[index_of(out, i, j)] = noise;
    }
  return out;
}

void fit_psf_star(PsfStarStamp& star, PsfPencil& pencil, double model_error,
                  double variance_per_signal, int iterations) {
  PsfStamp psf;
  for (int k = 0; k < iterations && star.good; ++k) {
    pencil.draw(star.dx, star.dy, true, psf);
    star.good =
        weigh_pixels(star, psf, model_error, variance_per_signal) >= 0.0 && step_star(star, psf);
  }
  if (!star.good) return;
  pencil.draw(star.dx, star.dy, false, psf);
  star.chi2 = weigh_pixels(star, psf, model_error, variance_per_signal);
}

}  // namespace polis
