#include "kernels/psf_shape.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>

#include "kernels/parallel.h"

namespace polis {
namespace {

using Matrix4 = Eigen::Matrix4d;
using Vector4 = Eigen::Vector4d;

constexpr double prior_inverse_beta = 0.3;
constexpr double prior_wings = 100.0;  // 1 / sigma^2 of 1 / beta
constexpr double prior_round = 10.0;   // 1 / sigma^2 of the ellipticities
constexpr double model_error = 0.05;   // of a first guess: no star shall rule the fit

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

PsfModel constant_model(const Plane<double>& samples, const PsfModel& geometry) {
  PsfModel model = geometry;
  model.order = 0;
  Plane<float> plane(samples.width(), samples.height());
  std::transform(samples.data(), samples.data() + samples.size(), plane.data(),
                 [](double value) { return static_cast<float>(value); });
  model.terms.assign(1, std::move(plane));
  return model;
}

/// The profile's derivatives by the four shape parameters, as brushes.
std::vector<PsfBrush> derivative_brushes(const MoffatShape& shape, const PsfModel& geometry) {
  constexpr double h = 1e-3;
  const Plane<double> centre = moffat_samples(shape, geometry.size, geometry.oversampling);
  std::array<MoffatShape, 4> shifted{shape, shape, shape, shape};
  shifted[0].log_alpha += h;
  shifted[1].e1 += h;
  shifted[2].e2 += h;
  shifted[3].inverse_beta += h;
  std::vector<PsfBrush> brushes;
  for (const MoffatShape& other : shifted) {
    Plane<double> slope = moffat_samples(other, geometry.size, geometry.oversampling);
    for (std::ptrdiff_t i = 0; i < slope.size(); ++i)
      slope.data()[i] = (slope.data()[i] - centre.data()[i]) / h;
    brushes.emplace_back(constant_model(slope, geometry));
  }
  return brushes;
}

/// Pencils of one thread: the model's, and those of its derivatives (which are taken as constant
/// over the field).
struct ShapePencils {
  PsfPencil model;
  std::vector<PsfPencil> derivatives;
  std::array<PsfStamp, 5> stamps;
  ShapePencils(const PsfBrush& brush, const std::vector<PsfBrush>& slopes) : model(brush) {
    derivatives.reserve(slopes.size());
    for (const PsfBrush& slope : slopes) {
      derivatives.emplace_back(slope);
      derivatives.back().place(0.0, 0.0, slope.radius());
    }
  }
  void draw(const PsfStarStamp& star) {
    model.draw(star.dx, star.dy, true, stamps[0]);
    for (std::size_t k = 0; k < derivatives.size(); ++k)
      derivatives[k].draw(star.dx, star.dy, false, stamps[k + 1]);
  }
};

/// Sums of one star over its pixels; weights must be set.
Vote vote_of(const PsfStarStamp& star, const std::array<PsfStamp, 5>& stamps) {
  // Per pixel: the star's own four derivatives, the shape's four, and what is left.
  using Row = Eigen::Matrix<double, 9, 1>;
  using Rows = Eigen::Matrix<double, 9, Eigen::Dynamic>;
  Rows rows(9, star.side() * star.side());
  Rows weighted(9, rows.cols());
  Eigen::Index count = 0;
  for (int j = 0; j < star.side(); ++j)
    for (int i = 0; i < star.side(); ++i) {
      const auto p = static_cast<std::size_t>(j * star.side() + i);
      const auto w = static_cast<double>(star.weight[p]);
      if (w <= 0.0) continue;
      const auto q = static_cast<std::size_t>(j * stamps[0].stride + i);
      const auto value = static_cast<double>(stamps[0].value[q]);
      Row row;
      row << value, star.flux * static_cast<double>(stamps[0].slope_x[q]),
          star.flux * static_cast<double>(stamps[0].slope_y[q]), 1.0,
          star.flux * static_cast<double>(stamps[1].value[q]),
          star.flux * static_cast<double>(stamps[2].value[q]),
          star.flux * static_cast<double>(stamps[3].value[q]),
          star.flux * static_cast<double>(stamps[4].value[q]),
          static_cast<double>(star.data[p]) - star.flux * value - star.background;
      rows.col(count) = row;
      weighted.col(count++) = w * row;
    }
  const Eigen::Matrix<double, 9, 9> sums =
      weighted.leftCols(count) * rows.leftCols(count).transpose();
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

std::vector<Vote> collect_votes(std::vector<PsfStarStamp>& stars, const PsfModel& model,
                                const std::vector<PsfBrush>& slopes, double variance_per_signal) {
  std::vector<Vote> votes(stars.size());
  const PsfBrush brush(model);
  parallel_bands(static_cast<std::ptrdiff_t>(stars.size()), 8, [&](auto first, auto last) {
    ShapePencils pencils(brush, slopes);
    for (auto k = static_cast<std::size_t>(first); k < static_cast<std::size_t>(last); ++k) {
      PsfStarStamp& star = stars[k];
      if (!star.good) continue;
      pencils.model.place(star.x(), star.y(), brush.radius());
      fit_psf_star(star, pencils.model, model_error, variance_per_signal, 1);
      if (!star.good) continue;
      pencils.draw(star);
      votes[k] = vote_of(star, pencils.stamps);
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

MoffatShape fit_constant(std::vector<PsfStarStamp>& stars, MoffatShape shape,
                         const PsfModel& geometry, double variance_per_signal) {
  for (int iteration = 0; iteration < 12; ++iteration) {
    const PsfModel model =
        constant_model(moffat_samples(shape, geometry.size, geometry.oversampling), geometry);
    const std::vector<Vote> votes =
        collect_votes(stars, model, derivative_brushes(shape, geometry), variance_per_signal);
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

/// One step of all coefficients of the field. Beta has one coefficient, so that its wings stay
/// firm.
bool step_field(MoffatField& field, std::vector<PsfStarStamp>& stars,
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
  if (!step.allFinite()) return false;
  for (std::size_t k = 0; k < stars.size(); ++k)
    if (votes[k].counts) follow(stars[k], votes[k], design_of(stars[k]) * step);
  for (Eigen::Index t = 0; t < terms; ++t)
    for (Eigen::Index k = 0; k < 3; ++k)
      field.terms[static_cast<std::size_t>(t)][static_cast<std::size_t>(k)] += step[3 * t + k];
  field.terms[0][3] += step[size - 1];
  return true;
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
  field.centre = fit_constant(stars, start, geometry, variance_per_signal);
  field.order = std::clamp(order, 0, 2);
  field.terms.assign(static_cast<std::size_t>(psf_term_count(field.order)), {});
  if (field.order == 0) return field;
  const std::vector<PsfBrush> slopes = derivative_brushes(field.centre, geometry);
  for (int iteration = 0; iteration < 4; ++iteration) {
    const PsfModel model = model_of(field, geometry);
    const std::vector<Vote> votes = collect_votes(stars, model, slopes, variance_per_signal);
    if (!step_field(field, stars, votes, geometry)) break;
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
  std::vector<Plane<double>> samples(static_cast<std::size_t>(across * across));
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
    for (std::ptrdiff_t i = 0; i < plane.size(); ++i) {
      double sum = 0.0;
      for (std::size_t k = 0; k < samples.size(); ++k)
        sum += combine(t, static_cast<Eigen::Index>(k)) * samples[k].data()[i];
      plane.data()[i] = static_cast<float>(sum);
    }
    model.terms.push_back(std::move(plane));
  }
  return model;
}

}  // namespace polis
