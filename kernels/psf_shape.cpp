#include "kernels/psf_shape.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <span>
#include <utility>

#include "kernels/parallel.h"
#include "kernels/pixel_sums.h"

namespace polis {
namespace {

using Matrix4 = Eigen::Matrix4d;
using Vector4 = Eigen::Vector4d;

constexpr double prior_inverse_beta = 0.3;
constexpr double prior_wings = 100.0;         // 1 / sigma^2 of 1 / beta
constexpr double prior_round = 10.0;          // 1 / sigma^2 of the ellipticities
constexpr double model_error = 0.05;          // of a first guess: no star shall rule the fit
constexpr std::size_t stars_for_centre = 64;  // the brightest of many tell the common shape

/// What one star says about the shape, its own four parameters eliminated.
struct Vote {
  Matrix4 normal = Matrix4::Zero();
  Vector4 right = Vector4::Zero();
  // To recover the star's own step: own = own_right - coupling^T * shape_step.
  Eigen::Matrix4d coupling = Matrix4::Zero();
  Vector4 own_right = Vector4::Zero();
  bool counts = false;
};

MoffatShape moved(MoffatShape shape, const Vector4& step) {
  shape.log_alpha += std::clamp(step[0], -0.3, 0.3);
  shape.e1 = std::clamp(shape.e1 + step[1], -0.6, 0.6);
  shape.e2 = std::clamp(shape.e2 + step[2], -0.6, 0.6);
  shape.inverse_beta = std::clamp(shape.inverse_beta + std::clamp(step[3], -0.1, 0.1), 0.02, 0.6);
  return shape;
}

PsfModel constant_model(Plane<float> samples, const PsfModel& geometry) {
  PsfModel model = geometry;
  model.order = 0;
  model.terms.assign(1, std::move(samples));
  return model;
}

/// The profile's derivatives by the four shape parameters, as brushes.
std::vector<PsfBrush> derivative_brushes(const MoffatShape& shape, const PsfModel& geometry) {
  std::vector<PsfBrush> brushes;
  for (Plane<float>& slope : moffat_slopes(shape, geometry.size, geometry.oversampling))
    brushes.emplace_back(constant_model(std::move(slope), geometry));
  return brushes;
}

/// Pencils of one thread: the model's, and those of its derivatives (which are taken as constant
/// over the field).
struct ShapePencils {
  PsfPencil model;
  std::vector<PsfPencil> derivatives;
  PsfStarScratch star;
  std::array<PsfStamp, 4> slopes;
  ShapePencils(const PsfBrush& brush, const std::vector<PsfBrush>& brushes) : model(brush) {
    derivatives.reserve(brushes.size());
    for (const PsfBrush& slope : brushes) {
      derivatives.emplace_back(slope);
      derivatives.back().place(0.0, 0.0, slope.radius());
    }
  }
  void draw_slopes(const PsfStarStamp& at) {
    for (std::size_t k = 0; k < slopes.size(); ++k)
      derivatives[k].draw(at.dx, at.dy, false, slopes[k]);
  }
};

/// Sums of one star over its pixels; its weights must be set, and its PSF be drawn.
Vote vote_of(const PsfStarStamp& star, ShapePencils& pencils) {
  pencils.draw_slopes(star);
  pencils.star.take(star);
  // Per pixel: the star's own four derivatives, the shape's four, and what is left.
  const PsfStamp& psf = pencils.star.stamp;
  const auto& slopes = pencils.slopes;
  const auto products = weighted_products<9>(
      {psf.value.data(), psf.slope_x.data(), psf.slope_y.data(), pencils.star.ones.data(),
       slopes[0].value.data(), slopes[1].value.data(), slopes[2].value.data(),
       slopes[3].value.data(), pencils.star.residual.data()},
      star.weight.data(), star.data.size());
  const double f = star.flux;
  const std::array<double, 9> scale{1.0, f, f, 1.0, f, f, f, f, 1.0};
  Eigen::Matrix<double, 9, 9> sums;
  for (int a = 0; a < 9; ++a)
    for (int b = 0; b < 9; ++b)
      sums(a, b) = scale[static_cast<std::size_t>(a)] * scale[static_cast<std::size_t>(b)] *
                   products.at(a, b);
  const Matrix4 own = sums.topLeftCorner<4, 4>();
  const Matrix4 mixed = sums.block<4, 4>(4, 0);
  const Vector4 own_sum = sums.block<4, 1>(0, 8);
  Vote vote;
  vote.normal = sums.block<4, 4>(4, 4);
  vote.right = sums.block<4, 1>(4, 8);
  const Eigen::LDLT<Matrix4> solver(own);
  if (solver.info() != Eigen::Success || !(solver.vectorD().minCoeff() > 0.0)) return {};
  vote.coupling = solver.solve(mixed.transpose()).transpose();
  vote.own_right = solver.solve(own_sum);
  vote.normal -= vote.coupling * mixed.transpose();
  vote.right -= vote.coupling * own_sum;
  vote.counts = vote.normal.allFinite() && vote.right.allFinite();
  return vote;
}

/// `first`: the stars' own parameters are rough and take a step by themselves.
std::vector<Vote> collect_votes(std::span<PsfStarStamp> stars, const PsfModel& model,
                                const std::vector<PsfBrush>& slopes, double variance_per_signal,
                                bool first_look) {
  std::vector<Vote> votes(stars.size());
  const PsfBrush brush(model);
  parallel_bands(static_cast<std::ptrdiff_t>(stars.size()), 8, [&](auto first, auto last) {
    ShapePencils pencils(brush, slopes);
    for (auto k = static_cast<std::size_t>(first); k < static_cast<std::size_t>(last); ++k) {
      PsfStarStamp& star = stars[k];
      if (!star.good) continue;
      pencils.model.place(star.x(), star.y(), brush.radius());
      fit_psf_star(star, pencils.model, model_error, variance_per_signal, first_look ? 1 : 0,
                   pencils.star);
      if (!star.good) continue;
      votes[k] = vote_of(star, pencils);
      star.good = votes[k].counts;
    }
  });
  return votes;
}

/// The stars' own steps once the step of the shape at their place is known.
void follow(PsfStarStamp& star, const Vote& vote, const Vector4& shape_step) {
  if (!star.good) return;
  const Vector4 own = vote.own_right - vote.coupling.transpose() * shape_step;
  star.flux += own[0];
  star.dx += std::clamp(own[1], -0.3, 0.3);
  star.dy += std::clamp(own[2], -0.3, 0.3);
  star.background += own[3];
  star.good = star.flux > 0.0 && std::abs(star.dx) <= 1.0 && std::abs(star.dy) <= 1.0;
}

/// The common step; nothing when no star counts.
std::optional<Vector4> common_step(const std::vector<Vote>& votes, const MoffatShape& shape) {
  Matrix4 normal = Matrix4::Zero();
  Vector4 right = Vector4::Zero();
  bool any = false;
  for (const Vote& vote : votes) {
    if (!vote.counts) continue;
    normal += vote.normal;
    right += vote.right;
    any = true;
  }
  if (!any) return std::nullopt;
  const Vector4 precision(0.0, prior_round, prior_round, prior_wings);
  normal.diagonal() += precision;
  right += precision.cwiseProduct(
      Vector4(0.0, -shape.e1, -shape.e2, prior_inverse_beta - shape.inverse_beta));
  const Vector4 step = normal.ldlt().solve(right);
  if (!step.allFinite()) return std::nullopt;
  return step;
}

MoffatShape fit_constant(std::span<PsfStarStamp> stars, MoffatShape shape, const PsfModel& geometry,
                         double variance_per_signal) {
  for (int iteration = 0; iteration < 12; ++iteration) {
    const PsfModel model =
        constant_model(moffat_samples(shape, geometry.size, geometry.oversampling), geometry);
    const std::vector<Vote> votes = collect_votes(stars, model, derivative_brushes(shape, geometry),
                                                  variance_per_signal, iteration == 0);
    const std::optional<Vector4> step = common_step(votes, shape);
    if (!step) return shape;
    shape = moved(shape, *step);
    for (std::size_t k = 0; k < stars.size(); ++k) follow(stars[k], votes[k], *step);
    if (step->cwiseAbs().maxCoeff() < 2e-3) break;
  }
  return shape;
}

/// Shape at a place from the values of the polynomial's terms there.
MoffatShape shape_at(const MoffatField& field, const std::array<double, 15>& polynomial) {
  Vector4 step = Vector4::Zero();
  for (std::size_t t = 0; t < field.terms.size(); ++t)
    for (int k = 0; k < 4; ++k)
      step[k] += polynomial[t] * field.terms[t][static_cast<std::size_t>(k)];
  return moved(field.centre, step);
}

/// One step of all coefficients of the field; returns the largest. Beta has one coefficient, so
/// that its wings stay firm.
double step_field(MoffatField& field, std::vector<PsfStarStamp>& stars,
                  const std::vector<Vote>& votes, const PsfModel& geometry) {
  const auto terms = static_cast<Eigen::Index>(field.terms.size());
  const Eigen::Index size = 3 * terms + 1;
  PsfModel places = geometry;
  places.order = field.order;
  const auto design_of = [&](const PsfStarStamp& star) {
    std::array<double, 15> polynomial{};
    psf_polynomial(places, star.x(), star.y(), polynomial.data());
    Eigen::MatrixXd design = Eigen::MatrixXd::Zero(4, size);
    for (Eigen::Index t = 0; t < terms; ++t)
      for (Eigen::Index k = 0; k < 3; ++k)
        design(k, 3 * t + k) = polynomial[static_cast<std::size_t>(t)];
    design(3, size - 1) = 1.0;
    return design;
  };
  // A prior: shapes vary by a few percent over a field.
  Eigen::MatrixXd normal = Eigen::MatrixXd::Identity(size, size) * 100.0;
  Eigen::VectorXd right = Eigen::VectorXd::Zero(size);
  for (Eigen::Index t = 0; t < terms; ++t)
    for (Eigen::Index k = 0; k < 3; ++k)
      right[3 * t + k] =
          -100.0 * field.terms[static_cast<std::size_t>(t)][static_cast<std::size_t>(k)];
  for (std::size_t k = 0; k < stars.size(); ++k) {
    if (!votes[k].counts) continue;
    const Eigen::MatrixXd design = design_of(stars[k]);
    normal += design.transpose() * votes[k].normal * design;
    right += design.transpose() * votes[k].right;
  }
  const Eigen::VectorXd step = normal.ldlt().solve(right);
  if (!step.allFinite()) return 0.0;
  for (std::size_t k = 0; k < stars.size(); ++k)
    if (votes[k].counts) follow(stars[k], votes[k], design_of(stars[k]) * step);
  for (Eigen::Index t = 0; t < terms; ++t)
    for (Eigen::Index k = 0; k < 3; ++k)
      field.terms[static_cast<std::size_t>(t)][static_cast<std::size_t>(k)] += step[3 * t + k];
  field.terms[0][3] += step[size - 1];
  return step.cwiseAbs().maxCoeff();
}

/// Degree of the polynomial that pixel values need: the second power of a large variation shows.
int order_of_pixels(const MoffatField& field) {
  double variation = 0.0;
  for (std::size_t t = 1; t < field.terms.size(); ++t)
    for (std::size_t k = 0; k < 3; ++k) variation += std::abs(field.terms[t][k]);
  return variation > 0.01 ? 2 * field.order : field.order;
}

/// Places that a fit of a polynomial likes, -1 .. 1: Chebyshev's.
double node(int i, int count) { return -std::cos((i + 0.5) * std::numbers::pi / count); }

}  // namespace

MoffatField fit_moffat_field(std::vector<PsfStarStamp>& stars, const MoffatShape& start,
                             const PsfModel& geometry, int order, double variance_per_signal) {
  MoffatField field;
  const bool few = stars.size() <= stars_for_centre;
  const std::span<PsfStarStamp> brightest(stars.data(), few ? stars.size() : stars_for_centre);
  field.centre = fit_constant(brightest, start, geometry, variance_per_signal);
  field.order = std::clamp(order, 0, 2);
  field.terms.assign(static_cast<std::size_t>(psf_term_count(field.order)), {});
  if (field.order == 0 && few) return field;
  const std::vector<PsfBrush> slopes = derivative_brushes(field.centre, geometry);
  for (int iteration = 0; iteration < 4; ++iteration) {
    const PsfModel model = model_of(field, geometry);
    const std::vector<Vote> votes =
        collect_votes(stars, model, slopes, variance_per_signal, iteration == 0);
    // Steps shrink tenfold: the next one would not show.
    if (step_field(field, stars, votes, geometry) < 0.02) break;
  }
  return field;
}

PsfModel model_of(const MoffatField& field, const PsfModel& geometry) {
  PsfModel model = geometry;
  model.order = order_of_pixels(field);
  PsfModel shape_places = geometry;
  shape_places.order = field.order;
  const int across = model.order == 0 ? 1 : model.order + 2;
  const auto terms = static_cast<Eigen::Index>(psf_term_count(model.order));
  Eigen::MatrixXd design(across * across, terms);
  std::vector<Plane<float>> samples(static_cast<std::size_t>(across * across));
  parallel_for(across * across, [&](std::ptrdiff_t k) {
    const double x = model.x_centre + model.x_scale * node(static_cast<int>(k) % across, across);
    const double y = model.y_centre + model.y_scale * node(static_cast<int>(k) / across, across);
    std::array<double, 15> polynomial{};
    psf_polynomial(model, x, y, polynomial.data());
    for (Eigen::Index t = 0; t < terms; ++t) design(k, t) = polynomial[static_cast<std::size_t>(t)];
    psf_polynomial(shape_places, x, y, polynomial.data());
    samples[static_cast<std::size_t>(k)] =
        moffat_samples(shape_at(field, polynomial), model.size, model.oversampling);
  });
  // Each sample's polynomial is a fixed linear combination of its values at the nodes.
  const Eigen::MatrixXd combine =
      (design.transpose() * design).ldlt().solve(Eigen::MatrixXd(design.transpose()));
  for (Eigen::Index t = 0; t < terms; ++t) {
    Plane<float> plane(samples[0].width(), samples[0].height());
    Eigen::Map<Eigen::ArrayXf> sum(plane.data(), plane.size());
    for (std::size_t k = 0; k < samples.size(); ++k)
      sum += static_cast<float>(combine(t, static_cast<Eigen::Index>(k))) *
             Eigen::Map<const Eigen::ArrayXf>(samples[k].data(), plane.size());
    model.terms.push_back(std::move(plane));
  }
  return model;
}

}  // namespace polis
