#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "kernels/star_fitter.h"

namespace polis {
namespace {

constexpr std::size_t most_neighbours = 4;

/// Width, relative to the PSF's variance, at which a source counts as half a star, and how well the
/// PSF is known.
constexpr double half_star_widening = 0.12;
constexpr double psf_uncertainty = 0.03;

/// Unknowns that are not fitted get a row of the identity.
void hold(Eigen::MatrixXd& normal, Eigen::Index k) {
  normal.row(k).setZero();
  normal.col(k).setZero();
  normal(k, k) = 1.0;
}

Eigen::Matrix3d fisher_of(const StarState& star) {
  Eigen::Matrix3d f;
  f << star.fisher[0], star.fisher[1], star.fisher[2], star.fisher[1], star.fisher[3],
      star.fisher[4], star.fisher[2], star.fisher[4], star.fisher[5];
  return f;
}

}  // namespace

std::uint32_t StarFitter::flags_of(const StarState& star) const {
  std::uint32_t flags = 0;
  const int reach = std::max(1, static_cast<int>(std::lround(brush_.fwhm_px())));
  const int cx = star.cx(), cy = star.cy();
  for (int y = cy - reach; y <= cy + reach; ++y)
    for (int x = cx - reach; x <= cx + reach; ++x) {
      if (!planes_.residual.contains(x, y)) {
        flags |= star_fit_flags::edge;
        continue;
      }
      const MaskPixel mask = planes_.mask.empty() ? 0 : planes_.mask(x, y);
      if ((mask & mask_bits::unusable) != 0) flags |= star_fit_flags::masked;
      if ((mask & (mask_bits::saturated | mask_bits::bleed)) != 0)
        flags |= star_fit_flags::saturated;
    }
  return flags;
}

void StarFitter::set_errors(std::size_t k, StarFit& out, StarScratch& scratch) const {
  const StarState& star = stars_[k];
  const StarWindow& window = scratch.window;
  const std::ptrdiff_t n = window.pixels();
  auto near = neighbours_.of(k);
  if (near.size() > most_neighbours) near = near.first(most_neighbours);
  const auto unknowns = static_cast<Eigen::Index>(3 * (near.size() + 1)) + 1;
  const Eigen::Index background = unknowns - 1;
  Eigen::MatrixXf design(n, unknowns);
  for (Eigen::Index c = 0; c < 3; ++c)
    design.col(c) = window.own[static_cast<std::size_t>(c)].head(n).matrix();
  for (std::size_t j = 0; j < near.size(); ++j) {
    const StarState& other = stars_[static_cast<std::size_t>(near[j])];
    scratch.pencil.draw(other.x - other.cx(), other.y - other.cy(), true, scratch.other);
    window.spread(scratch.other, other.cx() - star.cx(), other.cy() - star.cy(),
                  static_cast<float>(other.flux), true, scratch.columns);
    for (Eigen::Index c = 0; c < 3; ++c)
      design.col(static_cast<Eigen::Index>(3 * j + 3) + c) =
          scratch.columns[static_cast<std::size_t>(c)].head(n).matrix();
  }
  design.col(background).setOnes();
  const Eigen::MatrixXf weighted = design.array().colwise() * window.weight.head(n);
  Eigen::MatrixXd normal = (design.transpose() * weighted).cast<double>();
  // A neighbour is held by all of its own pixels, also by those outside this window.
  for (std::size_t j = 0; j < near.size(); ++j) {
    const StarState& other = stars_[static_cast<std::size_t>(near[j])];
    const auto at = static_cast<Eigen::Index>(3 * j + 3);
    if (other.alive) normal.block<3, 3>(at, at) = fisher_of(other);
    if (!other.alive) hold(normal, at);
    if (!other.alive || !other.moves) {
      hold(normal, at + 1);
      hold(normal, at + 2);
    }
  }
  if (!star.moves) {
    hold(normal, 1);
    hold(normal, 2);
  }
  if (!settings_.fit_background) hold(normal, background);
  const Eigen::LLT<Eigen::MatrixXd> solver(normal);
  Eigen::Matrix3d covariance;
  if (solver.info() == Eigen::Success) {
    covariance = solver.solve(Eigen::MatrixXd::Identity(unknowns, 3)).topRows<3>();
  } else {
    covariance = normal.topLeftCorner<3, 3>().inverse();
    out.flags |= star_fit_flags::not_converged;
  }
  out.flux_err = std::sqrt(std::max(covariance(0, 0), 0.0));
  out.x_err = star.moves ? static_cast<float>(std::sqrt(std::max(covariance(1, 1), 0.0))) : 0.0F;
  out.y_err = star.moves ? static_cast<float>(std::sqrt(std::max(covariance(2, 2), 0.0))) : 0.0F;
  const double alone = normal(0, 0) > 0.0 ? 1.0 / std::sqrt(normal(0, 0)) : 0.0;
  if (out.flux_err > 1.02 * alone && !near.empty()) out.flags |= star_fit_flags::neighbour;
  // The flux at the best of all positions is too high by 1 / (S/N)^2 on average
  // (Portillo, Speagle & Finkbeiner 2020, AJ 159, 165).
  if (settings_.correct_bias && star.moves && out.flux > 3.0 * out.flux_err)
    out.flux *= 1.0 - std::pow(out.flux_err / out.flux, 2);
}

void StarFitter::set_shape(const StarState& star, StarFit& out, StarScratch& scratch) const {
  StarWindow& window = scratch.window;
  const Eigen::Index n = window.pixels();
  const auto w = window.weight.head(n);
  const auto r = window.residual.head(n);
  window.fill_widening(scratch.stamp);
  Eigen::Matrix<float, Eigen::Dynamic, 4> design(n, 4);
  for (Eigen::Index c = 0; c < 3; ++c)
    design.col(c) = window.own[static_cast<std::size_t>(c)].head(n).matrix();
  design.col(3) = window.widening.head(n).matrix();
  const Eigen::Matrix<float, Eigen::Dynamic, 4> weighted = design.array().colwise() * w;
  Eigen::Matrix4d normal = (design.transpose() * weighted).cast<double>();
  const Eigen::Vector4d right = (weighted.transpose() * r.matrix()).cast<double>();
  if (!(star.flux > 0.0)) return;
  const Eigen::LDLT<Eigen::Matrix4d> solver(normal);
  if (!(solver.vectorD().minCoeff() > 0.0)) return;
  const double amount = solver.solve(right)[3];
  const double error = std::sqrt(solver.solve(Eigen::Vector4d::Unit(3))[3]);
  if (!(error > 0.0)) return;
  // PSF + c * Laplacian is the PSF widened by a variance of 2 c per axis.
  const double psf_variance = std::pow(brush_.fwhm_px() / 2.3548, 2);
  const double widening = 2.0 * amount / star.flux / psf_variance;
  const double sigma = 2.0 * error / star.flux / psf_variance;
  out.widening_sigma = static_cast<float>(amount / error);
  out.star_statistic = static_cast<float>(
      0.5 * std::erfc((widening - half_star_widening) /
                      std::sqrt(2.0 * (sigma * sigma + psf_uncertainty * psf_uncertainty))));
}

void StarFitter::settle(std::size_t k, StarFit& out, StarScratch& scratch) const {
  const StarState& star = stars_[k];
  out.flags = 0;
  out.x = star.x;
  out.y = star.y;
  out.flux = star.flux;
  out.flags = flags_of(star);
  const double radius = fit_radius(star);
  const bool alone = neighbours_.of(k).empty();
  place(star, static_cast<int>(radius + (alone ? 1.0 : 1.0 + 2.5 * brush_.fwhm_px())), scratch);
  scratch.pencil.draw(star.x - star.cx(), star.y - star.cy(), true, scratch.stamp);
  scratch.window.gather(planes_, star.cx(), star.cy(), radius);
  scratch.window.spread(scratch.stamp, 0, 0, static_cast<float>(star.flux), true,
                        scratch.window.own);
  const Eigen::Index n = scratch.window.pixels();
  const auto w = scratch.window.weight.head(n);
  const auto r = scratch.window.residual.head(n);
  out.pixels = scratch.window.usable();
  if (settings_.fit_background && w.sum() > 0.0F) out.background = (w * r).sum() / w.sum();
  const int unknowns = star.held ? 1 : 3;
  out.chi2 = (w * (r - out.background).square()).sum() /
             static_cast<float>(std::max(out.pixels - unknowns, 1));
  set_shape(star, out, scratch);
  if (moved_[k] > 0.25F || (star.held && settings_.fit_positions))
    out.flags |= star_fit_flags::not_converged;
  set_errors(k, out, scratch);
}

}  // namespace polis
